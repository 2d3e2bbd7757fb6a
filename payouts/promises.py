"""What integrators are told of a payout request: its public document as it was at the fact, without bank details."""

from typing import Final

from webhooks.promise import PromiseOnStatus
from webhooks.sql_values import amount_sql, moment_sql, object_sql

_STATUSES = ("requested", "approved", "rejected", "processing", "paid", "failed", "cancelled")
_EVENTS: Final = {status: f"payout.{status}" for status in _STATUSES}
_PAYEE = object_sql(
    {
        "external_id": "payee.external_id",
        "name": "payee.name",
        "region": "payee.region",
        "kyc_status": "payee.status",
    }
)
_TRANSFER = object_sql(
    {
        "id": "transfer.id",
        "status": "transfer.status",
        "version": "transfer.version",
        "rail_reference": "nullif(transfer.rail_reference, '')",
    }
)
PAYOUT_DATA: Final = {
    "id": "NEW.id",
    "payee": f"(SELECT {_PAYEE} FROM payouts_payee AS payee WHERE payee.id = NEW.payee_id)",
    "amount": amount_sql("NEW.amount_minor", "NEW.currency"),
    "currency": "NEW.currency",
    "rail": "NEW.rail",
    "region": "NEW.region",
    "status": "NEW.status",
    "version": "NEW.version",
    "created_by": "NEW.created_by",
    "reviewed_by": "nullif(NEW.reviewed_by, '')",
    "reviewed_at": moment_sql("NEW.reviewed_at"),
    "reason": "nullif(NEW.reason, '')",
    "transfer": f"(SELECT {_TRANSFER} FROM transfers_transfer AS transfer "
    "WHERE transfer.source_type = 'payout' AND transfer.source_id = NEW.id)",
    "supersedes": "NEW.supersedes_id",
    "created_at": moment_sql("NEW.created_at"),
    "updated_at": moment_sql("NEW.updated_at"),
}
PAYOUT_PROMISES: Final = (
    PromiseOnStatus(
        name="payout_promises", events=_EVENTS, subject_type="payout", data=PAYOUT_DATA
    ),
    PromiseOnStatus(
        name="payout_birth_promises",
        events={"requested": _EVENTS["requested"]},
        subject_type="payout",
        data=PAYOUT_DATA,
        at_birth=True,
    ),
)
