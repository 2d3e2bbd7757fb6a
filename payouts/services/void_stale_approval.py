"""What was approved is not what would be paid any more: the approval is void and nothing leaves."""

import structlog
from django.db import transaction

from audit.actor import Actor
from guard.door import Won
from payouts.change import change_payout
from payouts.models import KycStatus, PayoutRequest, PayoutStatus
from payouts.policy import Facts
from payouts.services.cancel_payout import cancel_transfer

log = structlog.get_logger(__name__)


def void_stale_approval(*, payout: PayoutRequest, now: Facts, actor: Actor) -> str:
    """Approved -> cancelled (processing -> failed) with its pending transfer -> cancelled; the reason, for people.

    In the caller's transaction, which holds the payout's row. A payout in any other status keeps it: there is only a
    transfer to withdraw.
    """
    reason = _why(payout, now)
    steps = {
        PayoutStatus.APPROVED: PayoutStatus.CANCELLED,
        PayoutStatus.PROCESSING: PayoutStatus.FAILED,
    }
    to = steps.get(PayoutStatus(payout.status))
    with transaction.atomic():
        if to is not None:
            result = change_payout(
                payout.pk,
                believed=payout.status,
                to=to,
                actor=actor,
                reason=reason,
                changes={"reason": reason},
                snapshot={"signed": payout.approval_fingerprint, "now": now.fingerprint()},
            )
            if not isinstance(result, Won):
                raise RuntimeError(f"payout {payout.pk} moved although its row was locked")
        cancel_transfer(payout.pk, actor=actor, reason=reason)
    log.warning("payouts.approval_void", payout=payout.pk, why=reason)
    return reason


def _why(payout: PayoutRequest, now: Facts) -> str:
    if payout.status not in (PayoutStatus.APPROVED, PayoutStatus.PROCESSING):
        return f"The payout is {payout.status}: nothing may leave for it."
    changed = []
    if now.kyc != KycStatus.APPROVED:
        changed.append(f"the payee's KYC is {now.kyc}")
    if now.newest_recipient != now.recipient:
        changed.append("the payee has newer bank details")
    what = " and ".join(changed) or "the payee, the bank details or the quote's bounds changed"
    return f"The approval is void: {what}."
