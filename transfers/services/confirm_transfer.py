"""Ask the rail now, because a person wants to know, and apply what it says."""

from audit.actor import Actor
from audit.record import Note, record
from guard.belief import require_version
from guard.errors import Refused
from rails.answers import Seen, Unreachable
from transfers.drivers.registry import driver_for
from transfers.models import Transfer
from transfers.pace import TurnTooFar
from transfers.selectors import get_transfer
from transfers.services.raise_finding import raise_finding
from transfers.services.settle_movement import settle_movement


class RailUnavailable(Refused):
    """The rail could not be asked; nothing was learned and nothing changed."""

    code = "unavailable"
    http_status = 503
    title = "The rail cannot be asked now"


# A person is waiting, in a thread of a web process.
PATIENCE_SECONDS = 3.0


def confirm_transfer(
    *, transfer_id: int, actor: Actor, expected_version: int | None = None
) -> tuple[Transfer, str]:
    """Re-read the rail and apply what it says; the transfer and what was found, in a few words.

    Finding nothing changes nothing: absence is proven only by the worker's own schedule of checks. Makes HTTP
    calls, so not in a transaction. Raises NotFound, Conflicted (409: another version than `expected_version`),
    RailUnavailable (503), RailNotConfigured (503).
    """
    transfer = get_transfer(transfer_id)
    require_version(transfer, expected_version)
    try:
        seen = driver_for(transfer.rail).look_up(transfer, patience_seconds=PATIENCE_SECONDS)
    except TurnTooFar as later:
        raise RailUnavailable(f"{later}.", retry_after=later.seconds) from later
    if isinstance(seen, Unreachable):
        raise RailUnavailable(
            f"{transfer.get_rail_display()} did not answer: {seen.reason}.", retry_after=5
        )
    done = apply_look_up(transfer, seen, actor)
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


def apply_look_up(transfer: Transfer, seen: Seen, actor: Actor) -> str:
    """Apply what the rail's books hold; what was done, in words. Each movement in its own transaction."""
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
