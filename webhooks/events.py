"""What integrators can be told of. Adding a type is a promise: it appears in the API, the console and the docs."""

from typing import Final

EVENT_TYPES: Final = (
    "transfer.success",
    "transfer.failed",
    "transfer.returned",
    "transfer.reversed",
    "payout.requested",
    "payout.approved",
    "payout.rejected",
    "payout.processing",
    "payout.paid",
    "payout.failed",
    "payout.cancelled",
    "checkout.session.paid",
    "checkout.session.expired",
    "refund.succeeded",
    "refund.failed",
)
