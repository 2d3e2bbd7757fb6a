"""The counters of a booking, counted again from its transfers, row by row and without SQL's help."""

from collections import Counter

from transfers.models import Booking, PaymentState, Transfer


def recount(booking: Booking) -> dict[str, object]:
    """What the booking's row must say."""
    rows = list(Transfer.objects.filter(source_type="booking", source_id=booking.pk))
    words = Counter("unknown" if row.outcome_unknown else row.status for row in rows)
    paid = sum(row.amount_minor - row.reversed_minor for row in rows if row.status == "success")
    undone = words["reversed"] + words["returned"]
    if words["failed"] or words["unknown"] or undone:
        state = PaymentState.ATTENTION
    elif words["success"] == booking.crew_count:
        state = PaymentState.PAID
    elif words["pending"] or words["processing"]:
        state = PaymentState.PROCESSING
    else:
        state = PaymentState.PARTIALLY_PAID if words["success"] else PaymentState.UNPAID
    return {
        "pending_count": words["pending"],
        "processing_count": words["processing"],
        "unknown_count": words["unknown"],
        "success_count": words["success"],
        "failed_count": words["failed"],
        "undone_count": undone,
        "paid_minor": paid,
        "payment_state": state.value,
    }


def assert_counters_are_a_recount(*bookings: Booking) -> None:
    """For each booking, as it is in the database now."""
    for booking in bookings:
        now = Booking.objects.get(pk=booking.pk)
        expected = recount(now)
        assert {name: getattr(now, name) for name in expected} == expected
