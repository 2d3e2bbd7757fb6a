"""What the steps of a Stellar payment share: a turn on the rail, waiting, and words for what is waited for."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from audit.actor import Actor
from rails.answers import NotNow
from rails.horizon_values import Memo, PaymentOrder
from transfers.claim import Claim
from transfers.pace import wait_for_turn
from transfers.policy import check_delay
from transfers.services.record_answer import record_wait
from transfers.switches import PAUSED

RAIL = "stellar"
BUSY = "channel_busy"
EARLIER = "earlier_alive"
BUSY_SECONDS = 2.0
# A ledger closes every 5 s or so; asking more slowly than this would only make a payee wait.
LONGEST_DELAY = 10.0

_WORDS = {
    BUSY: "Another Stellar transaction is under way on every channel. Nothing has moved; it goes with the next one.",
    EARLIER: "An earlier transaction for it could still be taken by a ledger. Nothing else is signed until it is dead.",
    PAUSED: "Stellar is paused here. Nothing is sent; it goes on when a person resumes it.",
    "not_looked_at": "Horizon is slow: nobody looked at its account yet. Nothing has moved; it goes with the next one.",
    "unreachable": "Horizon could not be asked. Nothing has moved; it is asked again.",
    "channel_missing": "The channel account does not exist: run manage.py stellar_channels. Nothing has moved.",
    "treasury_missing": "The treasury account does not exist on this network. Nothing has moved.",
    "treasury_underfunded": "The treasury does not hold enough of this asset. Nothing has moved; it is asked again.",
    "not_taken": "Horizon takes no transactions now. Nothing has moved; the same one is offered again.",
}


@dataclass(frozen=True, slots=True)
class Member:
    """One claimed transfer that goes into an envelope, and what is to be signed for it."""

    claim: Claim
    order: PaymentOrder
    memo: Memo


def turn(patience_seconds: float | None = None) -> None:
    """Wait for this process' turn to call Horizon. Holds no database connection meanwhile. Raises TurnTooFar."""
    wait_for_turn(RAIL, patience_seconds=patience_seconds)


def ladder(step: int) -> float:
    """Seconds until look number `step` (from 0): PROBE_DELAYS_SECONDS, but never longer than two ledgers."""
    return min(check_delay(settings.PROBE_DELAYS_SECONDS, step), LONGEST_DELAY)


def wait(
    claim: Claim,
    code: str,
    actor: Actor,
    *,
    said: str = "",
    seconds: float | None = None,
    evidence: dict[str, Any] | None = None,
) -> None:
    """Stay processing and come back later; people see what is waited for. Only where nothing of ours can be moving."""
    progress = dict(claim.attempt.progress)
    waited = progress.get("waiting", {})
    times = waited.get("times", 0) if waited.get("code") == code else 0
    progress["waiting"] = {"code": code, "message": _WORDS[code], "times": times + 1}
    delay = check_delay(settings.PROBE_DELAYS_SECONDS, times) if seconds is None else seconds
    answer = NotNow(code, delay, {**(evidence or {}), **({"said": said} if said else {})})
    record_wait(claim, answer, actor=actor, progress=progress, unmoved=True)
