"""What the rail's books prove is applied here, whoever brought it: a webhook, a probe, a person, a late worker.

In any order, any number of times: the transfer's row is locked, and each case ends in the same transition or in a
finding. Success needs no fence: a movement that exists is a fact for everybody.
"""

from typing import Any

from django.db import transaction

from audit.actor import Actor
from guard.door import Won, change_in_place
from guard.statement import Append, SecondsFromNow, Update
from rails.answers import Movement
from transfers.change import change_transfer
from transfers.models import AttemptOutcome, Transfer, TransferAttempt, TransferStatus
from transfers.policy import WATCH_EVERY, is_watched, mismatches
from transfers.services.apply_return import apply_return
from transfers.services.raise_finding import raise_finding


def settle_movement(
    *, transfer_id: int, movement: Movement, evidence: dict[str, Any], actor: Actor
) -> str:
    """Apply one movement to the transfer it belongs to; what was done, in a few words. Own transaction.

    processing: success if it is exactly what the open attempt asked for. success: nothing, or the amount that was
    reversed, or came back by itself.
    Anything else (moved although proven failed, a second movement, other amount): a finding, and no transition.
    """
    with transaction.atomic():
        transfer = Transfer.objects.select_for_update(no_key=True).get(pk=transfer_id)
        if transfer.rail_reference == movement.reference:
            return _apply_to_paid(transfer, movement, actor)
        attempt = transfer.attempts.filter(outcome__in=("live", "unknown")).first()
        if transfer.status != TransferStatus.PROCESSING or attempt is None:
            return _disagree(transfer, movement, evidence, actor)
        different = mismatches(transfer, attempt, movement)
        if different:
            return _mismatch(transfer, movement, different, evidence, actor)
        record_success(transfer, attempt, movement, evidence, actor)
        if is_watched(transfer.rail):
            transfer.refresh_from_db()
            return f"paid; {_apply_to_paid(transfer, movement, actor)}"
        _apply_reversed_amount(transfer, movement, actor, believed_minor=0)
        return "paid"


def record_success(
    transfer: Transfer,
    attempt: TransferAttempt,
    movement: Movement,
    evidence: dict[str, Any],
    actor: Actor,
    also: dict[str, Any] | None = None,
    reason: str = "",
) -> bool:
    """Processing -> success, with the attempt, in one statement; False when the row was not as believed.

    `reason`: only where no proof by the rail is behind it.
    """
    result = change_transfer(
        transfer,
        believed=TransferStatus.PROCESSING,
        to=TransferStatus.SUCCESS,
        actor=actor,
        reason=reason,
        changes={
            "rail_reference": movement.reference,
            "outcome_unknown": False,
            "due_at": _watch_at(transfer),
        },
        also=also,
        causes=[
            Update(
                TransferAttempt,
                attempt.pk,
                {
                    "outcome": AttemptOutcome.SUCCEEDED,
                    "answered": True,
                    "resolved_at": SecondsFromNow(0),
                    "evidence": Append(evidence),
                },
            )
        ],
        snapshot={
            "attempt": attempt.number,
            "rail_reference": movement.reference,
            **({"released": True} if reason else {}),
        },
        audit_loss=False,
    )
    return isinstance(result, Won)


def _watch_at(transfer: Transfer) -> SecondsFromNow | None:
    return SecondsFromNow(WATCH_EVERY.total_seconds()) if is_watched(transfer.rail) else None


def _apply_to_paid(transfer: Transfer, movement: Movement, actor: Actor) -> str:
    if is_watched(transfer.rail):
        return apply_return(transfer, movement, actor)
    return _apply_reversed_amount(transfer, movement, actor)


def _apply_reversed_amount(
    transfer: Transfer, movement: Movement, actor: Actor, believed_minor: int | None = None
) -> str:
    known = transfer.reversed_minor if believed_minor is None else believed_minor
    if movement.reversed_minor <= known:
        return "known already"
    changes = {"reversed_minor": movement.reversed_minor}
    snapshot = {"reversed_minor": movement.reversed_minor, "rail_reference": movement.reference}
    if movement.reversed_minor >= transfer.amount_minor:
        change_transfer(
            transfer,
            believed=TransferStatus.SUCCESS,
            to=TransferStatus.REVERSED,
            actor=actor,
            changes=changes,
            snapshot=snapshot,
        )
        return "reversed"
    change_in_place(
        Transfer,
        transfer.pk,
        status=TransferStatus.SUCCESS,
        action="partly_reversed",
        actor=actor,
        changes=changes,
        snapshot=snapshot,
    )
    return "partly reversed"


def _disagree(
    transfer: Transfer, movement: Movement, evidence: dict[str, Any], actor: Actor
) -> str:
    kind = "moved_twice" if transfer.rail_reference else "moved_although_not_processing"
    raise_finding(
        subject=f"transfer:{transfer.pk}",
        kind=kind,
        detail=f"The rail holds {movement.reference} for this debt, which is {transfer.status} here"
        + (f" with {transfer.rail_reference}." if transfer.rail_reference else "."),
        actor=actor,
        evidence={**evidence, "movement": movement.reference, "status": transfer.status},
    )
    return f"finding: {kind}"


def _mismatch(
    transfer: Transfer,
    movement: Movement,
    different: list[str],
    evidence: dict[str, Any],
    actor: Actor,
) -> str:
    raise_finding(
        subject=f"transfer:{transfer.pk}",
        kind="movement_differs",
        detail=f"{movement.reference} is filed under this debt and differs in {', '.join(different)}.",
        actor=actor,
        evidence={**evidence, "movement": movement.reference, "differs_in": different},
    )
    return "finding: movement_differs"
