"""What the steps of a Wise payment share: waiting, a turn on the rail, and words for what is waited for."""

from typing import Any

from django.conf import settings

from audit.actor import Actor
from rails.answers import NotNow, Unclear, Unreachable
from rails.wise_errors import FUND_LATER, SCA
from transfers.claim import Claim
from transfers.pace import hold_back, wait_for_turn
from transfers.policy import check_delay
from transfers.services.record_answer import record_wait
from transfers.switches import PAUSED

RAIL = "wise"

# After a step: the claim as it is then, or None when this worker is done for now.
Step = Claim | None

_WORDS = {
    SCA: "Wise wants strong customer authentication for this. Nothing has moved; it is asked again.",
    "balance.insufficient-funds": "The Wise balance does not cover it. Nothing has moved; it is asked again.",
    "rate_limit": "Wise asked us to be slower. Nothing has moved.",
    "bad_credentials": "Wise does not accept WISE_API_TOKEN. Nothing has moved.",
    "pay_in_disabled": "Wise does not let this be paid from the balance now. Nothing has moved.",
    "recipient_unreadable": "The bank details cannot be decrypted with the keys that are here. Nothing has moved.",
    "create_unclear": "Wise has not confirmed the transfer. It is not funded, so nothing has moved.",
}
_PAUSED_WORDS = "Wise is paused here. Nothing is sent; it goes on when a person resumes it."
_ANY_WORDS = "Wise cannot do this now. Nothing has moved; it is asked again."


def turn(patience_seconds: float | None = None) -> None:
    """Wait for this process' turn to call Wise. Holds no database connection meanwhile. Raises TurnTooFar."""
    wait_for_turn(RAIL, patience_seconds=patience_seconds)


def wait(
    claim: Claim,
    answer: NotNow | Unclear | Unreachable,
    actor: Actor,
    *,
    progress: dict[str, Any] | None = None,
    code: str = "",
    unmoved: bool = False,
) -> None:
    """Stay processing and come back later; people see what is waited for. For calls that have moved nothing.

    The delay is what the rail asks for, or the ladder of PROBE_DELAYS_SECONDS, one rung for each time in a row.
    """
    progress = dict(claim.attempt.progress if progress is None else progress)
    code = code or answer.reason
    waited = progress.get("waiting", {})
    times = waited.get("times", 0) if waited.get("code") == code else 0
    message = _PAUSED_WORDS if code == PAUSED else _WORDS.get(code, _ANY_WORDS)
    progress["waiting"] = {"code": code, "message": message, "times": times + 1}
    delay = check_delay(settings.PROBE_DELAYS_SECONDS, times)
    evidence: dict[str, Any] = {} if isinstance(answer, Unreachable) else answer.evidence
    if isinstance(answer, NotNow) and code in ("rate_limit", "bad_credentials"):
        hold_back(RAIL, answer.retry_after_seconds)
        delay = max(delay, answer.retry_after_seconds)
    elif code == PAUSED:
        delay = min(settings.LEASE_SECONDS, max(settings.PROBE_DELAYS_SECONDS))
    elif code == SCA or code in FUND_LATER:
        # A person has to do something first.
        delay = check_delay(settings.PROBE_DELAYS_SECONDS, times + 2)
    answer = NotNow(code, delay, evidence | {"said": answer.reason})
    record_wait(claim, answer, actor=actor, progress=progress, unmoved=unmoved)


def settled(progress: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Progress with these parts, and nothing to wait for any more."""
    return {name: part for name, part in {**progress, **parts}.items() if name != "waiting"}
