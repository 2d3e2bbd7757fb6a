"""Bad days, by order (`POST /_sandbox/faults`) or by the name of an account (`acct_lost_answer…`).

A fault has a phase: `edge` before the request is looked at, `execution` instead of or around the
work, `answer` after it, `event` on the webhook. One fault per phase can strike a request. A magic
account strikes the first requests with an idempotency key, so that the identical resend then meets
the true rules; the permanent ones last until the account is cured.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from sandbox.journal import Change, Journal, Row
from sandbox.stripe import errors
from sandbox.stripe.errors import StripeError
from sandbox.stripe.objects import new_id
from sandbox.stripe.settings import BadValueError

MATCHABLE = ("method", "path", "destination", "idempotency_key", "transfer_group")


@dataclass(frozen=True, slots=True)
class Fault:
    """What one name does."""

    name: str
    phase: str
    title: str
    story: str
    per_key: int = 1
    permanent: bool = False
    magic: bool = True


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


@dataclass(slots=True)
class Strike:
    """A fault that hits this request. `row` is the order, None for a magic account."""

    fault: Fault
    params: Row = field(default_factory=dict)
    row: Row | None = None

    @property
    def name(self) -> str:
        return self.fault.name


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


class Faults:
    """Orders in force and what has struck already; both kept in the books."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def orders(self) -> list[Row]:
        """Oldest first."""
        return list(self._journal.table("faults").values())

    def order(self, fault: str, match: Row, times: int | None, params: Row) -> Row:
        """Arm a fault for the next `times` matching requests (None: until removed). BadValueError."""
        if fault not in CATALOGUE:
            raise BadValueError(f"no such fault: {fault}; there are {', '.join(CATALOGUE)}")
        wrong = [name for name in match if name not in MATCHABLE]
        if wrong:
            raise BadValueError(f"cannot match on {wrong[0]}; use {', '.join(MATCHABLE)}")
        if times is not None and times < 1:
            raise BadValueError("times is at least 1, or null for always")
        identity = new_id("fault")
        row: Row = {
            "id": identity,
            "fault": fault,
            "match": {name: str(value) for name, value in match.items() if value},
            "times": times,
            "fired": 0,
            "params": params,
        }
        change = Change()
        change.put("faults", identity, row)
        self._journal.commit(change)
        return row

    def remove(self, identity: str | None = None) -> int:
        """Disarm one fault or all; returns how many."""
        table = self._journal.table("faults")
        gone = [key for key in table if identity in (None, key)]
        change = Change()
        for key in gone:
            change.put("faults", key, None)
        self._journal.commit(change)
        return len(gone)

    def pick(self, phase: str, subject: Subject, *, magic: bool) -> Strike | None:
        """The fault of this phase, orders first. `magic`: whether the account's name counts."""
        for row in self._journal.table("faults").values():
            if CATALOGUE[row["fault"]].phase == phase and self._matches(row, subject):
                return Strike(CATALOGUE[row["fault"]], dict(row["params"]), row)
        fault = magic_fault(subject.destination) if magic else None
        if fault is None or fault.permanent or fault.phase != phase:
            return None
        struck = self._journal.table("struck").get(subject.idempotency_key, {})
        if subject.idempotency_key and struck.get(fault.name, 0) >= fault.per_key:
            return None
        return Strike(fault)

    def spend(self, change: Change, strike: Strike, subject: Subject) -> None:
        """Count a strike; it is written with whatever the request does."""
        if strike.row is not None:
            row = {**strike.row, "fired": strike.row["fired"] + 1}
            used_up = row["times"] is not None and row["fired"] >= row["times"]
            change.put("faults", row["id"], None if used_up else row)
        elif subject.idempotency_key:
            key = subject.idempotency_key
            struck: dict[str, Any] = dict(self._journal.table("struck").get(key, {}))
            struck[strike.name] = struck.get(strike.name, 0) + 1
            change.put("struck", key, struck)

    def _matches(self, row: Row, subject: Subject) -> bool:
        if row["times"] is not None and row["fired"] >= row["times"]:
            return False
        return all(
            fnmatchcase(getattr(subject, name), pattern) for name, pattern in row["match"].items()
        )
