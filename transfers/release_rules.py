"""What people may decide about an unknown outcome: never what the rail denies, and never while it may move."""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from audit.actor import Actor
from guard.errors import Conflicted, PermissionDenied
from rails.answers import LookUp, Seen
from rails.wise_values import CANCELLED, WAITING
from transfers.drivers.registry import driver_for
from transfers.errors import RailSaysOtherwise
from transfers.models import (
    LIVE_STATES,
    ReleaseDecision,
    StellarEnvelope,
    Transfer,
    TransferStatus,
)
from transfers.pace import TurnTooFar
from transfers.services.confirm_transfer import PATIENCE_SECONDS, apply_look_up

# A ledger's clock against ours.
_CLOCKS_DIFFER_SECONDS: Final = 60
# Words of Wise's for "no money left for it"; anything else that is not a movement says nothing.
_NOT_FUNDED: Final = frozenset({WAITING, CANCELLED, "not found"})


def ask_first(transfer: Transfer, decision: str, *, reference: str, actor: Actor) -> str:
    """What the rail says at this moment, in words. A movement that it shows is applied, and nothing is left to decide;
    unless it is not exactly what was asked for: then people may say that it is the one, naming it by `reference`.

    HTTP calls. Raises RailSaysOtherwise (409) when its books deny the decision, or when it is too early for one.
    """
    said = _ask(transfer, decision, reference, actor)
    too_early = may_still_be_taken(transfer) if decision == ReleaseDecision.NOT_MOVED else ""
    if too_early:
        raise RailSaysOtherwise(too_early)
    return said


def _ask(transfer: Transfer, decision: str, reference: str, actor: Actor) -> str:
    try:
        seen: LookUp = driver_for(transfer.rail).look_up(
            transfer, patience_seconds=PATIENCE_SECONDS
        )
    except TurnTooFar as later:
        return f"{transfer.rail} could not be asked: {later}"
    if not isinstance(seen, Seen):
        return f"{transfer.rail} could not be asked: {seen.reason}"
    if seen.movements:
        return _shown(transfer, seen, decision, reference, actor)
    denied = denied_by(transfer, decision, seen)
    if denied:
        raise RailSaysOtherwise(denied)
    return f"{transfer.rail} shows no movement ({seen.evidence.get('status', 'nothing there')})"


def _shown(transfer: Transfer, seen: Seen, decision: str, reference: str, actor: Actor) -> str:
    done, rail = apply_look_up(transfer, seen, actor), transfer.get_rail_display()
    if not Transfer.objects.filter(pk=transfer.pk, outcome_unknown=True).exists():
        raise RailSaysOtherwise(f"{rail} shows it now: {done}. Nothing is left to decide.")
    named = sorted(movement.reference for movement in seen.movements)
    if decision == ReleaseDecision.MOVED and reference in named:
        return f"{rail} shows {reference}, which is not exactly what was asked for ({done})"
    raise RailSaysOtherwise(
        f"{rail} shows {', '.join(named)} for it, which is not exactly what was asked for. "
        "Two people may say that it moved, naming that payment."
    )


def may_still_be_taken(transfer: Transfer) -> str:
    """Why nobody can know yet that a Stellar payment has not moved; empty when its time is over, or nothing was signed.

    The successor of a payout, or the next refund of the same money, is another debt here, which does not wait for this
    one's transaction. So it is called dead only when no ledger can take it any more.
    """
    live = StellarEnvelope.objects.filter(
        payments__attempt__transfer=transfer, state__in=LIVE_STATES
    )
    last = live.aggregate(last=Max("max_time"))["last"]
    if last is None:
        return ""
    over = datetime.fromtimestamp(last, UTC) + timedelta(
        seconds=settings.STELLAR_PROOF_MARGIN_SECONDS + _CLOCKS_DIFFER_SECONDS
    )
    if timezone.now() > over:
        return ""
    return (
        f"A ledger may still take its transaction until {over:%H:%M:%S} UTC. Then its absence is proven without "
        "anybody's decision; only if Horizon cannot prove it, two people decide."
    )


def denied_by(transfer: Transfer, decision: str, seen: Seen) -> str:
    """Why books without a movement contradict the decision; empty when they do not. Pure."""
    status = seen.evidence.get("status", "")
    rail = transfer.get_rail_display()
    if decision == ReleaseDecision.MOVED and (not status or status in _NOT_FUNDED):
        return f"{rail} shows no movement for it ({status or 'nothing there'}), so it is not called paid."
    if decision == ReleaseDecision.NOT_MOVED and status == WAITING:
        return (
            f"{rail} still waits for its money, so it could still be paid. Cancel it there first "
            "(payout_cancel_transfer): then it is proven, and nobody has to decide."
        )
    return ""


def require_unknown(transfer: Transfer) -> None:
    """Raises Conflicted (409) unless nobody knows what became of it."""
    if transfer.status != TransferStatus.PROCESSING or not transfer.outcome_unknown:
        raise Conflicted(
            f"It is {transfer.status} and its outcome is known: there is nothing to release.",
            current_status=transfer.status,
            current_version=transfer.version,
        )


def require_person(actor: Actor) -> int:
    """The id of the person who acts. Raises PermissionDenied (403) for a program."""
    if actor.user_id is None:
        raise PermissionDenied("A release is decided by people.")
    return actor.user_id


def name_of(actor: Actor) -> str:
    """The name of the person, also behind a token."""
    return actor.name.partition("/")[0] if actor.kind == "token" else actor.name
