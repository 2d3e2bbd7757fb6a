"""A person stops a transfer that is on its way, as far as its rail allows."""

from audit.actor import Actor
from guard.errors import Conflicted
from transfers.claim import claim_now, is_in_flight
from transfers.drivers.protocol import Withdraws
from transfers.drivers.registry import driver_for
from transfers.errors import CallUnderWay, NotStoppable
from transfers.models import Transfer, TransferAttempt, TransferStatus
from transfers.selectors import get_transfer


def stop_transfer(*, transfer_id: int, reason: str, actor: Actor) -> Transfer:
    """The transfer as it is after its rail was told: failed if it is proven dead, success if it had been paid before.

    Still processing when the rail did not answer: the order is written down, and workers go on with it. Makes HTTP
    calls, so not in a transaction. Raises NotFound, Conflicted (409: it is not processing, or somebody was faster),
    CallUnderWay (409), NotStoppable (409: its rail cannot).
    """
    transfer = get_transfer(transfer_id)
    driver = driver_for(transfer.rail)
    if not isinstance(driver, Withdraws):
        raise NotStoppable(f"{transfer.get_rail_display()} cannot stop a payment.")
    refuse_while_in_flight(transfer)
    claim = claim_now(transfer, action="stop_ordered", actor=actor, reason=reason)
    if claim is None:
        now = get_transfer(transfer_id).status
        raise Conflicted(f"It is {now} now: look again.", current_status=now)
    if claim.in_flight:
        raise call_under_way(claim.attempt)
    if not is_stopping(claim.attempt):
        driver.withdraw(claim, message=f"Stopped by {actor.name}: {reason}", actor=actor)
    else:
        driver.take_up(claim, actor)
    return get_transfer(transfer_id)


def is_stopping(attempt: TransferAttempt) -> bool:
    """Is it to be cancelled at the rail already?"""
    return "cancel" in attempt.progress


def refuse_while_in_flight(transfer: Transfer) -> None:
    """Raises CallUnderWay (409) while a call that moves money may be on its way to the rail."""
    attempt = transfer.attempts.filter(outcome__in=("live", "unknown")).first()
    if (
        transfer.status == TransferStatus.PROCESSING
        and attempt is not None
        and is_in_flight(attempt)
    ):
        raise call_under_way(attempt)


def call_under_way(attempt: TransferAttempt) -> CallUnderWay:
    """To be raised."""
    return CallUnderWay(
        "A worker is asking the rail to move this money at this moment. Try again when it has its answer: "
        "at the latest when its lease is over.",
        attempt=attempt.number,
        sent_at=attempt.last_sent_at.isoformat(),
    )
