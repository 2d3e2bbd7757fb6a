"""After a restore: what the rail's books prove to be paid, and our older books still owe, becomes paid here.

The lost attempt is written down again under its own number, so under its own key, and what the rail holds must be
exactly what that attempt would have asked for. Nothing is sent.
"""

from django.db import transaction

from audit.actor import Actor
from guard.door import Won
from guard.errors import Conflicted
from rails.answers import Movement, Unreachable
from transfers.change import change_transfer
from transfers.claim import write_attempt
from transfers.drivers.registry import driver_for
from transfers.models import Finding, FindingState, Rail, Transfer, TransferStatus
from transfers.models.rail_switch import EVERY_RAIL
from transfers.requests import plan_attempt
from transfers.selectors import get_transfer
from transfers.services.confirm_transfer import RailUnavailable
from transfers.services.resolve_finding import resolve_finding
from transfers.services.settle_movement import settle_movement
from transfers.sources import source_of
from transfers.switches import paused_switches

_KIND = "moved_although_not_processing"


def adopt_movement(*, transfer_id: int, reason: str, actor: Actor) -> Transfer:
    """Pending or failed -> success, with the attempt that the rail names; closes the finding. Own transaction.

    Only while dispatch is frozen, and only on Stripe, whose movements name debt and attempt; elsewhere a person
    decides about the finding. Makes HTTP calls. Raises NotFound, Conflicted (409: not frozen, not one movement, not
    ours, or somebody was faster), RailUnavailable (503).
    """
    if not any(switch.rail == EVERY_RAIL for switch in paused_switches()):
        raise Conflicted("Only while dispatch is frozen: manage.py freeze_dispatch.")
    transfer = get_transfer(transfer_id)
    if transfer.rail != Rail.STRIPE or source_of(transfer) is not None:
        raise Conflicted("Only a booking's transfer through Stripe can be taken over by itself.")
    movement = _the_movement(transfer)
    with transaction.atomic():
        _write_down(transfer, movement, reason, actor)
        done = settle_movement(
            transfer_id=transfer.pk,
            movement=movement,
            evidence={"adopted": movement.reference},
            actor=actor,
        )
        if not done.startswith("paid"):
            raise Conflicted(f"{movement.reference} is not what this debt would have sent: {done}.")
    for finding in Finding.objects.filter(
        subject=f"transfer:{transfer.pk}", kind=_KIND, state=FindingState.OPEN
    ):
        resolve_finding(finding_id=finding.pk, resolution="fixed_here", note=reason, actor=actor)
    return get_transfer(transfer_id)


def _the_movement(transfer: Transfer) -> Movement:
    seen = driver_for(transfer.rail).look_up(transfer)
    if isinstance(seen, Unreachable):
        raise RailUnavailable(f"{transfer.rail} did not answer: {seen.reason}.", retry_after=5)
    if len(seen.movements) != 1:
        raise Conflicted(f"The rail holds {len(seen.movements)} movements for it, not one.")
    return seen.movements[0]


def _write_down(transfer: Transfer, movement: Movement, reason: str, actor: Actor) -> None:
    text = movement.metadata.get("attempt", "")
    number = int(text) if text.isdecimal() else 0
    if not transfer.attempt_count < number <= transfer.attempt_count + 100:
        raise Conflicted(f"{movement.reference} was not lost: attempt {text or 'unknown'}.")
    if transfer.status == TransferStatus.FAILED:
        reopened = change_transfer(
            transfer,
            believed=TransferStatus.FAILED,
            to=TransferStatus.PENDING,
            version=transfer.version,
            actor=actor,
            reason=reason,
        )
        if not isinstance(reopened, Won):
            raise Conflicted("It changed meanwhile.")
        transfer.refresh_from_db()
    # The account of then: a booking may have been corrected between the backup and the payment.
    if movement.destination != transfer.destination:
        raise Conflicted("It went to another account than the one here.")
    if transfer.status != TransferStatus.PENDING:
        raise Conflicted(f"It is {transfer.status}.")
    if write_attempt(transfer, number, plan_attempt(transfer, number), actor) is None:
        raise Conflicted("It changed meanwhile.")
