"""Columns, constraints, and the transition tables (declared once, with empty bodies)."""

from checkout.models.dispute import Dispute, DisputeStatus
from checkout.models.hold import Hold
from checkout.models.payment import Payment
from checkout.models.receipt import Receipt, ReceiptState
from checkout.models.refund import Refund, RefundStatus
from checkout.models.session import CheckoutSession, SessionStatus
from checkout.models.watch import ReconcileRepair, ReconcileRun, RunOutcome, WatchCursor

__all__ = [
    "CheckoutSession",
    "Dispute",
    "DisputeStatus",
    "Hold",
    "Payment",
    "Receipt",
    "ReceiptState",
    "ReconcileRepair",
    "ReconcileRun",
    "Refund",
    "RefundStatus",
    "RunOutcome",
    "SessionStatus",
    "WatchCursor",
]
