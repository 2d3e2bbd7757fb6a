"""How checkout's statuses look. Text and icon always go with a colour."""

from datetime import timedelta
from typing import Final

from django.utils import timezone

from checkout.models import (
    CheckoutSession,
    Dispute,
    DisputeStatus,
    Receipt,
    ReceiptState,
    ReconcileRun,
    Refund,
    RefundStatus,
    RunOutcome,
    SessionStatus,
)
from transfers.console.formats import Chip

_SESSION: Final = {
    SessionStatus.PENDING: Chip("Waiting", "grey", "schedule"),
    SessionStatus.PROCESSING: Chip("Being checked", "amber", "autorenew"),
    SessionStatus.PAID: Chip("Paid", "emerald", "check_circle"),
    SessionStatus.EXPIRED: Chip("Expired", "grey", "timer_off"),
}
_RECEIPT: Final = {
    ReceiptState.APPLIED: Chip("Pays a session", "emerald", "check_circle"),
    ReceiptState.SURPLUS: Chip("Surplus", "amber", "add_circle"),
    ReceiptState.UNMATCHED: Chip("Unmatched", "red", "help"),
    ReceiptState.FAILED: Chip("Failed on the ledger", "grey", "block"),
}
_REFUND: Final = {
    RefundStatus.REQUESTED: Chip("Requested", "grey", "schedule"),
    RefundStatus.APPROVED: Chip("Approved", "amber", "task_alt"),
    RefundStatus.PROCESSING: Chip("Processing", "amber", "autorenew"),
    RefundStatus.REFUNDED: Chip("Refunded", "emerald", "check_circle"),
    RefundStatus.FAILED: Chip("Failed", "red", "error"),
    RefundStatus.REJECTED: Chip("Rejected", "grey", "block"),
}
_DISPUTE: Final = {
    DisputeStatus.OPEN: Chip("Open", "red", "gavel"),
    DisputeStatus.WON: Chip("Won", "emerald", "check_circle"),
    DisputeStatus.LOST: Chip("Lost", "grey", "undo"),
}
# Far longer than 500 sessions take, each asked about once.
_LONGEST_RUN: Final = timedelta(hours=1)
_RUN: Final = {
    RunOutcome.RUNNING: Chip("Running", "amber", "autorenew"),
    RunOutcome.DONE: Chip("Done", "emerald", "check_circle"),
    RunOutcome.HELD_OFF: Chip("Repaired nothing", "red", "cloud_off"),
}


def session_chip(session: CheckoutSession) -> Chip:
    """The chip of a session."""
    return _SESSION[SessionStatus(session.status)]


def receipt_chip(receipt: Receipt) -> Chip:
    """The chip of an incoming operation."""
    return _RECEIPT[ReceiptState(receipt.status)]


def refund_chip(refund: Refund) -> Chip:
    """The chip of a refund."""
    return _REFUND[RefundStatus(refund.status)]


def dispute_chip(dispute: Dispute) -> Chip:
    """The chip of a dispute."""
    return _DISPUTE[DisputeStatus(dispute.status)]


def run_chip(run: ReconcileRun) -> Chip:
    """The chip of a reconciler run; one that neither ended nor goes on any more was killed."""
    if run.outcome == RunOutcome.RUNNING and timezone.now() - run.started_at > _LONGEST_RUN:
        return Chip("Never ended", "red", "error")
    return _RUN[RunOutcome(run.outcome)]


def short(text: str) -> str:
    """An address or a hash, as much as people compare."""
    return f"{text[:4]}…{text[-4:]}" if len(text) > 11 else text


def amount_text(amount_minor: int, currency: str) -> str:
    """Without the zeros that stroops bring along, and with the asset's code alone: "10.00 USDC"."""
    whole, dot, decimals = plain_amount(amount_minor).partition(".")
    return f"{int(whole):,}{dot}{decimals} {currency.partition(':')[0]}"


def plain_amount(amount_minor: int) -> str:
    """Stroops in units with two to seven decimals, to be copied: "1234.50"."""
    whole, rest = divmod(amount_minor, 10**7)
    return f"{whole}.{f'{rest:07d}'.rstrip('0').ljust(2, '0')}"
