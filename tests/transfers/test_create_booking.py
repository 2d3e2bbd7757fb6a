"""createBooking: written once per reference, in one currency, with a crew."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection

from audit.models import Entry
from guard.errors import Invalid
from money import MAX_MINOR, Money
from tests.factories import ALICE, crew_of
from transfers.models import Booking, CrewMember
from transfers.services.create_booking import BookingExists, NewCrewMember, create_booking


def create(crew: list[NewCrewMember], reference: str = "BK-1") -> Booking:
    return create_booking(reference=reference, customer_name="Ann", crew=crew, actor=ALICE)


@pytest.mark.django_db
def test_a_booking_with_its_crew_and_nothing_paid() -> None:
    booking = create(crew_of("acct_1a", "acct_1b"))
    assert (booking.total, booking.paid, booking.remaining) == (
        Money(90_000, "USD"),
        Money(0, "USD"),
        Money(90_000, "USD"),
    )
    assert (booking.crew_count, booking.payment_state, booking.is_paid) == (2, "unpaid", False)
    assert [member.user_id for member in booking.crew.order_by("id")] == ["u1", "u2"]
    entry = Entry.objects.get()
    assert (entry.subject, entry.action, entry.actor_name) == (
        f"booking:{booking.pk}",
        "booking.created",
        "alice",
    )
    assert entry.snapshot == {"reference": "BK-1", "crew": 2, "total": "900.00 USD"}


def _two_currencies() -> list[NewCrewMember]:
    one, other = crew_of("acct_1a", "acct_1b")
    return [one, replace(other, amount=Money(1, "EUR"))]


def _twice() -> list[NewCrewMember]:
    one, other = crew_of("acct_1a", "acct_1b")
    return [one, replace(other, user_id=one.user_id)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("crew", "field", "code"),
    [
        (list, "crew", "required"),
        (_twice, "crew.1.user_id", "unique"),
        (_two_currencies, "crew", "currency_mismatch"),
        (lambda: crew_of("acct_1a", amount=Money(0, "USD")), "crew.0.amount", "min_value"),
        (lambda: crew_of("acct_1a", amount=Money(-1, "USD")), "crew.0.amount", "min_value"),
        (lambda: crew_of("a", amount=Money(150, "MGA")), "crew.0.amount", "not_payable_by_rail"),
        (lambda: crew_of("a", amount=Money(1_501, "KWD")), "crew.0.amount", "not_payable_by_rail"),
        (lambda: crew_of("a", "b", amount=Money(MAX_MINOR, "USD")), "crew", "amount_too_large"),
    ],
)
def test_what_is_refused(crew: Callable[[], list[NewCrewMember]], field: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        create(crew())
    (error,) = refused.value.extra["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert (Booking.objects.count(), CrewMember.objects.count(), Entry.objects.count()) == (0, 0, 0)


@pytest.mark.django_db
def test_the_same_reference_again() -> None:
    create(crew_of("acct_1a"))
    with pytest.raises(BookingExists) as refused:
        create(crew_of("acct_1b"))
    assert (refused.value.code, refused.value.http_status) == ("booking_exists", 409)
    assert CrewMember.objects.get().stripe_account == "acct_1a"


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_make_one() -> None:
    barrier = threading.Barrier(8, timeout=20)

    def run(number: int) -> str:
        try:
            barrier.wait()
            create(crew_of(f"acct_1{number}", "acct_1x"))
        except BookingExists:
            return "exists"
        finally:
            connection.close()
        return "created"

    with ThreadPoolExecutor(8) as pool:
        results = Counter(pool.map(run, range(8)))
    assert results == {"created": 1, "exists": 7}
    assert (Booking.objects.count(), CrewMember.objects.count()) == (1, 2)
