"""Stop an approved payout before a worker has it. Afterwards only the rail can say what became of it."""

from django.db import transaction

from audit.actor import Actor
from guard.door import Result, Won, change_status
from guard.errors import Refused
from payouts.change import change_payout
from payouts.decision import audit_refusal, known_status, raise_unless_won
from payouts.errors import ObligationLive
from payouts.models import PayoutRequest, PayoutStatus
from payouts.selectors import get_payout, transfer_of
from transfers.models import Transfer, TransferStatus


def cancel_payout(
    *,
    payout_id: int,
    actor: Actor,
    reason: str = "",
    expected_status: str | None = None,
    expected_version: int | None = None,
) -> PayoutRequest:
    """Approved -> cancelled together with transfer pending -> cancelled. Own transaction.

    Raises NotFound, IllegalTransition (422), Conflicted (409: somebody was faster, perhaps a worker), ObligationLive
    (409: its transfer is at work).
    """
    believed = known_status(expected_status, get_payout(payout_id).status)
    with transaction.atomic():
        result = withdraw(payout_id, believed, expected_version, actor=actor, reason=reason)
    raise_unless_won(payout_id, result)
    return get_payout(payout_id)


def withdraw(
    payout_id: int, believed: str, version: int | None, *, actor: Actor, reason: str
) -> Result | Refused:
    """The payout and its transfer, both or neither, in the caller's transaction."""
    try:
        with transaction.atomic():
            result = change_payout(
                payout_id,
                believed=believed,
                to=PayoutStatus.CANCELLED,
                version=version,
                actor=actor,
                reason=reason,
                changes={"reason": reason},
            )
            if isinstance(result, Won):
                cancel_transfer(payout_id, actor=actor, reason=reason)
    except _TransferTaken as taken:
        error = ObligationLive(f"Its transfer is {taken.status}: a worker has it.")
        return audit_refusal(error, payout_id, to=PayoutStatus.CANCELLED, actor=actor)
    return result


def cancel_transfer(payout_id: int, *, actor: Actor, reason: str) -> None:
    """Pending -> cancelled; nothing if there is none or it is cancelled. Raises when a worker has it."""
    transfer = transfer_of(payout_id)
    if transfer is None or transfer.status == TransferStatus.CANCELLED:
        return
    result = change_status(
        Transfer,
        transfer.pk,
        believed=TransferStatus.PENDING,
        to=TransferStatus.CANCELLED,
        actor=actor,
        reason=reason or "its payout was cancelled",
        changes={"due_at": None},
    )
    if not isinstance(result, Won):
        raise _TransferTaken(transfer.status)


class _TransferTaken(Exception):
    """Undoes the cancellation of a payout whose transfer is at work."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status
