"""Models into the contract's JSON. Nothing here asks the database beyond what the selectors have read."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from checkout.api.assets import asset_document
from checkout.models import CheckoutSession, Dispute, Payment, Receipt, ReceiptState, Refund
from checkout.policy import WHY
from checkout.selectors import payment_of
from money import Money
from transfers.api.documents import Document, moment
from transfers.models import Transfer


def session_document(session: CheckoutSession) -> Document:
    """A session with its payments, as `selectors.sessions_shown` reads it."""
    return {
        "id": session.pk,
        "status": session.status,
        "version": session.version,
        "merchant_reference": session.merchant_reference,
        "amount": session.amount.format(),
        "currency": session.currency,
        "asset": asset_document(session.currency),
        "pay_to": pay_to_document(session),
        "pay_url": f"{settings.PUBLIC_URL.rstrip('/')}/pay/{session.pay_token}",
        "expires_at": moment(session.expires_at),
        "paid_at": moment(session.paid_at),
        "claimed_tx_hash": session.claimed_tx_hash or None,
        "payments": [payment_document(one) for one in session.payments.all()],
        "created_by": session.created_by,
        "created_at": moment(session.created_at),
        "updated_at": moment(session.updated_at),
    }


def pay_to_document(session: CheckoutSession) -> Document:
    """Where the customer sends it."""
    return {
        "account": session.account,
        "memo": session.memo,
        "memo_type": "id",
        "muxed_id": session.memo,
    }


def payment_document(payment: Payment) -> Document:
    """A receipt, or the part of one, that pays a session."""
    receipt = payment.receipt
    return {
        "id": payment.pk,
        "receipt": receipt.pk,
        "tx_hash": receipt.tx_hash,
        "operation_index": receipt.operation_index,
        "amount": payment.amount.format(),
        "currency": receipt.currency,
        "sender": receipt.sender,
        "closed_at": moment(receipt.closed_at),
    }


def receipt_document(receipt: Receipt) -> Document:
    """One incoming operation and what became of it, as `selectors.receipts_shown` reads it."""
    payment = payment_of(receipt)
    paid = payment.amount_minor if payment else 0
    kept = receipt.status == ReceiptState.FAILED
    over = 0 if kept else receipt.amount_minor - paid
    return {
        "id": receipt.pk,
        "state": receipt.status,
        "status": receipt.status,
        "version": receipt.version,
        "reason": receipt.reason or None,
        "explanation": WHY.get(receipt.reason),
        "session": receipt.session_id,
        "tx_hash": receipt.tx_hash,
        "operation_index": receipt.operation_index,
        "operation_id": str(receipt.operation_id),
        "kind": receipt.kind,
        "amount": receipt.amount.format(),
        "currency": receipt.currency,
        "asset": asset_document(receipt.currency),
        "paid_amount": Money(paid, receipt.currency).format(),
        "surplus_amount": Money(over, receipt.currency).format(),
        "refundable_amount": Money(receipt.left_minor, receipt.currency).format(),
        "account": receipt.account,
        "sender": receipt.sender,
        "memo_type": receipt.memo_type,
        "memo": receipt.memo or None,
        "muxed_id": receipt.muxed_id or None,
        "closed_at": moment(receipt.closed_at),
        "created_at": moment(receipt.created_at),
        "updated_at": moment(receipt.updated_at),
    }


def refund_document(refund: Refund, transfer: Transfer | None) -> Document:
    """Money that goes back."""
    return {
        "id": refund.pk,
        "session": refund.session_id,
        "dispute": refund.dispute_id,
        "status": refund.status,
        "version": refund.version,
        "amount": refund.amount.format(),
        "currency": refund.currency,
        "asset": asset_document(refund.currency),
        "destination": refund.destination,
        "reason": refund.reason,
        "requested_by": refund.requested_by,
        "reviewed_by": refund.reviewed_by or None,
        "reviewed_at": moment(refund.reviewed_at),
        "review_note": refund.review_note or None,
        "transfer": transfer and _transfer_of_refund(transfer),
        "created_at": moment(refund.created_at),
        "updated_at": moment(refund.updated_at),
    }


def _transfer_of_refund(transfer: Transfer) -> Document:
    return {
        "id": transfer.pk,
        "status": transfer.status,
        "version": transfer.version,
        "outcome_unknown": transfer.outcome_unknown,
        "rail_reference": transfer.rail_reference or None,
    }


def dispute_document(dispute: Dispute) -> Document:
    """What somebody wants back."""
    return {
        "id": dispute.pk,
        "session": dispute.session_id,
        "status": dispute.status,
        "version": dispute.version,
        "amount": dispute.amount.format(),
        "currency": dispute.currency,
        "reason": dispute.reason or None,
        "opened_by": dispute.opened_by,
        "resolved_by": dispute.resolved_by or None,
        "resolved_at": moment(dispute.resolved_at),
        "note": dispute.note or None,
        "created_at": moment(dispute.created_at),
        "updated_at": moment(dispute.updated_at),
    }


def notified_document(
    session: CheckoutSession, result: str, reason: str, receipts: Iterable[Receipt]
) -> dict[str, Any]:
    """What became of a payment that was named."""
    return {
        "result": result,
        "reason": reason or None,
        "session": session_document(session),
        "receipts": [receipt_document(one) for one in receipts],
    }
