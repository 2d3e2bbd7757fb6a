"""What integrators are told of sessions and refunds: their public documents as they were at the fact."""

from typing import Final

from webhooks.promise import PromiseOnStatus
from webhooks.sql_values import amount_sql, moment_sql, object_sql

ASSET_SQL: Final = (
    "CASE WHEN NEW.currency = 'XLM' THEN to_json('native'::text) ELSE "
    + object_sql(
        {"code": "split_part(NEW.currency, ':', 1)", "issuer": "split_part(NEW.currency, ':', 2)"}
    )
    + " END"
)
_PAYMENT = object_sql(
    {
        "id": "payment.id",
        "receipt": "receipt.id",
        "tx_hash": "receipt.tx_hash",
        "operation_index": "receipt.operation_index",
        "amount": amount_sql("payment.amount_minor", "receipt.currency"),
        "currency": "receipt.currency",
        "sender": "receipt.sender",
        "closed_at": moment_sql("receipt.closed_at"),
    }
)
SESSION_DATA: Final = {
    "id": "NEW.id",
    "merchant_reference": "NEW.merchant_reference",
    "amount": amount_sql("NEW.amount_minor", "NEW.currency"),
    "currency": "NEW.currency",
    "asset": ASSET_SQL,
    "status": "NEW.status",
    "version": "NEW.version",
    "expires_at": moment_sql("NEW.expires_at"),
    "paid_at": moment_sql("NEW.paid_at"),
    "payments": f"(SELECT coalesce(json_agg({_PAYMENT} ORDER BY payment.id), '[]'::json) "
    "FROM checkout_payment AS payment JOIN checkout_receipt AS receipt ON receipt.id = payment.receipt_id "
    "WHERE payment.session_id = NEW.id)",
    "created_at": moment_sql("NEW.created_at"),
    "updated_at": moment_sql("NEW.updated_at"),
}
SESSION_PROMISES: Final = PromiseOnStatus(
    name="session_promises",
    events={"paid": "checkout.session.paid", "expired": "checkout.session.expired"},
    subject_type="checkout_session",
    data=SESSION_DATA,
)
REFUND_DATA: Final = {
    "id": "NEW.id",
    "session": "NEW.session_id",
    "amount": amount_sql("NEW.amount_minor", "NEW.currency"),
    "currency": "NEW.currency",
    "asset": ASSET_SQL,
    "destination": "NEW.destination",
    "reason": "NEW.reason",
    "status": "NEW.status",
    "version": "NEW.version",
    "created_at": moment_sql("NEW.created_at"),
    "updated_at": moment_sql("NEW.updated_at"),
}
REFUND_PROMISES: Final = PromiseOnStatus(
    name="refund_promises",
    events={"refunded": "refund.succeeded", "failed": "refund.failed"},
    subject_type="refund",
    data=REFUND_DATA,
)
