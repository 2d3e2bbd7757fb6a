"""Phase three: record what the rail answered, under the fence of the claim that asked."""

from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone

from audit.actor import Actor
from guard.door import Won, change_in_place
from guard.statement import Append, SecondsFromNow, Update
from rails.answers import Answer, Declined, Moved, NotNow, Unclear
from transfers.change import change_transfer
from transfers.claim import Claim
from transfers.models import AttemptOutcome, Transfer, TransferAttempt, TransferStatus
from transfers.policy import check_delay, mismatches
from transfers.services.settle_movement import record_success, settle_movement

log = structlog.get_logger(__name__)


def record_answer(claim: Claim, answer: Answer, *, actor: Actor) -> None:
    """Apply one answer. Each case is one committed statement; under a lost fence only proof of success counts.

    A decline after an earlier unclear send of the same attempt must have been checked by a look-up before it is
    brought here (rules for exactly-once, 6).
    """
    match answer:
        case Moved():
            _moved(claim, answer, actor)
        case Declined():
            record_failed(claim, answer.code, answer.message, answer.evidence, actor=actor)
        case NotNow():
            record_wait(claim, answer, actor=actor)
        case Unclear():
            record_unknown(claim, answer.reason, answer.evidence, actor=actor, spent=answer.spent)


def entry(what: str, **facts: Any) -> dict[str, Any]:
    """One line of an attempt's evidence, with the worker's clock (for reading; nothing is decided by it)."""
    return {"at": timezone.now().isoformat(), "what": what, **facts}


def _moved(claim: Claim, answer: Moved, actor: Actor) -> None:
    evidence = entry("answer", **answer.evidence)
    if not mismatches(claim.transfer, claim.attempt, answer.movement) and record_success(
        claim.transfer, claim.attempt, answer.movement, evidence, actor, also={"fence": claim.fence}
    ):
        return
    # The lease was lost, or the movement is not what was asked for: the careful way, with the row locked.
    done = settle_movement(
        transfer_id=claim.transfer.pk, movement=answer.movement, evidence=evidence, actor=actor
    )
    log.warning("transfers.late_answer", transfer=claim.transfer.pk, done=done)


def record_failed(
    claim: Claim, code: str, message: str, evidence: dict[str, Any], *, actor: Actor
) -> bool:
    """Processing -> failed: it is proven that this attempt moved nothing. False when the fence was lost."""
    result = change_transfer(
        claim.transfer,
        believed=TransferStatus.PROCESSING,
        to=TransferStatus.FAILED,
        actor=actor,
        reason=message,
        changes={
            "failure_code": code[:64],
            "failure_message": message,
            "outcome_unknown": False,
            "due_at": None,
        },
        also={"fence": claim.fence},
        causes=[Update(TransferAttempt, claim.attempt.pk, evidence_of_failure(evidence))],
        snapshot={"attempt": claim.attempt.number, "code": code},
        audit_loss=False,
    )
    return _kept_fence(claim, won=isinstance(result, Won))


def evidence_of_failure(evidence: dict[str, Any]) -> dict[str, Any]:
    """What changes on an attempt that is proven to have moved nothing."""
    return {
        "outcome": AttemptOutcome.FAILED,
        "answered": True,
        "resolved_at": SecondsFromNow(0),
        "evidence": Append(entry("failed", **evidence)),
    }


def record_unknown(
    claim: Claim,
    reason: str,
    evidence: dict[str, Any],
    *,
    actor: Actor,
    spent: bool = False,
    checked: bool = False,
    delay_seconds: float | None = None,
    progress: dict[str, Any] | None = None,
) -> bool:
    """Still processing, outcome unknown; asked again on the schedule of PROBE_DELAYS_SECONDS.

    `checked`: a look-up reached the rail and found nothing, one rung of the ladder. A key that turns out to be
    spent starts the ladder anew: absence counts only from the last send on.
    """
    newly_spent = spent and not claim.attempt.spent
    step = 0 if newly_spent else claim.attempt.probe_count + (1 if checked else 0)
    delay = delay_seconds
    if delay is None:
        delay = check_delay(settings.PROBE_DELAYS_SECONDS, step)
    attempt_changes: dict[str, Any] = {
        "outcome": AttemptOutcome.UNKNOWN,
        "answered": True,
        "spent": spent or claim.attempt.spent,
        "probe_count": step,
        "evidence": Append(entry("check" if checked else "unclear", reason=reason, **evidence)),
    }
    if checked:
        attempt_changes["last_probed_at"] = SecondsFromNow(0)
    if progress is not None:
        attempt_changes["progress"] = progress
    won = change_in_place(
        Transfer,
        claim.transfer.pk,
        status=TransferStatus.PROCESSING,
        action="outcome_unknown",
        actor=actor,
        reason=reason,
        changes={"outcome_unknown": True, "due_at": SecondsFromNow(delay)},
        also={"fence": claim.fence},
        causes=[Update(TransferAttempt, claim.attempt.pk, attempt_changes)],
        snapshot={"attempt": claim.attempt.number, "next_check_in_seconds": delay},
    )
    return _kept_fence(claim, won=won is not None)


def record_wait(
    claim: Claim,
    answer: NotNow,
    *,
    actor: Actor,
    progress: dict[str, Any] | None = None,
    unmoved: bool = False,
) -> bool:
    """Still processing: the rail wants to be asked later. False when the fence was lost.

    `unmoved`: it is known that nothing has moved so far, whatever was unknown before.
    """
    attempt_changes: dict[str, Any] = {
        "answered": True,
        "evidence": Append(entry("told to wait", reason=answer.reason, **answer.evidence)),
    }
    changes: dict[str, Any] = {"due_at": SecondsFromNow(answer.retry_after_seconds)}
    if progress is not None:
        attempt_changes["progress"] = progress
    if unmoved:
        attempt_changes["outcome"] = AttemptOutcome.LIVE
        changes["outcome_unknown"] = False
    won = change_in_place(
        Transfer,
        claim.transfer.pk,
        status=TransferStatus.PROCESSING,
        action="told_to_wait",
        actor=actor,
        reason=answer.reason,
        changes=changes,
        also={"fence": claim.fence},
        causes=[Update(TransferAttempt, claim.attempt.pk, attempt_changes)],
        snapshot={"attempt": claim.attempt.number},
    )
    return _kept_fence(claim, won=won is not None)


def _kept_fence(claim: Claim, *, won: bool) -> bool:
    if not won:
        log.warning("transfers.fence_lost", transfer=claim.transfer.pk, fence=claim.fence)
    return won
