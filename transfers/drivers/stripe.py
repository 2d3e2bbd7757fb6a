"""Stripe: one call moves the money, and sending the identical request again under its key is safe for a day."""

import structlog
from django.conf import settings
from django.utils import timezone

from audit.actor import Actor
from rails.answers import Declined, LookUp, Moved, NotNow, Seen, Unclear, Unreachable
from transfers.claim import Claim, commit_resend
from transfers.models import AttemptOutcome, Transfer, TransferAttempt
from transfers.pace import hold_back, wait_for_turn
from transfers.policy import absence_is_proven, check_delay, may_resend, transfer_group
from transfers.rail_access import stripe_rail
from transfers.services.raise_finding import raise_finding
from transfers.services.record_answer import (
    record_answer,
    record_failed,
    record_unknown,
    record_wait,
)
from transfers.switches import PAUSED, is_paused

log = structlog.get_logger(__name__)

_WORDS = {
    "bad_credentials": "Stripe does not accept STRIPE_API_KEY. Nothing has moved.",
    "rate_limit": "Stripe asked us to be slower. Nothing has moved.",
    "asked_first": "Stripe is asked what became of the earlier attempt before this one is sent. It did not answer yet.",
    PAUSED: "Stripe is paused here. Nothing is sent; it goes on when a person resumes it.",
}
_ANY_WORDS = "Stripe cannot do this now. Nothing has moved; it is asked again."


class StripeDriver:
    """Rules for exactly-once of the Stripe reference: ask first, send again only where that is safe."""

    def start(self, claim: Claim, actor: Actor) -> None:
        if _nothing_moved_before(claim, actor):
            _call_and_record(claim, actor)

    def take_up(self, claim: Claim, actor: Actor) -> None:
        _take_up(claim, actor)

    def look_up(self, transfer: Transfer, *, patience_seconds: float | None = None) -> LookUp:
        wait_for_turn(transfer.rail, patience_seconds=patience_seconds)
        seen: LookUp = stripe_rail().find(transfer_group(transfer))
        if isinstance(seen, Seen) and not seen.movements and transfer.rail_reference:
            # A list may lag behind, and what an older system paid is not filed under our group.
            wait_for_turn(transfer.rail, patience_seconds=patience_seconds)
            seen = stripe_rail().read(transfer.rail_reference)
        return seen


def _call_and_record(claim: Claim, actor: Actor) -> None:
    wait_for_turn(claim.transfer.rail)
    if not claim.has_time_for_a_call:
        # The wait took too long: the next worker takes it up once the lease is over, and asks first.
        log.warning("transfers.turn_came_too_late", transfer=claim.transfer.pk)
        return
    answer = stripe_rail().send(
        claim.attempt.request, idempotency_key=claim.attempt.idempotency_key
    )
    if isinstance(answer, NotNow):
        hold_back(claim.transfer.rail, answer.retry_after_seconds)
        _wait(claim, answer, actor)
    elif isinstance(answer, Declined) and claim.attempt.outcome == AttemptOutcome.UNKNOWN:
        _declined_after_unclear(claim, answer, actor)
    elif isinstance(answer, Unclear) and not answer.spent:
        delay = _before_the_next_send(claim.attempt)
        record_unknown(
            claim,
            answer.reason,
            answer.evidence,
            actor=actor,
            delay_seconds=delay,
            progress={},
        )
    else:
        record_answer(claim, answer, actor=actor)


def _wait(claim: Claim, answer: NotNow, actor: Actor) -> None:
    """Nothing has moved, and people see what is waited for."""
    waiting = {"code": answer.reason, "message": _WORDS.get(answer.reason, _ANY_WORDS)}
    record_wait(claim, answer, actor=actor, progress={"waiting": waiting})


def _before_the_next_send(attempt: TransferAttempt) -> float:
    """Longer with each send, so that a rail in trouble is not pressed; a lease at most, so that its end is noticed."""
    delay = check_delay(settings.PROBE_DELAYS_SECONDS, attempt.send_count - 1)
    return min(delay, float(settings.LEASE_SECONDS))


def _nothing_moved_before(claim: Claim, actor: Actor) -> bool:
    """May a later attempt be sent? The rail is asked first (rules for exactly-once, 6): what an earlier one moved
    after all is adopted, and nothing is sent beside it.
    """
    if claim.attempt.number == 1:
        return True
    match _look_up(claim):
        case Seen(movements=[]):
            return True
        case Seen(movements=[movement], evidence=evidence):
            record_answer(claim, Moved(movement, evidence), actor=actor)
        case Seen() as several:
            _moved_twice(claim, several, actor)
        case Unreachable(reason):
            delay = min(settings.LEASE_SECONDS, max(settings.PROBE_DELAYS_SECONDS))
            unasked = NotNow("asked_first", delay, {"said": reason})
            _wait(claim, unasked, actor)
    return False


def _take_up(claim: Claim, actor: Actor) -> None:
    if not claim.attempt.may_have_moved_money:
        if _nothing_moved_before(claim, actor):
            _resend(claim, actor)
        return
    match _look_up(claim):
        case Unreachable(reason):
            # Nothing was learned, so no rung of the ladder is used up.
            record_unknown(
                claim,
                f"the rail could not be asked: {reason}",
                {},
                actor=actor,
                delay_seconds=min(settings.LEASE_SECONDS, max(settings.PROBE_DELAYS_SECONDS)),
            )
        case Seen(movements=[]) as nothing:
            _nothing_found(claim, nothing, actor)
        case Seen(movements=[movement], evidence=evidence):
            record_answer(claim, Moved(movement, evidence), actor=actor)
        case Seen() as several:
            _moved_twice(claim, several, actor)


def _look_up(claim: Claim) -> Seen | Unreachable:
    wait_for_turn(claim.transfer.rail)
    return stripe_rail().find(transfer_group(claim.transfer))


def _nothing_found(claim: Claim, nothing: Seen, actor: Actor) -> None:
    if may_resend(claim.attempt, now=timezone.now()):
        _resend(claim, actor)
    elif absence_is_proven(claim.attempt, delays=settings.PROBE_DELAYS_SECONDS):
        _prove_absence(claim, nothing, actor)
    else:
        record_unknown(
            claim, "the rail has nothing for it so far", nothing.evidence, actor=actor, checked=True
        )


def _resend(claim: Claim, actor: Actor) -> None:
    if is_paused(claim.transfer.rail):
        _wait_for_the_rail(claim, actor)
        return
    resend = commit_resend(claim)
    if resend is not None:
        _call_and_record(resend, actor)


def _wait_for_the_rail(claim: Claim, actor: Actor) -> None:
    """Paused: asked again, but not sent again. No rung of the ladder is used up."""
    delay = min(settings.LEASE_SECONDS, max(settings.PROBE_DELAYS_SECONDS))
    if claim.attempt.may_have_moved_money:
        reason = "the rail has nothing for it so far, and is paused here: it is not sent again"
        record_unknown(claim, reason, {}, actor=actor, delay_seconds=delay)
    else:
        _wait(claim, NotNow(PAUSED, delay), actor)


def _declined_after_unclear(claim: Claim, answer: Declined, actor: Actor) -> None:
    """An earlier send of this attempt ended unclear, so the decline counts only if the rail's books are empty."""
    match _look_up(claim):
        case Seen(movements=[]):
            record_answer(claim, answer, actor=actor)
        case Seen(movements=[movement], evidence=evidence):
            record_answer(claim, Moved(movement, evidence), actor=actor)
        case Seen() as several:
            _moved_twice(claim, several, actor)
        case Unreachable(reason):
            record_unknown(
                claim, f"declined, but not checked: {reason}", answer.evidence, actor=actor
            )


def _prove_absence(claim: Claim, nothing: Seen, actor: Actor) -> None:
    wait_for_turn(claim.transfer.rail)
    ledger = stripe_rail().find_in_ledger(
        since=int(claim.attempt.first_sent_at.timestamp()),
        group=transfer_group(claim.transfer),
        idempotency_key=claim.attempt.idempotency_key,
        amount_minor=claim.transfer.amount_minor,
        currency=claim.transfer.currency,
    )
    match ledger:
        case Seen(movements=[]):
            record_failed(
                claim,
                "not_executed",
                "The rail kept an error for this request and has no trace of a movement.",
                {"looked": [nothing.evidence, ledger.evidence]},
                actor=actor,
            )
        case Seen(movements=[movement], evidence=evidence):
            record_answer(claim, Moved(movement, evidence), actor=actor)
        case Seen() as several:
            _moved_twice(claim, several, actor)
        case Unreachable(reason):
            record_unknown(claim, f"the ledger could not be read: {reason}", {}, actor=actor)


def _moved_twice(claim: Claim, several: Seen, actor: Actor) -> None:
    raise_finding(
        subject=f"transfer:{claim.transfer.pk}",
        kind="moved_twice",
        detail="The rail holds more than one movement for this debt.",
        actor=actor,
        evidence=several.evidence,
    )
    record_unknown(
        claim,
        "the rail holds more than one movement for it",
        several.evidence,
        actor=actor,
        delay_seconds=max(settings.PROBE_DELAYS_SECONDS),
    )
