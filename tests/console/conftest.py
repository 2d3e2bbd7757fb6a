"""People at the console, and bookings in every state, made by the real services against the sandbox."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from access.policy import assign_role
from access.roles import Role
from tests.factories import ALICE, make_booking
from tests.sandbox_process import SandboxProcess
from transfers.models import Booking, Transfer
from transfers.services.pay_crew import pay_crew
from transfers.services.work_transfer import work_transfer

Open = Callable[[str], Client]
Work = Callable[[Booking], None]


@pytest.fixture
def at(transactional_db: None) -> Open:
    """`at("operator")`: a browser in which a person of that role is logged in."""

    def log_in(role: str) -> Client:
        user, is_new = User.objects.get_or_create(username=f"the-{role}")
        if is_new:
            assign_role(user, Role(role))
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def work(sandbox: SandboxProcess) -> Work:
    """`work(booking)`: one look of a worker at each of its transfers."""

    def look(booking: Booking) -> None:
        for transfer in transfers_of(booking):
            work_transfer(transfer_id=transfer.pk)
        booking.refresh_from_db()

    return look


def transfers_of(booking: Booking) -> list[Transfer]:
    """In the order of the crew."""
    return list(Transfer.objects.filter(source_id=booking.pk).order_by("id"))


@pytest.fixture
def paid(transactional_db: None, work: Work) -> Booking:
    """Two people, both paid."""
    return _worked(make_booking("acct_1a", "acct_1b"), work)


@pytest.fixture
def failed(transactional_db: None, work: Work) -> Booking:
    """Two people: one paid, one whose account may not receive transfers."""
    return _worked(make_booking("acct_1c", "acct_no_transfers_1"), work)


@pytest.fixture
def unknown(transactional_db: None, work: Work) -> Booking:
    """One person whose outcome nobody knows: the answer and the webhook were lost."""
    return _worked(make_booking("acct_silent_1"), work)


def _worked(booking: Booking, work: Work) -> Booking:
    pay_crew(reference=booking.reference, actor=ALICE)
    work(booking)
    return booking


def crew(booking: Booking, rest: str = "") -> str:
    """Addresses of the crew dialog."""
    return f"/admin/transfers/booking/{booking.pk}/crew/{rest}"
