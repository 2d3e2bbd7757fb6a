"""Apply a stored event: read the object again and settle what the rail's books say, never what the event says."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from audit.actor import Actor
from rails.answers import Movement, Seen, Unreachable
from rails.wise_webhooks import notice_of
from transfers.drivers.registry import driver_for
from transfers.models import Rail, RailEvent, Transfer, TransferStatus
from transfers.pace import wait_for_turn
from transfers.policy import check_delay
from transfers.rail_access import stripe_rail
from transfers.services.settle_movement import settle_movement

_ABOUT_TRANSFERS = {"transfer.created", "transfer.updated", "transfer.reversed"}


def apply_rail_event(*, event_id: int) -> None:
    """Apply one event; nothing if another worker has it or it was applied. Not in a transaction."""
    event = _claim(event_id)
    if event is None:
        return
    if event.rail == Rail.WISE:
        _apply_wise(event)
    else:
        _apply_stripe(event)


def _apply_stripe(event: RailEvent) -> None:
    if event.type not in _ABOUT_TRANSFERS:
        _done(event, "not about transfers")
        return
    reference = _object_id(event.payload)
    if not reference:
        _done(event, "names no transfer")
        return
    if event.type == "transfer.created" and _is_paid_here(event.rail, reference):
        # The usual case: the worker's own answer was faster. Reading it again would cost a call to the rail.
        _done(event, "known already")
        return
    wait_for_turn(event.rail)
    match stripe_rail().read(reference):
        case Unreachable(reason):
            _later(event, reason)
        case Seen(movements=[movement], evidence=evidence):
            transfer_id = _transfer_of(movement)
            if transfer_id is None:
                _done(event, "not ours")
                return
            done = settle_movement(
                transfer_id=transfer_id,
                movement=movement,
                evidence={**evidence, "event": event.event_id},
                actor=Actor("rail", f"{event.rail} webhook"),
            )
            _done(event, done)
        case Seen():
            _done(event, "the rail does not know this object")


def _object_id(payload: Any) -> str:
    """What the event is about; empty for one of another shape, which would fail the same way for ever."""
    for name in ("data", "object", "id"):
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload if isinstance(payload, str) else ""


def _apply_wise(event: RailEvent) -> None:
    """Only a transfer that we were about to fund is ours; that was committed before it could be."""
    notice = notice_of(event.payload)
    if not notice.transfer:
        _done(event, "not about a transfer")
        return
    transfer = Transfer.objects.filter(
        rail=Rail.WISE, attempts__funding_reference=notice.transfer
    ).first()
    if transfer is None:
        _done(event, "not ours, or not to be funded yet")
        return
    seen = driver_for(Rail.WISE).look_up(transfer)
    if isinstance(seen, Unreachable):
        _later(event, seen.reason)
        return
    evidence = {**seen.evidence, "event": event.event_id}
    done = [
        settle_movement(
            transfer_id=transfer.pk,
            movement=movement,
            evidence=evidence,
            actor=Actor("rail", "wise webhook"),
        )
        for movement in seen.movements
    ]
    _done(event, "; ".join(done) or "not funded, as far as Wise says")


def _later(event: RailEvent, reason: str) -> None:
    delay = check_delay(settings.PROBE_DELAYS_SECONDS, event.tries - 1)
    RailEvent.objects.filter(pk=event.pk).update(
        due_at=timezone.now() + timedelta(seconds=delay), result=reason
    )


def _claim(event_id: int) -> RailEvent | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE transfers_railevent SET tries = tries + 1, "
            "due_at = clock_timestamp() + make_interval(secs => %s) "
            "WHERE id = %s AND due_at <= clock_timestamp()",
            [settings.LEASE_SECONDS, event_id],
        )
        if cursor.rowcount != 1:
            return None
    return RailEvent.objects.get(pk=event_id)


def _is_paid_here(rail: str, reference: str) -> bool:
    return Transfer.objects.filter(
        rail=rail, rail_reference=reference, status=TransferStatus.SUCCESS
    ).exists()


def _transfer_of(movement: Movement) -> int | None:
    try:
        debt_key = uuid.UUID(movement.group.removeprefix("transfer:"))
    except ValueError:
        return None
    return Transfer.objects.filter(debt_key=debt_key).values_list("pk", flat=True).first()


def _done(event: RailEvent, result: str) -> None:
    RailEvent.objects.filter(pk=event.pk).update(
        due_at=None, applied_at=timezone.now(), result=result
    )
