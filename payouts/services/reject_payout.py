"""A reviewer says no. Nothing was ordered, so nothing has to be undone."""

from django.db import transaction

from audit.actor import Actor
from guard.statement import SecondsFromNow
from payouts.change import change_payout
from payouts.decision import known_status, person, raise_unless_won
from payouts.models import PayoutRequest, PayoutStatus
from payouts.selectors import get_payout


def reject_payout(
    *,
    payout_id: int,
    actor: Actor,
    reason: str = "",
    expected_status: str | None = None,
    expected_version: int | None = None,
) -> PayoutRequest:
    """Requested -> rejected, for good. Own transaction.

    Its maker may do it as well: taking one's own request back moves no money. Raises NotFound, IllegalTransition
    (422), AlreadyDecided (409).
    """
    believed = known_status(expected_status, PayoutStatus.REQUESTED)
    with transaction.atomic():
        result = change_payout(
            payout_id,
            believed=believed,
            to=PayoutStatus.REJECTED,
            version=expected_version,
            actor=actor,
            reason=reason,
            changes={
                "reviewed_by": person(actor),
                "reviewed_by_id": actor.user_id,
                "reviewed_at": SecondsFromNow(0),
                "reason": reason,
                "claimed_by": "",
                "claimed_until": None,
            },
        )
    raise_unless_won(payout_id, result, deciding=True)
    return get_payout(payout_id)
