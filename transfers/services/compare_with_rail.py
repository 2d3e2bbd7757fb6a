"""Hold our books against the rails', both ways: what we do not know to be paid, and what we do not know at all.

For the time after a restore, while dispatch is frozen. It sends nothing, settles what a rail proves, and raises a
finding for whatever a person must decide. Any number of times.
"""

from datetime import datetime
from typing import Any, Final

from django.db.models.functions import Now

from audit.actor import Actor
from rails.answers import Movement, Unreachable
from transfers.drivers.registry import driver_for
from transfers.models import (
    Finding,
    FindingState,
    Rail,
    RailComparison,
    Transfer,
    TransferStatus,
)
from transfers.policy import attempt_key
from transfers.rail_listing import movements_since
from transfers.services.confirm_transfer import RailUnavailable, apply_look_up
from transfers.services.raise_finding import raise_finding
from transfers.services.settle_movement import settle_movement

UNKNOWN_HERE: Final = "movement_unknown_here"
_UNSETTLED: Final = (TransferStatus.PENDING, TransferStatus.PROCESSING, TransferStatus.FAILED)
_PAID: Final = (TransferStatus.SUCCESS, TransferStatus.REVERSED, TransferStatus.RETURNED)
_PAGE: Final = 500
# So many tries of one debt may have been made between backup and restore.
_LOST_ATTEMPTS: Final = 5


def compare_with_rail(*, since: datetime, actor: Actor) -> RailComparison:
    """One comparison to its end, with what was found in `result`. HTTP calls, so not in a transaction.

    `since`: movements of the rails from then on are listed; take it from before the backup. Raises RailUnavailable
    (503) where a rail does not answer, RailNotConfigured (503); it is not finished then, and proves nothing.
    """
    comparison = RailComparison.objects.create(since=since, by=actor.name[:150])
    result: dict[str, Any] = {"asked": 0, "settled": 0, "listed": {}, "unknown_here": 0}
    for transfer in _unsettled():
        result["asked"] += 1
        result["settled"] += _ask(transfer, actor)
    for rail in Rail.values:
        movements = movements_since(rail, since)
        if isinstance(movements, Unreachable):
            raise RailUnavailable(f"{rail} did not answer: {movements.reason}.", retry_after=5)
        if movements is None:
            continue
        result["listed"][rail] = len(movements)
        for movement in movements:
            result["unknown_here"] += _place(rail, movement, actor)
    RailComparison.objects.filter(pk=comparison.pk).update(finished_at=Now(), result=result)
    comparison.refresh_from_db()
    return comparison


def _unsettled() -> list[Transfer]:
    """All of them, a page at a time: what is settled meanwhile is not looked for again."""
    found: list[Transfer] = []
    last = 0
    while page := list(
        Transfer.objects.filter(status__in=_UNSETTLED, pk__gt=last).order_by("pk")[:_PAGE]
    ):
        found += page
        last = page[-1].pk
    return found


def _ask(transfer: Transfer, actor: Actor) -> int:
    seen = driver_for(transfer.rail).look_up(transfer)
    if isinstance(seen, Unreachable):
        raise RailUnavailable(f"{transfer.rail} did not answer: {seen.reason}.", retry_after=5)
    return int(apply_look_up(transfer, seen, actor).startswith("paid"))


def _place(rail: str, movement: Movement, actor: Actor) -> int:
    """1 where nothing here has to do with it."""
    if Transfer.objects.filter(rail=rail, rail_reference=movement.reference).exists():
        return 0
    evidence = {"listed": movement.reference, "metadata": movement.metadata}
    transfer = _debt_of(rail, movement)
    if transfer is not None:
        settle_movement(transfer_id=transfer.pk, movement=movement, evidence=evidence, actor=actor)
        return 0
    subject = subject_of_movement(rail, movement)
    if Finding.objects.filter(
        subject=subject, kind=UNKNOWN_HERE, state=FindingState.RESOLVED
    ).exists():
        return 0
    raise_finding(
        subject=subject,
        kind=UNKNOWN_HERE,
        detail=f"{rail} moved {movement.amount_minor} minor units of {movement.currency} "
        f"({movement.reference}), and nothing here knows of it.",
        actor=actor,
        evidence=evidence,
    )
    return 1


def subject_of_movement(rail: str, movement: Movement) -> str:
    """What a finding about it is filed under: short enough, and another for each operation of a transaction."""
    reference, _, index = movement.reference.partition(":")
    return f"{rail}:{reference[:48]}{f':{index}' if index else ''}"


def _debt_of(rail: str, movement: Movement) -> Transfer | None:
    key = movement.group.removeprefix("transfer:")
    if rail == Rail.STRIPE and key != movement.group:
        try:
            return Transfer.objects.filter(debt_key=key).first()
        except (ValueError, TypeError):
            return None
    if rail == Rail.WISE:
        return _debt_at_wise(movement.group)
    return None


def _debt_at_wise(key: str) -> Transfer | None:
    """By an attempt's key; also of attempts that are gone, since keys are computed from debt and number."""
    known = Transfer.objects.filter(attempts__idempotency_key=key).first()
    if known is not None:
        return known
    for transfer in Transfer.objects.filter(rail=Rail.WISE).exclude(status__in=_PAID):
        numbers = range(transfer.attempt_count + 1, transfer.attempt_count + _LOST_ATTEMPTS + 1)
        if key in (attempt_key(transfer, number) for number in numbers):
            return transfer
    return None
