"""What integrators are told of a transfer: its public document as it was at the fact, without its attempts."""

from typing import Final

from webhooks.promise import PromiseOnStatus
from webhooks.sql_values import amount_sql, moment_sql, object_sql

TRANSFER_DATA: Final = {
    "id": "NEW.id",
    "source": object_sql({"type": "NEW.source_type", "reference": "NEW.source_reference"}),
    "user_id": "nullif(NEW.user_id, '')",
    "payee_name": "NEW.payee_name",
    "amount": amount_sql("NEW.amount_minor", "NEW.currency"),
    "currency": "NEW.currency",
    "rail": "NEW.rail",
    "status": "NEW.status",
    "version": "NEW.version",
    "outcome_unknown": "NEW.outcome_unknown",
    "failure": "CASE WHEN NEW.status = 'failed' THEN "
    f"{object_sql({'code': 'NEW.failure_code', 'message': 'NEW.failure_message'})} END",
    "rail_reference": "nullif(NEW.rail_reference, '')",
    "reversed_amount": amount_sql("NEW.reversed_minor", "NEW.currency"),
    "returned": "CASE WHEN NEW.returned_minor > 0 THEN "
    + object_sql(
        {
            "amount": amount_sql("NEW.returned_minor", "NEW.returned_currency"),
            "currency": "NEW.returned_currency",
        }
    )
    + " END",
    "supersedes": "NEW.supersedes_id",
    "created_at": moment_sql("NEW.created_at"),
    "updated_at": moment_sql("NEW.updated_at"),
}
TRANSFER_PROMISES: Final = PromiseOnStatus(
    name="transfer_promises",
    events={
        status: f"transfer.{status}" for status in ("success", "failed", "returned", "reversed")
    },
    subject_type="transfer",
    data=TRANSFER_DATA,
)
