"""The debts that a transfer replaces: whatever one of them moved after all counts before this one moves anything."""

from django.db import connection

from transfers.models import Transfer


def replaced_by(transfer: Transfer) -> list[int]:
    """All that this one replaces, back to the first: few, because a person asked for each successor."""
    if transfer.supersedes_id is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE replaced (id) AS (
                SELECT %s::bigint
                UNION
                SELECT transfer.supersedes_id FROM transfers_transfer AS transfer
                JOIN replaced ON replaced.id = transfer.id WHERE transfer.supersedes_id IS NOT NULL)
            SELECT id FROM replaced
            """,
            [transfer.supersedes_id],
        )
        return [row[0] for row in cursor.fetchall()]
