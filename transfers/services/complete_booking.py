"""A job is done. Its crew is paid the same before and afterwards."""

from django.db import transaction

from audit.actor import Actor
from guard.door import Won, change_status
from transfers.models import Booking, BookingStatus
from transfers.selectors import get_booking


def complete_booking(
    *, reference: str, actor: Actor, reason: str = "", expected_version: int | None = None
) -> Booking:
    """Scheduled -> completed. Own transaction; no money moves.

    Raises NotFound, IllegalTransition (422), Conflicted (409, with who was faster).
    """
    booking = get_booking(reference)
    with transaction.atomic():
        result = change_status(
            Booking,
            booking.pk,
            believed=booking.status,
            to=BookingStatus.COMPLETED,
            version=expected_version,
            actor=actor,
            reason=reason,
        )
    if not isinstance(result, Won):
        raise result.error()
    return get_booking(reference)
