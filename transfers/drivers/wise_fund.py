"""The step of a Wise payment that moves money: funding one transfer, once. Wise reference, section 10, rules 5 to 8.

The transfer's own state is the guard: it can be funded once. After an unclear answer it is looked up, never cancelled,
and only the same transfer is ever funded again.
"""

from typing import Any

from audit.actor import Actor
from rails.answers import Answer, Declined, Done, Moved, NotNow, StepAnswer, Unclear, Unreachable
from rails.wise_errors import FUND_LATER
from transfers.claim import Claim, commit_step
from transfers.drivers.wise_look import WiseLook, look, movement_of
from transfers.drivers.wise_steps import RAIL, Step, settled, turn, wait
from transfers.rail_access import wise_rail
from transfers.services.raise_finding import raise_finding
from transfers.services.record_answer import record_answer, record_failed, record_unknown
from transfers.switches import PAUSED, is_paused

# Empty reads on the ladder before the same transfer is funded again, or believed dead. With the default delays the
# third comes 80 s after the call.
_EMPTY_READS = 3
_NEVER_FUNDED: dict[str, Any] = {
    "sends": 0,
    "unclear": False,
    "ever_unclear": False,
    "empty_reads": 0,
}


def fund(claim: Claim, actor: Actor) -> Step:
    """Look first, always: fund only what waits for its money and has no payment; record what is proven."""
    seen = look(claim.attempt.funding_reference)
    if isinstance(seen, Unreachable):
        _cannot_look(claim, seen, actor)
        return None
    if seen.is_funded and seen.transfer is not None:
        record_answer(claim, Moved(movement_of(seen.transfer), seen.evidence), actor=actor)
        return None
    if not (seen.is_waiting or seen.is_dead):
        _strange(claim, seen, actor)
        return None
    return _not_funded_so_far(claim, seen, actor)


def _not_funded_so_far(claim: Claim, seen: WiseLook, actor: Actor) -> Step:
    state = claim.attempt.progress.get("fund", _NEVER_FUNDED)
    if state["unclear"] and state["empty_reads"] + 1 < _EMPTY_READS:
        reads = {**state, "empty_reads": state["empty_reads"] + 1}
        record_unknown(
            claim,
            f"Wise shows no payment so far; the transfer is {seen.status}",
            seen.evidence,
            actor=actor,
            checked=True,
            progress=settled(claim.attempt.progress, fund=reads),
        )
        return None
    if seen.is_dead:
        _dead(claim, seen, actor)
        return None
    if "cancel" in claim.attempt.progress:
        return _cancel(claim, actor)
    return _send(claim, seen, state, actor)


def _send(claim: Claim, seen: WiseLook, before: dict[str, Any], actor: Actor) -> Step:
    if is_paused(RAIL):
        wait(claim, NotNow(PAUSED, 0, seen.evidence), actor)
        return None
    # A worker that died after its call was committed left it unanswered as well.
    before = {**before, "ever_unclear": before["ever_unclear"] or before["unclear"]}
    turn()
    sending = {**before, "sends": before["sends"] + 1, "unclear": True, "empty_reads": 0}
    committed = commit_step(claim, {**claim.attempt.progress, "fund": sending}, sending=True)
    if committed is None:
        return None
    answer = wise_rail().fund(claim.attempt.funding_reference)
    if isinstance(answer, Done) and seen.transfer is not None:
        evidence = {"transfer": seen.transfer.id, **answer.evidence}
        moved: Answer = Moved(movement_of(seen.transfer), evidence)
        record_answer(committed, moved, actor=actor)
        return None
    return _not_funded(committed, before, answer, actor)


def _not_funded(
    claim: Claim, before: dict[str, Any], answer: StepAnswer[str], actor: Actor
) -> Step:
    progress = claim.attempt.progress
    sends = progress["fund"]["sends"]
    clear = {**before, "sends": sends, "unclear": False, "empty_reads": 0}
    match answer:
        case NotNow(reason) if reason in FUND_LATER or not before["ever_unclear"]:
            # Wise looked at this very transfer and said no, or no call ever went unanswered: nothing has moved.
            wait(claim, answer, actor, progress={**progress, "fund": clear}, unmoved=True)
        case NotNow():
            # This call did nothing, and says nothing about an earlier one that went unanswered.
            kept = {**before, "sends": sends, "empty_reads": _EMPTY_READS - 1, "unclear": True}
            wait(claim, answer, actor, progress={**progress, "fund": kept})
        case Declined() if not before["ever_unclear"]:
            cancel = {"code": answer.code, "message": answer.message}
            return commit_step(claim, settled(progress, fund=clear, cancel=cancel))
        case Declined():
            _declined_after_unclear(claim, answer, actor)
        case Unclear():
            fund_state = {**progress["fund"], "ever_unclear": True}
            record_unknown(
                claim,
                answer.reason,
                answer.evidence,
                actor=actor,
                progress=settled(progress, fund=fund_state),
            )
    return None


def _cannot_look(claim: Claim, answer: Unreachable, actor: Actor) -> None:
    if claim.attempt.may_have_moved_money:
        # Nothing was learned, so no rung of the ladder is used up.
        reason = f"Wise could not be asked: {answer.reason}"
        record_unknown(claim, reason, {}, actor=actor)
    else:
        wait(claim, answer, actor)


def _strange(claim: Claim, seen: WiseLook, actor: Actor) -> None:
    """Neither funded nor waiting nor cancelled: pay-in under way, a question by Wise, or not there. Never a failure."""
    reason = f"Wise says {seen.status}"
    if seen.status == "not found":
        raise_finding(
            subject=f"transfer:{claim.transfer.pk}",
            kind="movement_missing",
            detail=f"Wise does not know {claim.attempt.funding_reference}, which it made for us.",
            actor=actor,
            evidence=seen.evidence,
        )
    record_unknown(claim, reason, seen.evidence, actor=actor, checked=True)


def _dead(claim: Claim, seen: WiseLook, actor: Actor) -> None:
    """Cancelled without a payment: it can never be funded, so another transfer may be made after this attempt."""
    cancel = claim.attempt.progress.get("cancel", {})
    record_failed(
        claim,
        cancel.get("code") or "cancelled_at_rail",
        cancel.get("message") or "The transfer was cancelled at Wise before it was funded.",
        seen.evidence,
        actor=actor,
    )


def _cancel(claim: Claim, actor: Actor) -> Step:
    """Cancel it, so that it is proven dead: Wise will not fund it, or a person stopped it.

    By itself only where no funding ever went unanswered. A person's order comes here too, after the empty reads: it
    is cancelled then, or it was funded, and its state says which.
    """
    turn()
    answer = wise_rail().cancel(claim.attempt.funding_reference)
    if isinstance(answer, Done):
        # Its state is read again before it is believed.
        return claim
    reason = answer.code if isinstance(answer, Declined) else answer.reason
    wait(claim, Unclear(reason, evidence=answer.evidence), actor, code="cancel_unclear")
    return None


def _declined_after_unclear(claim: Claim, answer: Declined, actor: Actor) -> None:
    """Refused now, and an earlier call went unanswered: a person decides. It is looked at on, never cancelled."""
    raise_finding(
        subject=f"transfer:{claim.transfer.pk}",
        kind="funding_refused_after_unknown",
        detail=f"Wise refuses to fund {claim.attempt.funding_reference} ({answer.code}); what became of an earlier "
        "call is not known.",
        actor=actor,
        evidence=answer.evidence,
    )
    record_unknown(claim, f"refused: {answer.code}", answer.evidence, actor=actor, checked=True)
