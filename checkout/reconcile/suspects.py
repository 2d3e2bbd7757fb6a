"""Sessions that are not as they should be, found by their own rows. Reads only."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import connection

MOST_IN_A_RUN: Final = 500

STALE_PROCESSING: Final = "stale_processing"
PAID_WITHOUT_PAYMENT: Final = "paid_without_payment"
PAYMENTS_BUT_NOT_PAID: Final = "payments_but_not_paid"
EXPIRED_WITH_MONEY: Final = "expired_with_money"
PAID_WITH_A_PART: Final = "paid_with_a_waiting_part"
COVERED_BY_PARTS: Final = "covered_by_parts"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A session and what is wrong with it."""

    session_id: int
    case: str


# Each is served by an index: sessions by status, receipts by state, payments by session.
_FIND: Final = f"""
    SELECT id, '{STALE_PROCESSING}' AS kind FROM checkout_checkoutsession AS session
    WHERE status = 'processing' AND updated_at < clock_timestamp() - make_interval(secs => %(stale)s)
        AND NOT EXISTS (SELECT FROM checkout_payment WHERE session_id = session.id)
    UNION ALL
    SELECT id, '{PAID_WITHOUT_PAYMENT}' FROM checkout_checkoutsession AS session
    WHERE status = 'paid' AND NOT EXISTS (SELECT FROM checkout_payment WHERE session_id = session.id)
    UNION ALL
    SELECT id, '{PAYMENTS_BUT_NOT_PAID}' FROM checkout_checkoutsession AS session
    WHERE status <> 'paid' AND EXISTS (SELECT FROM checkout_payment WHERE session_id = session.id)
    UNION ALL
    SELECT DISTINCT session.id, '{EXPIRED_WITH_MONEY}' FROM checkout_receipt AS receipt
    JOIN checkout_checkoutsession AS session ON session.id = receipt.session_id
    WHERE receipt.status = 'unmatched' AND session.status = 'expired' AND receipt.currency = session.currency
    UNION ALL
    SELECT DISTINCT session.id, '{PAID_WITH_A_PART}' FROM checkout_receipt AS receipt
    JOIN checkout_checkoutsession AS session ON session.id = receipt.session_id
    WHERE receipt.status = 'unmatched' AND receipt.reason = 'underpaid' AND receipt.held_minor < receipt.amount_minor
        AND session.status = 'paid'
    UNION ALL
    SELECT session.id, '{COVERED_BY_PARTS}' FROM checkout_receipt AS receipt
    JOIN checkout_checkoutsession AS session ON session.id = receipt.session_id
    WHERE receipt.status = 'unmatched' AND receipt.reason = 'underpaid' AND receipt.held_minor = 0
        AND session.status IN ('pending', 'processing')
    GROUP BY session.id HAVING sum(receipt.amount_minor) >= session.amount_minor
    ORDER BY id LIMIT {MOST_IN_A_RUN}
"""


def find_suspects() -> list[Suspect]:
    """At most MOST_IN_A_RUN, the oldest first; the next run finds the rest."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"stale": settings.STALE_SESSION_SECONDS})
        return [Suspect(*row) for row in cursor.fetchall()]
