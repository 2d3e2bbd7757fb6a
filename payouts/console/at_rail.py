"""Where a payout's money is at this moment, in one sentence that is true, and what a person should do about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from payouts.models import PayoutRequest, PayoutStatus
from payouts.selectors import returned_of
from transfers import advice
from transfers.console.formats import money_text
from transfers.models import Transfer, TransferAttempt, TransferStatus
from transfers.policy import NOT_PROVEN

_SENT_ON: Final[dict[str, str]] = {
    "processing": "Wise has the money and checks the payment. It has not been sent to the bank yet.",
    "funds_converted": "Wise has converted the money and is about to send it to the bank.",
    "outgoing_payment_sent": "Wise sent it to the bank. A bank may still return it, so it is watched for eight weeks.",
    "bounced_back": "The bank sent it back to Wise, which decides whether it is sent again or refunded. "
    "It is not back, so it cannot be reissued yet.",
    "cancelled": "It is cancelled at Wise, and its refund is on the way. It is not back yet.",
    "funds_refunded": "Wise gave it back, and does not say yet how much of it.",
    "charged_back": "It was charged back, and Wise does not say yet how much of it.",
}
_PAID: Final = "The rail proved that the money left."
_SAID_PAID: Final = "Two people decided that the money left. The rail did not show it then."
_PROVEN: Final = "It is proven that no money moved."


@dataclass(frozen=True, slots=True)
class AtRail:
    """`what` is what is known; `do` what a person should do, or empty; `next_at` when the rail is asked by itself."""

    tone: str
    what: str
    do: str = ""
    code: str = ""
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hand:
    """A button that leads to a page on which a person may take a hand in it."""

    name: str
    label: str
    icon: str
    text: str


HANDS: Final[dict[str, Hand]] = {
    hand.name: hand
    for hand in (
        Hand(
            "cancel_transfer",
            "Cancel at the rail…",
            "undo",
            "As far as the rail allows; then it goes back to a reviewer. Shows first what would happen.",
        ),
        Hand(
            "confirm",
            "Prove one payment…",
            "fact_check",
            "Looks for every payment of this debt at the rail, and closes what was open about it.",
        ),
        Hand(
            "release_outcome",
            "Decide the outcome…",
            "group",
            "Two people say what the rail does not tell.",
        ),
    )
}


def offered(payout: PayoutRequest, transfer: Transfer | None) -> list[Hand]:
    """Which of them make sense for this request now. No query, no call."""
    if transfer is None:
        return [HANDS["cancel_transfer"]] if payout.status == PayoutStatus.REJECTED else []
    found = []
    if getattr(payout, "superseded_by", None) is None and not _waits_in_peace(payout, transfer):
        found.append(HANDS["cancel_transfer"])
    if transfer.status in (TransferStatus.PROCESSING, TransferStatus.SUCCESS):
        found.append(HANDS["confirm"])
    if transfer.outcome_unknown:
        found.append(HANDS["release_outcome"])
    return found


def _waits_in_peace(payout: PayoutRequest, transfer: Transfer) -> bool:
    dead = (TransferStatus.FAILED, TransferStatus.CANCELLED)
    return payout.status == PayoutStatus.REQUESTED and transfer.status in dead


def at_rail(transfer: Transfer | None, attempt: TransferAttempt | None) -> AtRail:
    """`attempt` is the newest. Never says paid or failed of what is not proven."""
    if transfer is None:
        return AtRail("grey", "There is none: nothing can leave before an approval.")
    if transfer.status == TransferStatus.PROCESSING:
        return _on_its_way(transfer, attempt)
    if transfer.status == TransferStatus.SUCCESS:
        return _paid(attempt)
    return _over(transfer)


def _paid(attempt: TransferAttempt | None) -> AtRail:
    state = str(attempt.progress.get("rail_status", "")) if attempt is not None else ""
    came_back = state in ("bounced_back", "cancelled", "funds_refunded", "charged_back")
    known = _SAID_PAID if attempt is not None and _released(attempt) else _PAID
    return AtRail("amber" if came_back else "emerald", _SENT_ON.get(state, known), code=state)


def _released(attempt: TransferAttempt) -> bool:
    return any(line.get("what") == "released" for line in attempt.evidence)


def _over(transfer: Transfer) -> AtRail:
    if transfer.status in (TransferStatus.RETURNED, TransferStatus.REVERSED):
        back = returned_of(transfer)
        amount = money_text(back) if back is not None else "It"
        return AtRail("red", f"{amount} came back after it was paid.")
    if transfer.status == TransferStatus.FAILED:
        why = transfer.failure_message or "It failed."
        what = why if transfer.failure_code in NOT_PROVEN else f"{why} {_PROVEN}"
        do = advice.after_failure(transfer.failure_code, transfer.rail)
        return AtRail("red", what, do, transfer.failure_code)
    if transfer.status == TransferStatus.CANCELLED:
        return AtRail("grey", "It was cancelled before anything was sent.")
    return AtRail("grey", "It is written down and waits for a worker. Nothing was sent yet.")


def _on_its_way(transfer: Transfer, attempt: TransferAttempt | None) -> AtRail:
    due = transfer.due_at
    if transfer.outcome_unknown:
        what = "Nobody knows yet whether this moved. It turns green or red only on proof."
        return AtRail("amber", what, advice.WHILE_UNKNOWN, "outcome_unknown", due)
    if attempt is not None and "cancel" in attempt.progress:
        what = "It is being cancelled at Wise, which has not confirmed it yet. Nothing is funded any more."
        return AtRail("amber", what, "", "cancel_ordered", due)
    waiting = attempt.waiting_for if attempt is not None else {}
    if waiting:
        do = advice.while_waiting(waiting["code"])
        return AtRail("amber", waiting["message"], do, waiting["code"], due)
    return AtRail("amber", "A worker is at it. It is not known to have moved yet.", next_at=due)
