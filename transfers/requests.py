"""What an attempt is about to send, by rail: written down with the claim, before any call."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from transfers.models import Rail, Transfer
from transfers.policy import attempt_key, transfer_group
from transfers.rail_access import (
    RailNotConfigured,
    horizon_rail,
    stellar_treasury,
    stripe_rail,
    wise_rail,
)

# The shortest of the routes takes ten characters.
_REFERENCE_CHARACTERS = 10


@dataclass(frozen=True, slots=True)
class AttemptPlan:
    """`request` is exact and holds no bank details. `first_columns`: what else the attempt's row starts with."""

    idempotency_key: str
    request: dict[str, Any]
    first_columns: dict[str, Any]


def plan_attempt(transfer: Transfer, number: int) -> AttemptPlan:
    """The plan of attempt `number`. Raises RailNotConfigured (503); nothing was claimed then."""
    if transfer.rail == Rail.WISE:
        return AttemptPlan(
            attempt_key(transfer, number),
            _wise_request(transfer, number),
            # Its first calls move nothing: a worker that dies in them leaves nothing unknown.
            {"answered": True, "send_count": 0},
        )
    if transfer.rail == Rail.STELLAR:
        return AttemptPlan(
            attempt_key(transfer, number),
            _stellar_request(transfer),
            # Nothing is sent before its envelope is committed, and that says so.
            {"answered": True, "send_count": 0},
        )
    return AttemptPlan(attempt_key(transfer, number), build_request(transfer, number), {})


def build_request(transfer: Transfer, number: int) -> dict[str, Any]:
    """The exact request of attempt `number`, as it will be stored, sent and, if need be, sent again."""
    if transfer.rail != Rail.STRIPE:
        raise RailNotConfigured(f"{transfer.rail} pays nothing here.", reason="no such rail")
    return stripe_rail().build_request(
        amount_minor=transfer.amount_minor,
        currency=transfer.currency,
        destination=transfer.destination,
        group=transfer_group(transfer),
        metadata={
            "transfer": str(transfer.debt_key),
            "attempt": str(number),
            "source": f"{transfer.source_type}:{transfer.source_reference}",
            "person": transfer.user_id,
        },
    )


def debt_reference(source_id: int) -> str:
    """What the payee reads beside the payment, if it is short enough for every route."""
    return f"PO{source_id}"


def searchable_reference(source_id: int) -> str:
    """The reference if it names this debt alone: one that had to be cut short is shared with others, so empty."""
    reference = debt_reference(source_id)
    return reference if len(reference) <= _REFERENCE_CHARACTERS else ""


def _wise_request(transfer: Transfer, number: int) -> dict[str, Any]:
    return {
        "profile": wise_rail().profile_id,
        "source_currency": settings.WISE_SOURCE_CURRENCY,
        "target_currency": transfer.currency,
        "target_amount": transfer.amount.format(),
        "customer_transaction_id": attempt_key(transfer, number),
        "reference": debt_reference(transfer.source_id)[:_REFERENCE_CHARACTERS],
    }


def _stellar_request(transfer: Transfer) -> dict[str, Any]:
    """Where it goes, and under which sequence number, is in the envelope (StellarEnvelope, StellarPayment)."""
    horizon_rail()  # refuses where nothing is configured, before anything is claimed
    treasury = stellar_treasury()
    return {
        "rail": "stellar",
        "network": treasury.network_passphrase,
        "payer": treasury.account,
        "amount": transfer.amount.format(),
        "currency": transfer.currency,
    }
