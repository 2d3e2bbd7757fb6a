"""Seals everything committed so far.

An entry that is still uncommitted when a later id is sealed would be left out for ever. A SHARE lock on the table
waits for every writer in flight and holds new ones back for the microseconds of one max(id): after it, every id up
to that maximum is final. Identity values are drawn by writers that already hold their table lock.
"""

from django.db import connection, transaction

from audit.chain import merkle_root
from audit.models import Seal


def seal_entries(*, lock_timeout_ms: int = 250) -> Seal | None:
    """Seal all entries since the last seal; None when there is nothing new. Opens its own transaction.

    Raises OperationalError when writers do not let go within `lock_timeout_ms`: nothing is sealed, the next run
    covers it. Two runs at the same moment are told apart by the unique `last_entry_id`.
    """
    last = _last_final_entry(lock_timeout_ms)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE audit_seal IN SHARE ROW EXCLUSIVE MODE")
        before = Seal.objects.order_by("-id").first()
        first = before.last_entry_id + 1 if before else 1
        if last is None or last < first:
            return None
        cursor.execute(
            "SELECT entry_hash FROM audit_entry WHERE id BETWEEN %s AND %s ORDER BY id",
            [first, last],
        )
        leaves = [bytes(row[0]) for row in cursor.fetchall()]
        prev_root = bytes(before.root) if before else b""
        return Seal.objects.create(
            first_entry_id=first,
            last_entry_id=last,
            entry_count=len(leaves),
            prev_root=prev_root,
            root=merkle_root([prev_root, *leaves]),
        )


def _last_final_entry(lock_timeout_ms: int) -> int | None:
    # A transaction of its own: the lock must be gone before the hashing starts.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{lock_timeout_ms}ms"])
        cursor.execute("LOCK TABLE audit_entry IN SHARE MODE")
        cursor.execute("SELECT max(id) FROM audit_entry")
        (last,) = cursor.fetchone()
    return int(last) if last is not None else None
