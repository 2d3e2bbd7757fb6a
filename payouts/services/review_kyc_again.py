"""What went wrong with somebody's money is a reason to look at them once more before they are paid."""

from audit.actor import Actor
from guard.door import change_status
from payouts.models import KycStatus, Payee


def review_kyc_again(*, payee_id: int, reason: str, actor: Actor) -> None:
    """KYC approved -> expired, so that no approval is possible before somebody checked anew. One statement.

    Any other KYC status keeps it: it allows no approval either. Approvals of the payee's other requests are voided by
    this at their dispatch.
    """
    if Payee.objects.filter(pk=payee_id, status=KycStatus.APPROVED).exists():
        change_status(
            Payee,
            payee_id,
            believed=KycStatus.APPROVED,
            to=KycStatus.EXPIRED,
            actor=actor,
            reason=reason,
            changes={"kyc_note": f"To be checked again: {reason}"},
            audit_loss=False,
        )
