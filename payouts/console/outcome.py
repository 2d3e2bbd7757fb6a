"""What became of a decision, as a panel with one key to go on: done, or lost to somebody who was faster."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from payouts.console.formats import payout_chip, status_label
from payouts.errors import AlreadyDecided
from payouts.models import PayoutRequest, PayoutStatus
from transfers.console.formats import Chip

_DONE = {
    PayoutStatus.APPROVED: ("Approved", "Its transfer is written down and on its way to a worker."),
    PayoutStatus.REJECTED: ("Rejected", "Nothing was ordered, so nothing leaves."),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`won` False: somebody else decided first, and this click changed nothing."""

    won: bool
    payout: PayoutRequest
    chip: Chip
    title: str
    text: str
    winner: str = ""
    decision: str = ""
    at: datetime | None = None
    reason: str = ""
    status: int = 200


def done(payout: PayoutRequest, to: PayoutStatus) -> Outcome:
    """The decision stands."""
    title, text = _DONE[to]
    return Outcome(
        won=True,
        payout=payout,
        chip=payout_chip(payout),
        title=title,
        text=text,
        reason=payout.reason,
    )


def lost(payout: PayoutRequest, error: AlreadyDecided, *, wanted: str, me: str) -> Outcome:
    """Somebody was faster: who, what, when, why, and where it stands now."""
    extra: dict[str, Any] = error.extra
    winner = extra.get("current_reviewer") or ""
    decision = extra.get("decision") or ""
    if not winner:
        title = f"It is {status_label(payout.status)} already"
    elif winner == me:
        title = f"You {status_label(decision)} it already"
    else:
        title = f"{winner} was faster"
    now = status_label(payout.status)
    text = f"You wanted to {wanted} it. That changed nothing: it is {now}"
    if now == "rejected":
        text += ", and no money leaves for it."
    elif decision == "approved":
        text += ", and it is paid once, by that approval."
    else:
        text += "."
    return Outcome(
        won=False,
        payout=payout,
        chip=payout_chip(payout),
        title=title,
        text=text,
        winner=winner,
        decision=decision,
        at=extra.get("decided_at"),
        reason=extra.get("decision_reason") or "",
        status=error.http_status,
    )
