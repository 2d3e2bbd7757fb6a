"""The stack itself: a booking made here is paid by its worker, in the sandbox's books."""

from tests.factories import ALICE, make_booking
from tests.stack import Stack, wait_until
from transfers.services.pay_crew import pay_crew


def test_paid_by_the_worker(stack: Stack) -> None:
    booking = make_booking("acct_1a", "acct_1b")
    pay_crew(reference=booking.reference, actor=ALICE)

    def paid() -> bool:
        booking.refresh_from_db()
        return bool(booking.is_paid)

    wait_until(paid, why=stack.log())
    assert stack.sandbox.totals()["movements"] == 2
