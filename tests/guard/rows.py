"""Transfers in any status, made without the services, for tests of the guard alone."""

import uuid
from typing import Any

from transfers.models import Booking, Transfer

_REFERENCE = {"success", "reversed", "returned"}


def transfer_in(status: str, **values: Any) -> Transfer:
    """A transfer that belongs to no booking, inserted in `status`."""
    key = uuid.uuid4()
    fields: dict[str, Any] = {
        "source_type": "payout",
        "source_id": key.int % 2**62,
        "source_reference": "P",
        "payee_name": "Ann",
        "amount_minor": 100,
        "currency": "USD",
        "rail": "stripe",
        "destination": "acct_1",
        "status": status,
        "rail_reference": f"tr_{key.hex}" if status in _REFERENCE else "",
    }
    return Transfer.objects.create(**{**fields, **values})


def booking_in(status: str) -> Booking:
    """A booking of nobody, inserted in `status`."""
    return Booking.objects.create(
        reference=uuid.uuid4().hex,
        customer_name="Ann",
        currency="USD",
        crew_count=1,
        total_minor=100,
        status=status,
    )
