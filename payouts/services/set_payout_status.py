"""The generic door: any status by name, under the same guards, because it calls the same verbs."""

from django.db import transaction

from audit.actor import Actor
from guard.door import Result
from guard.errors import Invalid, Refused
from guard.table import transition_table
from payouts.change import change_payout
from payouts.decision import audit_refusal, known_status, raise_unless_won
from payouts.errors import ObligationLive
from payouts.models import PayoutRequest, PayoutStatus
from payouts.selectors import get_payout, transfer_of
from payouts.services.approve_payout import approve_payout
from payouts.services.cancel_payout import cancel_payout
from payouts.services.reject_payout import reject_payout
from payouts.services.retry_payout import retry_payout
from transfers.models import TransferStatus
from transfers.wake import wake_after_commit

_VERBS = {
    PayoutStatus.APPROVED: approve_payout,
    PayoutStatus.REJECTED: reject_payout,
    PayoutStatus.CANCELLED: cancel_payout,
    PayoutStatus.REQUESTED: retry_payout,
}
# What the transfer itself must say before a person may say it of the payout.
_PROOF = {
    PayoutStatus.PAID: {TransferStatus.SUCCESS, TransferStatus.REVERSED, TransferStatus.RETURNED},
    PayoutStatus.FAILED: {TransferStatus.FAILED, TransferStatus.CANCELLED},
}


def set_payout_status(
    *,
    payout_id: int,
    status: str,
    actor: Actor,
    reason: str = "",
    expected_status: str | None = None,
    expected_version: int | None = None,
) -> PayoutRequest:
    """Move to `status` as the verb for it would. Own transaction.

    `processing` releases an approved payout to dispatch: nothing changes at the rail, and it can no longer be
    cancelled. `paid` and `failed` only follow what the transfer proves. Raises Invalid (422) for an unknown status,
    ObligationLive (409) without that proof, and what the verbs raise.
    """
    if status not in PayoutStatus.values:
        raise Invalid(
            f"A status is one of {', '.join(PayoutStatus.values)}.",
            field="status",
            code="invalid_choice",
        )
    to = PayoutStatus(status)
    if to in _VERBS:
        return _VERBS[to](
            payout_id=payout_id,
            actor=actor,
            reason=reason,
            expected_status=expected_status,
            expected_version=expected_version,
        )
    payout = get_payout(payout_id)
    believed = known_status(expected_status, payout.status)
    with transaction.atomic():
        result = _move(payout_id, to, believed, expected_version, reason, actor)
    raise_unless_won(payout_id, result)
    return get_payout(payout_id)


def _move(
    payout_id: int, to: PayoutStatus, believed: str, version: int | None, reason: str, actor: Actor
) -> Result | Refused:
    transfer = transfer_of(payout_id)
    if to in _PROOF and transition_table(PayoutRequest).allows(believed, to):
        # Locked, so that the proof is about the row that moves.
        payout = PayoutRequest.objects.select_for_update(no_key=True).get(pk=payout_id)
        as_believed = payout.status == believed and version in (None, payout.version)
        says = transfer.status if transfer else "not there"
        if as_believed and says not in _PROOF[to]:
            error = ObligationLive(f"Its transfer is {says}: only proof can make it {to.value}.")
            return audit_refusal(error, payout_id, to=to, actor=actor)
    result = change_payout(
        payout_id,
        believed=believed,
        to=to,
        version=version,
        actor=actor,
        reason=reason,
    )
    if transfer is not None and to == PayoutStatus.PROCESSING:
        wake_after_commit([transfer.pk])
    return result
