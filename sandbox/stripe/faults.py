"""Bad days, by order (`POST /_sandbox/faults`) or by the name of an account (`acct_lost_answer…`).

A magic account strikes the first requests with an idempotency key, so that the identical resend
then meets the true rules; the permanent ones last until the account is cured.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.faults import Fault, Orders, Strike
from sandbox.journal import Journal, Row
from sandbox.stripe import errors
from sandbox.stripe.errors import StripeError

MATCHABLE = ("method", "path", "destination", "idempotency_key", "transfer_group")


CATALOGUE = {
    fault.name: fault
    for fault in (
        Fault("lost_answer", "answer", "Accepted, answer lost",
              "The money moves, the connection dies before the answer."),
        Fault("drop_before", "edge", "Connection dropped before execution",
              "Nothing happens, the connection dies. The key stays fresh."),
        Fault("500_after", "execution", "500 after success",
              "The money moves, the answer is a 500, and the key replays that 500."),
        Fault("500_stored", "execution", "500 without success",
              "Nothing moves, the answer is a 500, and the key replays it."),
        Fault("409", "edge", "409 key in use",
              "The first call is told that its key is in use; the next one works."),
        Fault("429", "edge", "429 rate limit",
              "Two calls are refused by the rate limiter; the next one works.", per_key=2),
        Fault("lock_timeout", "edge", "429 lock timeout",
              "The account is locked once; the next call works."),
        Fault("slow", "answer", "Slow answer",
              "The money moves at once, the answer comes after the client's timeout. Until then "
              "the key is in use (409)."),
        Fault("slow_commit", "execution", "Slow execution",
              "Nothing to be found while the client waits and gives up; then the money moves. "
              "Until then the key is in use (409)."),
        Fault("truncated", "answer", "Truncated 200",
              "The money moves, half of the answer arrives."),
        Fault("html_502", "edge", "HTML 502 from a proxy",
              "Nothing happens, a proxy answers with a page. The key stays fresh."),
        Fault("html_502_after", "answer", "HTML 502 after success",
              "The money moves, a proxy answers with a page."),
        Fault("insufficient", "execution", "Balance insufficient",
              "400 balance_insufficient, kept by the key. Until cured.", permanent=True),
        Fault("no_transfers", "execution", "No transfers capability",
              "400 insufficient_capabilities_for_transfer, kept by the key. Until cured.",
              permanent=True),
        Fault("missing", "execution", "Account unknown",
              "400 resource_missing on destination, kept by the key. Until cured.",
              permanent=True),
        Fault("spent", "execution", "Money already spent",
              "Transfers work; reversing one answers 400 balance_insufficient. Until cured.",
              permanent=True),
        Fault("webhook_lost", "event", "Webhook lost",
              "The event exists but is never delivered, until redelivered by hand."),
        Fault("webhook_twice", "event", "Webhook twice", "The same event is delivered twice."),
        Fault("webhook_twin", "event", "Two events for one thing",
              "Two event ids describe the same transfer."),
        Fault("webhook_early", "event", "Webhook before the answer",
              "The event is delivered and acknowledged before the call is answered."),
        Fault("webhook_late", "event", "Webhook late", "The event comes late: after 20 s unless set otherwise."),
        Fault("silent", "answer", "Answer and webhook lost",
              "The money moves and nobody says so: only a probe can find it."),
        Fault("error", "execution", "Any other error",
              "params: status, code, type, message, param, stored, executed.", magic=False),
    )
}  # fmt: skip
MAGIC = sorted((name for name, fault in CATALOGUE.items() if fault.magic), key=len, reverse=True)


@dataclass(slots=True)
class Subject:
    """What a request is about, for matching."""

    method: str
    path: str
    destination: str = ""
    transfer_group: str = ""
    idempotency_key: str = ""


def magic_fault(destination: str) -> Fault | None:
    """The fault that an account's name asks for: the longest name after `acct_`."""
    rest = destination.removeprefix("acct_")
    if rest == destination:
        return None
    return next((CATALOGUE[name] for name in MAGIC if rest.startswith(name)), None)


def ordered_error(name: str, params: Row, destination: str) -> StripeError | None:
    """The error that an execution fault answers with, None if it only delays."""
    if name in {"insufficient", "spent"}:
        return errors.balance_insufficient()
    if name == "no_transfers":
        return errors.no_capability()
    if name == "missing":
        return errors.no_such("destination", destination, status=400, param="destination")
    if name in ("500_stored", "500_after"):
        return errors.server_error(stored=True)
    if name == "error":
        return StripeError(
            int(params.get("status", 400)),
            str(params.get("message", "An error ordered by the sandbox.")),
            code=params.get("code"),
            param=params.get("param"),
            kind=str(params.get("type", "invalid_request_error")),
            stored=bool(params.get("stored", True)),
        )
    return None


def catalogue() -> list[Row]:
    """Every fault, for people and tests."""
    return [
        {
            "fault": fault.name,
            "phase": fault.phase,
            "title": fault.title,
            "story": fault.story,
            "account_prefix": f"acct_{fault.name}" if fault.magic else None,
            "until_cured": fault.permanent,
        }
        for fault in CATALOGUE.values()
    ]


class Faults(Orders):
    """Orders, and accounts whose names ask for a fault."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal, CATALOGUE, MATCHABLE)

    def pick(self, phase: str, subject: Subject, *, magic: bool) -> Strike | None:
        """The fault of this phase, orders first. `magic`: whether the account's name counts."""
        strike = self.ordered(phase, subject)
        fault = magic_fault(subject.destination) if magic and strike is None else None
        if fault is None or fault.permanent or fault.phase != phase:
            return strike
        key = subject.idempotency_key
        if key and self.struck(key, fault.name) >= fault.per_key:
            return None
        return Strike(fault)
