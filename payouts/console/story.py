"""The timeline of a payout request: its own audit entries, its transfer's, attempts and the rail's messages."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from audit.models import Entry
from money import Money
from payouts.models import PayoutRequest
from payouts.timeline import Event, timeline
from transfers.console.formats import money_text
from transfers.console.story import (
    MOST_MOMENTS,
    REFUSED,
    Moment,
    attempt_moments,
    entry_moment,
    facts,
    in_order,
)
from transfers.models import Transfer

# action -> (what happened, tone, icon)
_ACTIONS: Final[dict[str, tuple[str, str, str]]] = {
    "payout.requested": ("Asked for", "grey", "request_quote"),
    "payout.quoted": ("The rail gave numbers", "grey", "currency_exchange"),
    "payout.approved": ("Approved", "sky", "how_to_reg"),
    "payout.rejected": ("Rejected", "red", "thumb_down"),
    "payout.processing": ("On its way: a worker has it", "amber", "autorenew"),
    "payout.paid": ("Paid", "emerald", "check_circle"),
    "payout.failed": ("Failed", "red", "error"),
    "payout.cancelled": ("Cancelled before anything left", "grey", "block"),
    "payout.returned": ("Returned: money came back", "red", "u_turn_left"),
    "payout.cancel_at_rail": ("A person wants it back from the rail", "amber", "undo"),
    "payout.confirmed": ("One payment is proven", "emerald", "fact_check"),
    "payout.reversed": ("Reversed: money was taken back", "red", "undo"),
}
_VERBS: Final = {
    "payout.approved": "Approve",
    "payout.rejected": "Reject",
    "payout.cancelled": "Cancel",
    "payout.requested": "Retry or reissue",
    "payout.paid": "Mark as paid",
    "payout.failed": "Mark as failed",
    "payout.processing": "Release to dispatch",
    "payout.confirmed": "Prove one payment",
    "payout.review": "Decide",
    "recipient.reveal": "See full bank details",
    "kyc.set": "Set KYC",
}
_AGAIN: Final = ("Back in the queue for a new decision", "grey", "replay")
_HIDDEN: Final = frozenset(
    {"fingerprint", "recipient_id", "newest_recipient_id", "base_minor", "base_currency", "payee",
     "quote", "signed", "now", "rail"}
)  # fmt: skip


def payout_story(payout: PayoutRequest, transfer: Transfer | None) -> list[Moment]:
    """Oldest first."""
    own = Entry.objects.filter(subject=f"payout:{payout.pk}").order_by("id")[:MOST_MOMENTS]
    moments = [told(entry) for entry in own]
    if transfer is not None:
        moments += _of_transfer(transfer)
        moments += [_of_rail(event) for event in timeline(payout) if event.kind == "rail_event"]
    return in_order(moments)


def told(entry: Entry) -> Moment:
    """One entry about a payout request."""
    moment = entry_moment(entry)
    moment = replace(moment, facts=_facts(entry.snapshot))
    if entry.outcome in REFUSED:
        title = _VERBS.get(entry.action, moment.title)
        detail = str(entry.snapshot.get("detail", ""))
        return replace(
            moment,
            title=title,
            reason=detail or moment.reason,
            facts=[one for one in moment.facts if one[0] != "Detail"],
        )
    if entry.action == "payout.requested" and entry.prior_status:
        title, tone, icon = _AGAIN
    else:
        title, tone, icon = _ACTIONS.get(entry.action, (moment.title, moment.tone, moment.icon))
    return replace(moment, title=title, tone=tone, icon=icon)


def _facts(snapshot: dict[str, Any]) -> list[tuple[str, str]]:
    shown = {key: value for key, value in snapshot.items() if key not in _HIDDEN}
    found = facts(shown)
    quote = snapshot.get("quote")
    if isinstance(quote, dict):
        source = Money(quote["source_minor"], str(quote["source_currency"]))
        found.append(("Costs", money_text(source)))
        found.append(("Rate", str(quote["rate"])))
    if snapshot.get("fingerprint"):
        found.append(("Signed", f"{snapshot['fingerprint'][:12]}…"))
    return found


def _of_transfer(transfer: Transfer) -> list[Moment]:
    entries: Sequence[Entry] = list(
        Entry.objects.filter(subject=f"transfer:{transfer.pk}").order_by("id")[:MOST_MOMENTS]
    )
    claimed = {
        entry.snapshot.get("attempt"): entry.at
        for entry in entries
        if entry.action == "transfer.processing"
    }
    about = f"transfer {transfer.pk}"
    moments = [entry_moment(entry, about) for entry in entries]
    for attempt in transfer.attempts.all():
        moments += attempt_moments(attempt, claimed.get(attempt.number))
    return moments


def _of_rail(event: Event) -> Moment:
    result = event.detail.get("result") or "stored"
    return Moment(
        event.at,
        f"Webhook: {event.what}",
        "sky",
        "webhook",
        "webhook",
        who=f"rail {event.actor}",
        facts=[("Event", str(event.detail.get("event", ""))), ("Result", str(result))],
    )
