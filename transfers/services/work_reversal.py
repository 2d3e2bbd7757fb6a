"""Carry out one reversal: claim, call, record, like a transfer; an unclear one is looked up before it is sent again."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from audit.actor import SWEEP, Actor
from audit.record import Note, record
from rails.answers import Answer, Declined, Moved, NotNow, Seen, Unclear, Unreachable
from transfers.models import AttemptOutcome, TransferReversal
from transfers.pace import hold_back, wait_for_turn
from transfers.policy import RESEND_WINDOW, check_delay
from transfers.rail_access import stripe_rail
from transfers.services.raise_finding import raise_finding
from transfers.services.record_answer import entry
from transfers.services.settle_movement import settle_movement
from transfers.switches import PAUSED, is_paused


def work_reversal(*, reversal_id: int, actor: Actor = SWEEP) -> None:
    """Do what is due on this reversal; nothing if another worker has it. Not in a transaction."""
    reversal = _claim(reversal_id)
    if reversal is None:
        return
    transfer = reversal.transfer
    wait_for_turn(transfer.rail)
    answer = _earlier_send(reversal) if reversal.send_count > 1 else None
    if answer is None and is_paused(transfer.rail):
        delay = min(settings.LEASE_SECONDS, max(settings.PROBE_DELAYS_SECONDS))
        _later(reversal, delay, PAUSED, {})
        return
    if answer is None:
        answer = stripe_rail().reverse(
            transfer.rail_reference,
            amount_minor=reversal.amount_minor,
            currency=transfer.currency,
            reversal_id=reversal.pk,
            idempotency_key=reversal.idempotency_key,
        )
    _record(reversal, answer, actor)


def _claim(reversal_id: int) -> TransferReversal | None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE transfers_transferreversal
            SET fence = fence + 1, send_count = send_count + 1,
                first_sent_at = coalesce(first_sent_at, clock_timestamp()),
                due_at = clock_timestamp() + make_interval(secs => %s)
            WHERE id = %s AND outcome IN ('live', 'unknown') AND due_at <= clock_timestamp()
                AND NOT (send_count = 0 AND EXISTS (
                    SELECT FROM transfers_railswitch WHERE status = 'paused' AND rail IN ('stripe', 'all')))
            """,
            [settings.LEASE_SECONDS, reversal_id],
        )
        if cursor.rowcount != 1:
            return None
    return TransferReversal.objects.select_related("transfer").get(pk=reversal_id)


def _earlier_send(reversal: TransferReversal) -> Answer | None:
    """What became of an earlier send; None when it left no trace and the identical request may go out again."""
    found = stripe_rail().find_reversal(reversal.transfer.rail_reference, reversal_id=reversal.pk)
    wait_for_turn(reversal.transfer.rail)
    match found:
        case Unreachable(reason):
            return Unclear(f"the rail could not be asked: {reason}")
        case Seen(movements=[movement], evidence=evidence):
            return Moved(movement, evidence)
        case Seen(movements=[]):
            return _left_no_trace(reversal)
        case Seen():
            return Unclear("more than one reversal carries this id: a person must look")


def _left_no_trace(reversal: TransferReversal) -> Answer | None:
    """Sent again while its key is remembered. An hour after that it has failed, and a person may ask for it anew."""
    age = timezone.now() - (reversal.first_sent_at or timezone.now())
    if age < RESEND_WINDOW:
        return None
    if age < RESEND_WINDOW + timedelta(hours=1):
        return Unclear("no trace of it, and too old to send again: it is looked for once more")
    return Declined(
        "not_executed",
        "The rail has no trace of this reversal, and its key is too old to be sent again. Ask for it anew.",
        {"looked": f"GET /v1/transfers/{reversal.transfer.rail_reference}/reversals"},
    )


def _record(reversal: TransferReversal, answer: Answer, actor: Actor) -> None:
    transfer = reversal.transfer
    match answer:
        case Moved(movement, evidence):
            # First what people see: once the reversal is finished, nobody comes back to it.
            if _read_transfer_again(reversal, actor):
                _finish(reversal, actor, "succeeded", evidence, rail_reference=movement.reference)
            else:
                _unclear(reversal, "reversed, but the transfer cannot be read", evidence, actor)
        case Declined(code, message, evidence):
            _finish(reversal, actor, "failed", evidence, failure_code=code, failure_message=message)
        case NotNow(reason, seconds, evidence):
            hold_back(transfer.rail, seconds)
            _later(reversal, seconds, reason, evidence)
        case Unclear(reason, _, evidence):
            _unclear(reversal, reason, evidence, actor)


def _unclear(
    reversal: TransferReversal, reason: str, evidence: dict[str, Any], actor: Actor
) -> None:
    delay = check_delay(settings.PROBE_DELAYS_SECONDS, reversal.send_count - 1)
    _later(reversal, delay, reason, evidence, outcome=AttemptOutcome.UNKNOWN)
    if reversal.send_count > len(settings.PROBE_DELAYS_SECONDS):
        raise_finding(
            subject=f"transfer:{reversal.transfer_id}",
            kind="reversal_unknown",
            detail=f"The outcome of reversal {reversal.pk} is still not known: {reason}.",
            actor=actor,
            evidence=evidence,
        )


@transaction.atomic
def _finish(
    reversal: TransferReversal, actor: Actor, outcome: str, evidence: dict[str, Any], **fields: str
) -> None:
    changed = TransferReversal.objects.filter(
        pk=reversal.pk, fence=reversal.fence, outcome__in=("live", "unknown")
    ).update(
        outcome=outcome,
        due_at=None,
        resolved_at=timezone.now(),
        evidence=[*reversal.evidence, entry("answer", **evidence)],
        **fields,
    )
    if changed:
        record(
            Note(
                f"transfer:{reversal.transfer_id}",
                f"transfer.reversal_{outcome}",
                actor,
                reason=fields.get("failure_message", ""),
                snapshot={"reversal": reversal.pk, **fields},
            )
        )


def _later(
    reversal: TransferReversal,
    seconds: float,
    reason: str,
    evidence: dict[str, Any],
    outcome: str | None = None,
) -> None:
    TransferReversal.objects.filter(
        pk=reversal.pk, fence=reversal.fence, outcome__in=("live", "unknown")
    ).update(
        outcome=outcome or reversal.outcome,
        due_at=timezone.now() + timedelta(seconds=seconds),
        evidence=[*reversal.evidence, entry("unclear", reason=reason, **evidence)],
    )


def _read_transfer_again(reversal: TransferReversal, actor: Actor) -> bool:
    """The rail's own total decides what the transfer shows; False when it could not be read."""
    seen = stripe_rail().read(reversal.transfer.rail_reference)
    if not isinstance(seen, Seen) or not seen.movements:
        return False
    settle_movement(
        transfer_id=reversal.transfer_id,
        movement=seen.movements[0],
        evidence=seen.evidence,
        actor=actor,
    )
    return True
