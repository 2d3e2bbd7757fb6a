"""Ask the rail now, because a person wants to know, and apply what it says."""

from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Refused
from rails.answers import Seen, Unreachable
from transfers.models import Transfer
from transfers.pace import TurnTooFar, wait_for_turn
from transfers.policy import transfer_group
from transfers.rail_access import stripe_rail
from transfers.selectors import get_transfer
from transfers.services.raise_finding import raise_finding
from transfers.services.settle_movement import settle_movement


class RailUnavailable(Refused):
    """The rail could not be asked; nothing was learned and nothing changed."""

    code = "unavailable"
    http_status = 503
    title = "The rail cannot be asked now"


# A person is waiting, in a thread of a web process.
_PATIENCE_SECONDS = 3.0


def confirm_transfer(*, transfer_id: int, actor: Actor) -> tuple[Transfer, str]:
    """Re-read the rail and apply what it says; the transfer and what was found, in a few words.

    Finding nothing changes nothing: absence is proven only by the worker's own schedule of checks. Makes HTTP
    calls, so not in a transaction. Raises NotFound, RailUnavailable (503), RailNotConfigured (503).
    """
    transfer = get_transfer(transfer_id)
    _wait_for_turn(transfer.rail)
    seen = stripe_rail().find(transfer_group(transfer))
    if isinstance(seen, Seen) and not seen.movements and transfer.rail_reference:
        # A list may lag behind, and what an older system paid is not filed under our group.
        _wait_for_turn(transfer.rail)
        seen = stripe_rail().read(transfer.rail_reference)
    if isinstance(seen, Unreachable):
        raise RailUnavailable(f"{transfer.rail} did not answer: {seen.reason}.", retry_after=5)
    done = _apply(transfer, seen, actor)
    record(
        Note(
            f"transfer:{transfer.pk}",
            "transfer.confirmed",
            actor,
            prior_status=transfer.status,
            reason=done,
            snapshot=seen.evidence,
        )
    )
    return get_transfer(transfer_id), done


def _wait_for_turn(rail: str) -> None:
    try:
        wait_for_turn(rail, patience_seconds=_PATIENCE_SECONDS)
    except TurnTooFar as later:
        raise RailUnavailable(f"{later}.", retry_after=later.seconds) from later


def _apply(transfer: Transfer, seen: Seen, actor: Actor) -> str:
    if seen.movements:
        return "; ".join(
            settle_movement(
                transfer_id=transfer.pk, movement=movement, evidence=seen.evidence, actor=actor
            )
            for movement in seen.movements
        )
    if not transfer.rail_reference:
        return "the rail has no movement for it"
    raise_finding(
        subject=f"transfer:{transfer.pk}",
        kind="movement_missing",
        detail=f"{transfer.rail_reference} is not in the rail's books.",
        actor=actor,
        evidence=seen.evidence,
    )
    return "finding: paid here, unknown to the rail"
