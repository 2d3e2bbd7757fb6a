"""Without a queue, or with one that never answers: 202 within two seconds, and everybody is paid."""

import time
from collections.abc import Callable
from functools import partial

import pytest

from tests.cast import Said, integrator
from tests.chaos.watch import wait_until_settled
from tests.factories import make_booking
from tests.stack import Queue, Stack

MOST_SECONDS_TO_202 = 2.0


def seconds_of(call: Callable[[], Said]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("queue", ["absent", "black_hole"])
def test_everybody_is_paid_without_a_queue(queue: Queue) -> None:
    with Stack(queue=queue) as stack:
        caller = integrator(stack.web_url)
        bookings = [make_booking("acct_1a", "acct_1b") for _ in range(4)]
        # The first requests of a web process import what it needs.
        for _ in range(8):
            caller.get("bookings")
        for booking in bookings:
            idle = seconds_of(partial(caller.get, f"bookings/{booking.reference}"))
            took = seconds_of(partial(caller.pay_all, booking.reference))
            # On a machine that is busy with other things, a plain read is slow as well.
            assert took < MOST_SECONDS_TO_202 + 2 * idle
        assert set(caller.statuses) == {200, 202}
        for booking in bookings:
            wait_until_settled(stack, booking, 20)
        assert stack.sandbox.totals()["movements"] == 8
        assert stack.sandbox.totals()["paid_more_than_once"] == []
        assert caller.get(f"bookings/{bookings[0].reference}").body["is_paid"] is True
