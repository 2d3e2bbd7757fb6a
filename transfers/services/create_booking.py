"""Write down a booking and what its crew is owed."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Invalid, Refused
from money import CurrencyMismatch, Money, total
from rails.stripe_units import NotPayable, to_wire
from transfers.models import Booking, CrewMember


class BookingExists(Refused):
    """This reference was used before; nothing was created."""

    code = "booking_exists"
    title = "This booking exists"


@dataclass(frozen=True, slots=True)
class NewCrewMember:
    """A person to be paid for the booking."""

    user_id: str
    name: str
    role: str
    amount: Money
    stripe_account: str


def create_booking(
    *, reference: str, customer_name: str, crew: Sequence[NewCrewMember], actor: Actor
) -> Booking:
    """Create a booking with its crew; nobody is paid yet. Opens its own transaction.

    Raises BookingExists (409), Invalid (422: no crew, a person twice, two currencies, an amount that is not
    positive or that Stripe does not have). Unique per reference under concurrency by the database's constraint.
    """
    amount = _check_crew(crew)
    try:
        with transaction.atomic():
            booking = _write(reference, customer_name, crew, amount, actor)
    except IntegrityError as error:
        if Booking.objects.filter(reference=reference).exists():
            raise BookingExists(f"There is a booking {reference} already.") from error
        raise
    booking.refresh_from_db()
    return booking


def _write(
    reference: str,
    customer_name: str,
    crew: Sequence[NewCrewMember],
    amount: Money,
    actor: Actor,
) -> Booking:
    booking = Booking.objects.create(
        reference=reference,
        customer_name=customer_name,
        currency=amount.currency,
        crew_count=len(crew),
        total_minor=amount.minor,
    )
    CrewMember.objects.bulk_create(
        [
            CrewMember(
                booking=booking,
                user_id=member.user_id,
                name=member.name,
                role=member.role,
                amount_minor=member.amount.minor,
                currency=member.amount.currency,
                stripe_account=member.stripe_account,
            )
            for member in crew
        ],
        batch_size=1_000,
    )
    record(
        Note(
            subject=f"booking:{booking.pk}",
            action="booking.created",
            actor=actor,
            new_status=booking.status,
            snapshot={"reference": reference, "crew": len(crew), "total": str(amount)},
        )
    )
    return booking


def _check_crew(crew: Sequence[NewCrewMember]) -> Money:
    if not crew:
        raise Invalid("A booking has at least one crew member.", field="crew", code="required")
    seen: set[str] = set()
    for place, member in enumerate(crew):
        if member.amount.minor <= 0:
            raise Invalid(
                "The amount must be positive.", field=f"crew.{place}.amount", code="min_value"
            )
        try:
            to_wire(member.amount.minor, member.amount.currency)
        except NotPayable as error:
            raise Invalid(str(error), field=f"crew.{place}.amount", code=error.code) from error
        if member.user_id in seen:
            raise Invalid(
                f"{member.user_id} is on the crew twice.",
                field=f"crew.{place}.user_id",
                code="unique",
            )
        seen.add(member.user_id)
    try:
        return total((member.amount for member in crew), crew[0].amount.currency)
    except CurrencyMismatch as error:
        raise Invalid(
            "Everybody on one booking is paid in the same currency.", field="crew", code=error.code
        ) from error
    except ValueError as error:
        raise Invalid(str(error), field="crew", code="amount_too_large") from error
