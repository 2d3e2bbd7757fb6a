"""A soft claim: others see that somebody is looking. It binds nobody, so it is no transition and no audit entry."""

from django.db import connection

from audit.actor import Actor
from guard.belief import require_version
from guard.errors import Conflicted
from payouts.decision import person
from payouts.models import PayoutRequest
from payouts.selectors import get_payout

CLAIM_SECONDS = 60

_CLAIM = """
    UPDATE payouts_payoutrequest
    SET claimed_by = %(who)s, claimed_until = clock_timestamp() + make_interval(secs => %(seconds)s)
    WHERE id = %(id)s AND (claimed_by IN ('', %(who)s) OR claimed_until IS NULL OR claimed_until <= clock_timestamp())
        AND (%(version)s::integer IS NULL OR version = %(version)s)
"""


def claim_payout(
    *, payout_id: int, actor: Actor, expected_version: int | None = None
) -> PayoutRequest:
    """Say "I am looking at this" for a minute, or for another one. One statement.

    The version stays: whoever decides meanwhile wins. Raises NotFound, Conflicted (409: somebody else is looking, or it
    is at another version than `expected_version`).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "id": payout_id,
                "who": person(actor),
                "seconds": CLAIM_SECONDS,
                "version": expected_version,
            },
        )
        mine = cursor.rowcount == 1
    payout = get_payout(payout_id)
    if not mine:
        require_version(payout, expected_version)
        raise Conflicted(
            f"It is being reviewed by {payout.claimed_by}.",
            claimed_by=payout.claimed_by,
            claimed_until=payout.claimed_until,
            current_status=payout.status,
            current_version=payout.version,
        )
    return payout
