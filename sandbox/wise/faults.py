"""Bad days, by order (`POST /_sandbox/wise/faults`) or by the words a recipient's name begins with.

The words can be put one after the other: `LOST CREATE LOST FUND Ann Example`. Words that break a
call strike the first such call of each transfer, so that a repetition meets the true rules; those
that describe the recipient last until it is cured.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.faults import Fault, Orders, Strike
from sandbox.journal import Journal, Row

MATCHABLE = ("method", "path", "operation", "recipient", "name", "transfer", "ctid", "reference")
CREATE, FUND, CANCEL, ANY = "transfer.create", "transfer.fund", "transfer.cancel", "*"


@dataclass(slots=True)
class Subject:
    """What a request is about, for matching."""

    method: str
    path: str
    operation: str
    recipient: str = ""
    name: str = ""
    transfer: str = ""
    ctid: str = ""
    reference: str = ""

    @property
    def key(self) -> str:
        """Which calls are the same one for a magic name."""
        return f"{self.ctid}:{self.operation}" if self.ctid else ""


CATALOGUE = {
    fault.name: fault
    for fault in (
        Fault("lost_answer", "answer", "Executed, answer lost",
              "It happens, the connection dies before the answer."),
        Fault("drop_before", "edge", "Connection dropped before execution",
              "Nothing happens, the connection dies."),
        Fault("500_after", "answer", "500 after execution", "It happens, the answer is a 500."),
        Fault("500_before", "edge", "500 without execution", "Nothing happens, the answer is a 500."),
        Fault("slow", "answer", "Slow answer",
              "It happens at once, the answer comes after the client's timeout."),
        Fault("slow_commit", "execution", "Slow execution",
              "Nothing to be found while the client waits and gives up; then it happens."),
        Fault("truncated", "answer", "Truncated answer", "It happens, half of the answer arrives."),
        Fault("html_502", "edge", "HTML 502 from a proxy", "Nothing happens, a proxy answers."),
        Fault("html_502_after", "answer", "HTML 502 after execution",
              "It happens, a proxy answers with a page."),
        Fault("429", "edge", "429 rate limit",
              "Two calls are refused with Retry-After: 1; nothing happens.", per_key=2),
        Fault("401", "edge", "401 token expired", "Nothing happens; the next call works."),
        Fault("sca", "execution", "SCA first", "403 with a one-time token; the next call works."),
        Fault("sca_always", "execution", "SCA until approved",
              "403 with a one-time token, until the call brings an approved one.", permanent=True),
        Fault("insufficient", "execution", "Insufficient balance",
              "Funding answers 201 REJECTED balance.insufficient-funds. Until cured.",
              permanent=True),
        Fault("fund_created", "execution", "Payment only created",
              "Funding answers 201 CREATED; the payment completes some seconds later."),
        Fault("quote_expired", "execution", "Quote expired",
              "The quote expires just before the transfer is created: 422."),
        Fault("webhook_lost", "event", "Webhooks lost",
              "Events exist but are never delivered, until redelivered by hand.", permanent=True),
        Fault("webhook_twice", "event", "Webhooks twice",
              "The same delivery arrives twice.", permanent=True),
        Fault("webhook_twin", "event", "Two deliveries for one event",
              "Two delivery ids describe the same change.", permanent=True),
        Fault("webhook_early", "event", "Webhook before the answer",
              "Delivered and acknowledged before the call is answered.", permanent=True),
        Fault("webhook_late", "event", "Webhooks late",
              "They come late: after 20 s unless set otherwise.", permanent=True),
        Fault("error", "execution", "Any other error",
              "params: status, body (JSON or text), headers."),
    )
}  # fmt: skip

# The words -> the operation they break, and how.
WORDS: dict[str, tuple[str, str]] = {
    "LOST CREATE": (CREATE, "lost_answer"),
    "DROP CREATE": (CREATE, "drop_before"),
    "CREATE 500 AFTER": (CREATE, "500_after"),
    "CREATE 500": (CREATE, "500_before"),
    "SLOW CREATE": (CREATE, "slow"),
    "LATE CREATE": (CREATE, "slow_commit"),
    "TRUNCATED CREATE": (CREATE, "truncated"),
    "LIMIT CREATE": (CREATE, "429"),
    "QUOTE EXPIRED": (CREATE, "quote_expired"),
    "LOST FUND": (FUND, "lost_answer"),
    "DROP FUND": (FUND, "drop_before"),
    "FUND 500 AFTER": (FUND, "500_after"),
    "FUND 500": (FUND, "500_before"),
    "FUND 502 AFTER": (FUND, "html_502_after"),
    "FUND 502": (FUND, "html_502"),
    "SLOW": (FUND, "slow"),
    "LATE FUND": (FUND, "slow_commit"),
    "TRUNCATED": (FUND, "truncated"),
    "LIMIT FUND": (FUND, "429"),
    "SCA ALWAYS": (FUND, "sca_always"),
    "SCA": (FUND, "sca"),
    "INSUFFICIENT": (FUND, "insufficient"),
    "FUND CREATED": (FUND, "fund_created"),
    "LOST CANCEL": (CANCEL, "lost_answer"),
    "DROP CANCEL": (CANCEL, "drop_before"),
    "WEBHOOK LOST": (ANY, "webhook_lost"),
    "WEBHOOK TWICE": (ANY, "webhook_twice"),
    "WEBHOOK TWIN": (ANY, "webhook_twin"),
    "WEBHOOK EARLY": (ANY, "webhook_early"),
    "WEBHOOK LATE": (ANY, "webhook_late"),
}
# The words -> what is so about the recipient's transfers, until cured.
TRAITS = {
    "CTID 409": "Repeating a create answers 409.",
    "CTID 422": "Repeating a create answers 422.",
    "FUND 409": "A second funding answers 409 payment.exists.",
    "FUND 422": "A second funding answers 422 transfer.invalid-state.",
    "NO CANCEL": "Cancelling answers 409.",
    "STUCK": "Never leaves processing, with active issues.",
    "BOUNCE": "Comes back three days after it was sent, and is refunded.",
    "SHORT REFUND": "Comes back three days after it was sent; 90 % is refunded.",
    "PAYOUT FAILURE": "Tells of a payout failure after it was sent, with no change of state.",
}
LONGEST = sorted([*WORDS, *TRAITS], key=len, reverse=True)


def spoken(name: str) -> tuple[str, ...]:
    """The words at the beginning of a name, in order."""
    found: list[str] = []
    rest = f"{name.upper()} "
    while word := next((word for word in LONGEST if rest.startswith(f"{word} ")), None):
        found.append(word)
        rest = rest[len(word) :].lstrip() + " "
        if not rest.strip():
            break
    return tuple(found)


def words_of(recipient: Row | None) -> tuple[str, ...]:
    """What is wrong with a recipient: what a person has set, else what its name says."""
    if recipient is None:
        return ()
    saved = recipient.get("words")
    return spoken(recipient["name"]) if saved is None else tuple(saved)


def catalogue() -> list[Row]:
    """Every fault, for people and tests."""
    return [
        {
            "fault": fault.name,
            "phase": fault.phase,
            "title": fault.title,
            "story": fault.story,
            "names": [word for word, (_, name) in WORDS.items() if name == fault.name],
            "until_cured": fault.permanent,
        }
        for fault in CATALOGUE.values()
    ]


class Faults(Orders):
    """Orders, and recipients whose names ask for a fault."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal, CATALOGUE, MATCHABLE)

    def pick(self, phase: str, subject: Subject, recipient: Row | None) -> Strike | None:
        """The fault of this phase that strikes, orders first."""
        strike = self.ordered(phase, subject)
        if strike is not None:
            return strike
        for word in words_of(recipient):
            operation, name = WORDS.get(word, ("", ""))
            fault = CATALOGUE.get(name)
            if fault is None or fault.phase != phase or operation not in (ANY, subject.operation):
                continue
            if fault.permanent or self.struck(subject.key, name) < fault.per_key:
                return Strike(fault)
        return None
