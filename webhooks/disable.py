"""An endpoint that wants nothing any more: nothing is promised to it, and what waits is not sent."""

from typing import Final

from django.db import connection, transaction

GONE: Final = 410

_DISABLE = """
    UPDATE webhooks_webhookendpoint SET disabled_at = clock_timestamp(), disabled_why = %s
    WHERE id = %s AND disabled_at IS NULL
"""
_WITHDRAW = """
    UPDATE webhooks_webhookdelivery AS delivery SET state = 'disabled', due_at = NULL
    FROM webhooks_webhookendpoint AS endpoint
    WHERE endpoint.id = delivery.endpoint_id AND endpoint.disabled_at IS NOT NULL
        AND delivery.due_at IS NOT NULL
"""


def disable(endpoint_id: int, *, why: str) -> bool:
    """Disable it and withdraw its pending deliveries; False when it was disabled already. Own transaction or yours.

    A request that is on its way is not called back; if it is answered 2xx, that is kept in its try.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_DISABLE, [why[:500], endpoint_id])
        disabled = bool(cursor.rowcount)
        cursor.execute(f"{_WITHDRAW} AND endpoint.id = %s", [endpoint_id])
    return disabled


def withdraw_late_promises() -> int:
    """Deliveries that a transaction promised while another one disabled their endpoint; how many."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_WITHDRAW} AND delivery.due_at <= clock_timestamp()")
        return int(cursor.rowcount)
