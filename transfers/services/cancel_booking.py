"""A job will not happen: from then on nobody is paid for it."""

from django.db import transaction

from audit.actor import Actor
from guard.door import Conflict, Won, change_status
from transfers.models import Booking, BookingStatus
from transfers.selectors import get_booking
from transfers.services.retry_transfer import ObligationLive

# Money that moves or may have moved, and money that arrived and was not taken back.
_MONEY = ("pending_count", "processing_count", "unknown_count", "success_count")


def cancel_booking(
    *, reference: str, actor: Actor, reason: str, expected_version: int | None = None
) -> Booking:
    """Scheduled -> cancelled, if nobody on it is being paid or is paid. Own transaction.

    The counters are columns of the booking's own row, kept by the database, and conditions of the same UPDATE; a
    payment that starts at this moment is refused by the database once the booking is cancelled (transfers/triggers.py).
    Raises NotFound, IllegalTransition (422), ObligationLive (409: take the money back first), Conflicted (409).
    """
    booking = get_booking(reference)
    with transaction.atomic():
        result = change_status(
            Booking,
            booking.pk,
            believed=booking.status,
            to=BookingStatus.CANCELLED,
            version=expected_version,
            actor=actor,
            reason=reason,
            also=dict.fromkeys(_MONEY, 0),
        )
    if isinstance(result, Won):
        return get_booking(reference)
    if isinstance(result, Conflict) and result.current_status == booking.status:
        now = get_booking(reference)
        people = {name: getattr(now, name) for name in _MONEY if getattr(now, name)}
        if people:
            count = sum(people.values())
            who = "1 person on it is" if count == 1 else f"{count:,} people on it are"
            raise ObligationLive(
                f"{who} paid or being paid. Take that money back first, then cancel.",
                current_status=now.status,
                current_version=now.version,
                **people,
            )
    raise result.error()
