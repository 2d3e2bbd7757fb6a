"""The addresses of checkout, below /api/v1/. None ends in a slash."""

from django.urls import path, register_converter

from checkout.api.disputes import DisputeDetail, ResolveDispute, SessionDisputes
from checkout.api.receipts import ReceiptApply, ReceiptDetail, ReceiptRefunds, Receipts
from checkout.api.refunds import (
    ApproveRefund,
    RefundDetail,
    Refunds,
    RejectRefund,
    SessionRefunds,
)
from checkout.api.sessions import SessionDetail, SessionPayments, Sessions
from transfers.api.urls import RowId

register_converter(RowId, "checkout")
_SESSION = "checkout/sessions/<checkout:session_id>"
_RECEIPT = "checkout/receipts/<checkout:receipt_id>"

urlpatterns = [
    path(
        "checkout/sessions",
        Sessions.as_view({"get": "list", "post": "create"}),
        name="checkout-sessions",
    ),
    path(_SESSION, SessionDetail.as_view(), name="checkout-session"),
    path(f"{_SESSION}/payments", SessionPayments.as_view(), name="checkout-payments"),
    path(f"{_SESSION}/refunds", SessionRefunds.as_view(), name="checkout-refunds"),
    path(f"{_SESSION}/disputes", SessionDisputes.as_view(), name="checkout-disputes"),
    path("checkout/receipts", Receipts.as_view({"get": "list"}), name="receipts"),
    path(_RECEIPT, ReceiptDetail.as_view(), name="receipt"),
    path(f"{_RECEIPT}/apply", ReceiptApply.as_view(), name="receipt-apply"),
    path(f"{_RECEIPT}/refunds", ReceiptRefunds.as_view(), name="receipt-refunds"),
    path("refunds", Refunds.as_view({"get": "list"}), name="refunds"),
    path("refunds/<checkout:refund_id>", RefundDetail.as_view(), name="refund"),
    path("refunds/<checkout:refund_id>/approve", ApproveRefund.as_view(), name="refund-approve"),
    path("refunds/<checkout:refund_id>/reject", RejectRefund.as_view(), name="refund-reject"),
    path("disputes/<checkout:dispute_id>", DisputeDetail.as_view(), name="dispute"),
    path(
        "disputes/<checkout:dispute_id>/resolve", ResolveDispute.as_view(), name="dispute-resolve"
    ),
]
