"""Without a queue, or with one that never answers: 202 within two seconds, and everybody is paid."""

import time

import pytest

from tests.cast import integrator
from tests.chaos.watch import wait_until_settled
from tests.factories import make_booking
from tests.stack import Queue, Stack

MOST_SECONDS_TO_202 = 2.0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("queue", ["absent", "black_hole"])
def test_everybody_is_paid_without_a_queue(queue: Queue) -> None:
    with Stack(queue=queue) as stack:
        caller = integrator(stack.web_url)
        bookings = [make_booking("acct_1a", "acct_1b") for _ in range(4)]
        for booking in bookings:
            began = time.monotonic()
            assert caller.pay_all(booking.reference).status == 202
            assert time.monotonic() - began < MOST_SECONDS_TO_202
        for booking in bookings:
            wait_until_settled(stack, booking, 20)
        assert stack.sandbox.totals()["movements"] == 8
        assert stack.sandbox.totals()["paid_more_than_once"] == []
        assert caller.get(f"bookings/{bookings[0].reference}").body["is_paid"] is True
