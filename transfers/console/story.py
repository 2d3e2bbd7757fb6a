"""The timeline of a transfer or a booking: audit entries, attempts and webhooks in one order, as plain data.

The audit log is the spine; attempts add what was sent and answered, rail events add what the rail told by itself.
Refused steps are part of the story and marked.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models.fields.json import KT

from audit.models import Entry, Outcome
from money import Money
from transfers.console.formats import money_text
from transfers.models import Booking, RailEvent, Transfer, TransferAttempt
from transfers.policy import EARLIER_MOVED, RELEASED_BY_PEOPLE, transfer_group

MOST_MOMENTS: Final = 500
MOST_TRANSFERS: Final = 200
REFUSED: Final = frozenset({Outcome.CONFLICT, Outcome.ILLEGAL, Outcome.DENIED})

# action -> (what happened, tone, icon)
_ACTIONS: Final[dict[str, tuple[str, str, str]]] = {
    "booking.created": ("Booking created", "grey", "event_available"),
    "transfer.pending": ("Asked for", "grey", "schedule"),
    "transfer.processing": ("Claimed by a worker", "amber", "autorenew"),
    "transfer.success": ("Paid, proven by the rail", "emerald", "check_circle"),
    "transfer.failed": ("Failed: it is proven that no money moved", "red", "error"),
    "transfer.outcome_unknown": ("Outcome unknown: asked again by itself", "unknown", "help"),
    "transfer.taken_up": ("Taken up again", "amber", "autorenew"),
    "transfer.told_to_wait": ("The rail asked to wait", "amber", "hourglass_top"),
    "transfer.confirmed": ("A person had the rail asked", "sky", "fact_check"),
    "transfer.reversal_requested": ("Reversal asked for", "amber", "undo"),
    "transfer.reversal_succeeded": ("Reversal carried out", "red", "undo"),
    "transfer.reversal_failed": ("Reversal failed", "red", "error"),
    "transfer.partly_reversed": ("Partly reversed", "amber", "undo"),
    "transfer.reversed": ("Reversed: all of it was taken back", "red", "undo"),
    "transfer.returned": ("Returned: the money came back", "red", "u_turn_left"),
    "transfer.stop_ordered": ("A person stops it", "amber", "undo"),
    "transfer.take_back_ordered": ("The rail is asked to cancel it", "amber", "undo"),
    "transfer.take_back_accepted": ("The rail cancelled it", "amber", "block"),
    "transfer.take_back_refused": ("The rail does not cancel it", "red", "block"),
    "transfer.take_back_unclear": ("No clear answer about the cancellation", "unknown", "help"),
    "transfer.release_proposed": ("One person says what became of it", "amber", "group"),
    "transfer.release_withdrawn": ("The proposal is withdrawn", "grey", "block"),
    "transfer.cancelled": ("Cancelled before anything left", "grey", "block"),
}
_RETRY: Final = ("Retry asked for", "grey", "replay")
# No proof by the rail is behind these.
_SAID_BY_PEOPLE: Final = {
    "transfer.success": ("Paid, as two people decided", "emerald", "group"),
    "transfer.failed": ("Failed: two people decided that no money moved", "red", "group"),
}
_EARLIER_MOVED: Final = ("Failed: an earlier attempt was paid after all", "red", "flag")
_REFUSED_VERBS: Final = {"transfer.pending": "Retry", "transfer.reversed": "Reverse"}
_CAPABILITY_WORDS: Final = {
    "transfer.pay": "Pay",
    "transfer.retry": "Retry",
    "transfer.reverse": "Reverse",
    "transfer.confirm": "Ask the rail",
}
_LABELS: Final = {
    "http_status": "HTTP status",
    "code": "Code",
    "message": "Message",
    "request_id": "Rail's request id",
    "replayed": "Replayed answer",
    "transfer": "Movement",
    "asked": "Asked",
    "found": "Found",
    "reason": "Reason",
    "event": "Webhook",
    "attempt": "Attempt",
    "idempotency_key": "Idempotency key",
    "rail_reference": "Rail reference",
    "next_check_in_seconds": "Next check in (s)",
    "user_id": "Person",
    "booking": "Booking",
    "method": "Method",
    "path": "Address",
    "looked": "Looked at",
    "reversal": "Reversal",
    "amount": "Amount",
}
# "75.0000000 USDC:G…", as it is written into the log: read as 75.00 USDC.
_IN_STROOPS: Final = re.compile(
    r"^(?P<whole>[\d,]+)\.(?P<decimals>\d{7}) (?P<code>[A-Za-z0-9]{1,12})(:G[A-Z2-7]{55})?$"
)
_HIDDEN: Final = frozenset({"at", "what", "amount_minor", "currency", "reversed_minor"})


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the story. `who` is empty for what the rail or the clock did."""

    at: datetime
    title: str
    tone: str
    icon: str
    source: str
    who: str = ""
    reason: str = ""
    refused: str = ""
    about: str = ""
    request_id: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)


def transfer_story(transfer: Transfer, attempts: Sequence[TransferAttempt]) -> list[Moment]:
    """Everything about one transfer, oldest first."""
    entries = _entries([f"transfer:{transfer.pk}"])
    claimed = {
        entry.snapshot.get("attempt"): entry.at
        for entry in entries
        if entry.action == "transfer.processing"
    }
    moments = [entry_moment(entry) for entry in entries]
    for attempt in attempts:
        moments += attempt_moments(attempt, claimed.get(attempt.number))
    moments += [_event_moment(event) for event in rail_events_of(transfer)]
    return in_order(moments)


def booking_story(booking: Booking) -> list[Moment]:
    """A booking and its people's transfers, oldest first; the first `MOST_TRANSFERS` of them."""
    transfers = dict(
        Transfer.objects.filter(source_type="booking", source_id=booking.pk)
        .order_by("id")
        .values_list("pk", "payee_name")[:MOST_TRANSFERS]
    )
    about = {f"transfer:{pk}": name for pk, name in transfers.items()}
    entries = _entries([f"booking:{booking.pk}", *about])
    return in_order([entry_moment(entry, about.get(entry.subject, "")) for entry in entries])


def rail_events_of(transfer: Transfer) -> list[RailEvent]:
    """The rail's messages about this debt, by the group it was filed under (rail_event_by_group)."""
    return list(
        RailEvent.objects.alias(group=KT("payload__data__object__transfer_group"))
        .filter(group=transfer_group(transfer), rail=transfer.rail)
        .order_by("received_at")[:MOST_MOMENTS]
    )


def entry_moment(entry: Entry, about: str = "") -> Moment:
    """An audit entry as people read it."""
    title, tone, icon = _wording(entry)
    refused = Outcome(entry.outcome).label if entry.outcome in REFUSED else ""
    return Moment(
        at=entry.at,
        title=title,
        tone="red" if refused else tone,
        icon="block" if refused else icon,
        source="audit",
        who=f"{entry.actor_kind} {entry.actor_name}",
        reason="" if entry.reason in ("retry", "permission_denied") else entry.reason,
        refused=refused,
        about=about,
        request_id=entry.request_id,
        facts=facts(entry.snapshot),
    )


def attempt_moments(attempt: TransferAttempt, claimed_at: datetime | None) -> list[Moment]:
    """What was sent and what came back. A send never sorts before the claim that allowed it."""
    name = f"attempt {attempt.number}"
    first = max(attempt.first_sent_at, claimed_at) if claimed_at else attempt.first_sent_at
    moments = [
        Moment(
            first,
            f"Sent to the rail: {name}",
            "amber",
            "send",
            "attempt",
            facts=[("Idempotency key", attempt.rail_key)],
        )
    ]
    if attempt.send_count > 1:
        moments.append(
            Moment(
                attempt.last_sent_at,
                f"Sent again, the identical request ({attempt.send_count} times in all)",
                "amber",
                "send",
                "attempt",
                facts=[("Idempotency key", attempt.rail_key)],
            )
        )
    moments += [_answer_moment(line, attempt) for line in attempt.evidence]
    return moments


def _answer_moment(line: dict[str, Any], attempt: TransferAttempt) -> Moment:
    at = attempt.resolved_at or attempt.last_sent_at
    if "at" in line:
        at = datetime.fromisoformat(line["at"])
    titles = {
        "answer": ("The rail answered: it moved", "emerald", "mark_chat_read"),
        "failed": ("The rail answered: no", "red", "mark_chat_unread"),
        "released": ("Two people decided", "amber", "group"),
        "unclear": ("No clear answer", "unknown", "help"),
        "check": ("Checked the rail's books: nothing there so far", "unknown", "search"),
        "told to wait": ("The rail asked to wait", "amber", "hourglass_top"),
    }
    title, tone, icon = titles.get(
        str(line.get("what", "")), ("Found in the rail's books", "emerald", "fact_check")
    )
    return Moment(at, title, tone, icon, "attempt", facts=facts(line))


def _event_moment(event: RailEvent) -> Moment:
    result = event.result or ("applied" if event.applied_at else "waiting to be applied")
    return Moment(
        event.received_at,
        f"Webhook: {event.type}",
        "sky",
        "webhook",
        "webhook",
        who=f"rail {event.rail}",
        facts=[("Event", event.event_id), ("Result", result)],
    )


def _wording(entry: Entry) -> tuple[str, str, str]:
    if entry.outcome == Outcome.DENIED:
        return (_CAPABILITY_WORDS.get(entry.action, entry.action), "red", "block")
    if entry.outcome in REFUSED and entry.action in _REFUSED_VERBS:
        return (_REFUSED_VERBS[entry.action], "red", "block")
    if entry.action == "transfer.pending" and entry.prior_status == "failed":
        return _RETRY
    if entry.action == "transfer.failed" and entry.snapshot.get("code") == EARLIER_MOVED:
        return _EARLIER_MOVED
    if entry.action.startswith("finding."):
        kind = entry.action.removeprefix("finding.").replace("_", " ")
        return (f"Finding: {kind}", "red", "flag")
    plain = entry.action.partition(".")[2].replace("_", " ").capitalize() or entry.action
    known = _SAID_BY_PEOPLE if _was_released(entry) else _ACTIONS
    return known.get(entry.action, (plain, "grey", "edit_note"))


def _was_released(entry: Entry) -> bool:
    said = entry.snapshot
    return bool(said.get("released")) or said.get("code") == RELEASED_BY_PEOPLE


def facts(data: dict[str, Any]) -> list[tuple[str, str]]:
    """Evidence as label and text, without what is said elsewhere; nested data stays JSON."""
    found = [
        (_LABELS.get(key, key.replace("_", " ").capitalize()), _text(value))
        for key, value in data.items()
        if key not in _HIDDEN and value not in ("", None, [], {}) and value is not False
    ]
    if isinstance(data.get("amount_minor"), int) and data.get("currency"):
        amount = Money(data["amount_minor"], str(data["currency"]))
        found.append(("Amount", money_text(amount)))
    return found


def _text(value: Any) -> str:
    if value is True:
        return "yes"
    if isinstance(value, list) and all(isinstance(one, (str, int)) for one in value):
        return ", ".join(str(one) for one in value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return _IN_STROOPS.sub(_shorter, str(value))


def _shorter(amount: re.Match[str]) -> str:
    decimals, code = amount["decimals"].rstrip("0").ljust(2, "0"), amount["code"]
    return f"{amount['whole']}.{decimals} {code}"


def in_order(moments: Iterable[Moment]) -> list[Moment]:
    """By time; of the same moment the audit entry first."""
    rank = {"audit": 0, "attempt": 1, "webhook": 2}
    return sorted(moments, key=lambda one: (one.at, rank[one.source]))


def _entries(subjects: Sequence[str]) -> list[Entry]:
    return list(Entry.objects.filter(subject__in=subjects).order_by("id")[:MOST_MOMENTS])
