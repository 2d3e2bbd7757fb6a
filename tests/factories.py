"""Objects for tests. Bookings are made through the service, so that they are what the product makes."""

from typing import Any, cast

from factory.base import Factory
from factory.declarations import LazyAttribute, LazyFunction, Sequence
from factory.faker import Faker

from audit.actor import Actor
from money import Money
from transfers.models import Booking
from transfers.services.create_booking import NewCrewMember, create_booking

ALICE = Actor("user", "alice", request_id="req-alice")
BOB = Actor("user", "bob", request_id="req-bob")
OWED = Money(45_000, "USD")


class CrewMemberFactory(Factory[NewCrewMember]):
    """A person owed 450.00 USD, on a healthy account of their own."""

    class Meta:
        model = NewCrewMember

    user_id = Sequence(lambda n: f"u{n}")
    name = Faker("name")
    role = "mover"
    amount = OWED
    stripe_account = LazyAttribute(lambda member: f"acct_1{member.user_id}")


class BookingFactory(Factory[Booking]):
    """`BookingFactory(crew=crew_of("acct_1a", "acct_lost_answer_1"))`; without `crew`, one healthy person."""

    class Meta:
        model = Booking

    reference = Sequence(lambda n: f"BK-{n + 1}")
    customer_name = "Ann Mover"
    crew = LazyFunction(lambda: crew_of("acct_1ok"))
    actor = ALICE

    @classmethod
    def _create(cls, model_class: type[Booking], *args: Any, **kwargs: Any) -> Booking:
        return create_booking(**kwargs)


def crew_of(*accounts: str, amount: Money = OWED) -> list[NewCrewMember]:
    """People u1, u2, ... on these accounts, so that a test can name them."""
    return [
        cast(
            NewCrewMember,
            CrewMemberFactory(user_id=f"u{place}", stripe_account=account, amount=amount),
        )
        for place, account in enumerate(accounts, start=1)
    ]


def make_booking(*accounts: str, amount: Money = OWED, **values: Any) -> Booking:
    """A booking with people u1, u2, ... on these accounts, each owed `amount`."""
    crew = crew_of(*(accounts or ("acct_1ok",)), amount=amount)
    return cast(Booking, BookingFactory(crew=crew, **values))
