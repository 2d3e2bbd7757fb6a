"""Take one's own soft claim back."""

from django.db import connection

from audit.actor import Actor
from guard.belief import require_version
from payouts.decision import person
from payouts.models import PayoutRequest
from payouts.selectors import get_payout


def release_claim(
    *, payout_id: int, actor: Actor, expected_version: int | None = None
) -> PayoutRequest:
    """Nobody is looking any more, if it was the caller; else nothing. One statement.

    Raises NotFound, Conflicted (409: it is at another version than `expected_version`).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE payouts_payoutrequest SET claimed_by = '', claimed_until = NULL "
            "WHERE id = %s AND claimed_by = %s AND (%s::integer IS NULL OR version = %s)",
            [payout_id, person(actor), expected_version, expected_version],
        )
    payout = get_payout(payout_id)
    require_version(payout, expected_version)
    return payout
