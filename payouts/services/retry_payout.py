"""Back into the queue, for a new decision: a failed or cancelled payout is not simply sent again."""

from django.db import IntegrityError, transaction

from audit.actor import Actor
from guard.door import Result
from guard.errors import Refused
from guard.statement import SecondsFromNow
from payouts.change import change_payout
from payouts.decision import audit_refusal, known_status, raise_unless_won, refusal_by_database
from payouts.errors import ObligationLive
from payouts.models import PayoutRequest, PayoutStatus
from payouts.selectors import get_payout

_TO = PayoutStatus.REQUESTED


def retry_payout(
    *,
    payout_id: int,
    actor: Actor,
    reason: str = "",
    expected_status: str | None = None,
    expected_version: int | None = None,
) -> PayoutRequest:
    """Failed or cancelled -> requested, with nobody's review on it and its numbers due anew. Own transaction.

    Raises NotFound, IllegalTransition (422), Conflicted (409), ObligationLive (409: it was reissued, or a commission
    that it would pay is in another request; paying both would pay twice).
    """
    believed = known_status(expected_status, get_payout(payout_id).status)
    with transaction.atomic():
        try:
            with transaction.atomic():
                result: Result | Refused = change_payout(
                    payout_id,
                    believed=believed,
                    to=_TO,
                    version=expected_version,
                    actor=actor,
                    reason=reason,
                    changes={
                        "reviewed_by": "",
                        "reviewed_by_id": None,
                        "reviewed_at": None,
                        "reason": reason,
                        "approval_fingerprint": "",
                        "claimed_by": "",
                        "claimed_until": None,
                        "quote_due_at": SecondsFromNow(0),
                    },
                )
        except IntegrityError as error:
            result = audit_refusal(refusal_by_database(error), payout_id, to=_TO, actor=actor)
        except ObligationLive as error:
            result = audit_refusal(error, payout_id, to=_TO, actor=actor)
    raise_unless_won(payout_id, result)
    return get_payout(payout_id)
