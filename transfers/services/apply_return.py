"""A payment that arrived may come back by itself, days later and not in full; and may then leave again.

No state of the rail is final and their order is not promised, so each is compared with what is known. Only money that
is back in the balance counts as returned: a bounce may still be sent again by the rail.
"""

from typing import Any

from audit.actor import Actor
from guard.door import change_in_place
from guard.statement import Update
from rails.answers import Movement
from transfers.change import change_transfer
from transfers.models import Transfer, TransferAttempt, TransferStatus
from transfers.services.raise_finding import raise_finding


def apply_return(transfer: Transfer, movement: Movement, actor: Actor) -> str:
    """Apply what the rail says about a movement that succeeded; what was done, in words. The row is locked."""
    if movement.has_returned and movement.returned_minor > 0:
        return _returned(transfer, movement, actor)
    _show_state(transfer, movement, actor)
    if movement.has_returned:
        return "it came back; the amount is not known yet"
    if transfer.status == TransferStatus.RETURNED and movement.state != "bounced_back":
        raise_finding(
            subject=f"transfer:{transfer.pk}",
            kind="left_after_return",
            detail=f"{movement.reference} had come back and is {movement.state} now.",
            actor=actor,
            evidence={"movement": movement.reference, "state": movement.state},
        )
        return "finding: left_after_return"
    return "known already"


def _returned(transfer: Transfer, movement: Movement, actor: Actor) -> str:
    amount = {
        "returned_minor": movement.returned_minor,
        "returned_currency": movement.returned_currency,
    }
    snapshot = {**amount, "rail_reference": movement.reference, "rail_status": movement.state}
    if transfer.status == TransferStatus.SUCCESS:
        change_transfer(
            transfer,
            believed=TransferStatus.SUCCESS,
            to=TransferStatus.RETURNED,
            actor=actor,
            reason=movement.state,
            changes=amount,
            causes=_state_of_attempt(transfer, movement),
            snapshot=snapshot,
        )
        return "returned"
    known = (transfer.returned_minor, transfer.returned_currency)
    if transfer.status != TransferStatus.RETURNED or known == tuple(amount.values()):
        return "known already"
    change_in_place(
        Transfer,
        transfer.pk,
        status=TransferStatus.RETURNED,
        action="returned_amount_corrected",
        actor=actor,
        changes=amount,
        snapshot=snapshot,
    )
    return "returned amount corrected"


def _show_state(transfer: Transfer, movement: Movement, actor: Actor) -> None:
    """Keep the rail's own word for where the payment is, once per change of it."""
    causes = _state_of_attempt(transfer, movement)
    if causes:
        change_in_place(
            Transfer,
            transfer.pk,
            status=transfer.status,
            action="moved_on_at_rail",
            actor=actor,
            reason=movement.state,
            changes={},
            causes=causes,
            snapshot={"rail_reference": movement.reference, "rail_status": movement.state},
        )


def _state_of_attempt(transfer: Transfer, movement: Movement) -> list[Update]:
    attempt = transfer.attempts.filter(outcome="succeeded").first()
    if attempt is None or attempt.progress.get("rail_status") == movement.state:
        return []
    progress: dict[str, Any] = {**attempt.progress, "rail_status": movement.state}
    return [Update(TransferAttempt, attempt.pk, {"progress": progress})]
