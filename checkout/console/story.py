"""The timeline of a session: its audit entries, and those of its receipts, refunds and disputes, in one order."""

from dataclasses import replace
from typing import Final

from audit.models import Entry, Outcome
from checkout.models import CheckoutSession
from checkout.policy import WHY
from transfers.console.story import MOST_MOMENTS, Moment, entry_moment, in_order

# action -> (what happened, tone, icon)
_WORDS: Final[dict[str, tuple[str, str, str]]] = {
    "checkout_session.pending": ("Waits for a payment", "grey", "schedule"),
    "checkout_session.processing": ("A payment is being checked", "amber", "autorenew"),
    "checkout_session.paid": ("Paid", "emerald", "check_circle"),
    "checkout_session.expired": ("Expired", "grey", "timer_off"),
    "checkout_session.payment_inserted": ("Its missing payment was inserted", "sky", "healing"),
    "receipt.applied": ("Applied to a session", "emerald", "link"),
    "receipt.surplus": ("Surplus came in", "amber", "add_circle"),
    "receipt.unmatched": ("Came in and pays nothing", "red", "help"),
    "receipt.failed": ("A payment failed on the ledger", "grey", "block"),
    "refund.requested": ("Refund requested", "grey", "undo"),
    "refund.approved": ("Refund approved", "amber", "task_alt"),
    "refund.processing": ("Refund claimed by a worker", "amber", "autorenew"),
    "refund.refunded": ("Refunded, proven by the ledger", "emerald", "check_circle"),
    "refund.failed": ("Refund failed: nothing moved", "red", "error"),
    "refund.rejected": ("Refund rejected", "grey", "block"),
    "dispute.open": ("Dispute opened", "red", "gavel"),
    "dispute.won": ("Dispute won", "emerald", "check_circle"),
    "dispute.lost": ("Dispute lost", "grey", "undo"),
}
NOUNS: Final = ("checkout_session", "receipt", "refund", "dispute")
_CALLED: Final = {"checkout_session": "", "receipt": "incoming payment"}
_REFUSED: Final = (Outcome.CONFLICT, Outcome.ILLEGAL, Outcome.DENIED)


def session_story(session: CheckoutSession) -> list[Moment]:
    """Oldest first."""
    subjects = [f"checkout_session:{session.pk}"]
    for noun, rows in (
        ("receipt", session.receipts),
        ("refund", session.refunds),
        ("dispute", session.disputes),
    ):
        subjects += [f"{noun}:{pk}" for pk in rows.values_list("pk", flat=True)]
    return story_of(subjects)


def story_of(subjects: list[str]) -> list[Moment]:
    """Audit entries of these subjects as people read them."""
    entries = Entry.objects.filter(subject__in=subjects).order_by("id")[:MOST_MOMENTS]
    return in_order(told(entry) for entry in entries)


def told(entry: Entry) -> Moment:
    """One entry about something of this room."""
    noun, _, pk = entry.subject.partition(":")
    called = _CALLED.get(noun, noun)
    moment = entry_moment(entry, f"{called} {pk}" if called else "")
    moment = replace(moment, reason=WHY.get(moment.reason, moment.reason))
    words = _WORDS.get(entry.action)
    if entry.action == "checkout_session.pending" and entry.prior_status == "processing":
        words = ("Waits again", "grey", "history")
    if words is None:
        return moment
    title, tone, icon = words
    if entry.outcome in _REFUSED:
        return replace(moment, title=title)
    return replace(moment, title=title, tone=tone, icon=icon)
