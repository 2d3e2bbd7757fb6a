"""Fifty requests in the same second for one booking of fifty: fifty rows, fifty movements, no bare 500."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from audit.models import Entry
from tests.cast import Caller, Said
from tests.chaos.watch import assert_paid_once, wait_until_settled
from tests.factories import make_booking
from tests.stack import Stack
from transfers.models import Booking, Transfer, TransferAttempt

REQUESTS = 50
PEOPLE = 50


def at_once(caller: Caller, booking: Booking, key: str | None = None) -> list[Said]:
    barrier = threading.Barrier(REQUESTS, timeout=30)

    def press(_: int) -> Said:
        barrier.wait()
        return caller.pay_all(booking.reference, key=key)

    with ThreadPoolExecutor(REQUESTS) as pool:
        return list(pool.map(press, range(REQUESTS)))


def booking_of_fifty() -> Booking:
    return make_booking(*(f"acct_1{number}" for number in range(PEOPLE)))


@pytest.mark.parametrize("key", [None, "the-same-key"])
def test_fifty_times_pay_all(stack: Stack, caller: Caller, key: str | None) -> None:
    booking = booking_of_fifty()
    stack.start_worker(wait=False)
    answers = at_once(caller, booking, key)
    statuses = Counter(answer.status for answer in answers)
    if key is None:
        assert statuses == {202: REQUESTS}, stack.log("web")
        enqueued = Counter(
            result["user_id"]
            for answer in answers
            for result in answer.body["results"]
            if result["outcome"] == "enqueued"
        )
        assert enqueued == {f"u{place}": 1 for place in range(1, PEOPLE + 1)}
    else:
        # The same request again: its first answer, or "still running".
        assert set(statuses) <= {202, 409}
        assert {a.body["code"] for a in answers if a.status == 409} <= {"idempotency_in_progress"}
        assert len({str(a.body) for a in answers if a.status == 202}) == 1
    wait_until_settled(stack, booking, 60)
    assert Transfer.objects.count() == PEOPLE
    assert TransferAttempt.objects.count() == PEOPLE
    assert Entry.objects.filter(action="transfer.pending").count() == PEOPLE
    assert_paid_once(stack, booking)
    assert len(stack.sandbox.books()["keys"]) == PEOPLE
    assert "Internal Server Error" not in stack.log("web")
