"""Messages only wake workers: lose all of them or deliver each three times, and everybody is paid once."""

from redis import Redis

from tests.cast import Caller
from tests.chaos.watch import assert_paid_once, statuses, wait_until_settled
from tests.factories import make_booking
from tests.stack import SWEEP_PLUS_LEASE_SECONDS, Stack
from transfers.models import TransferAttempt


def test_a_message_alone_pays(stack: Stack, caller: Caller) -> None:
    """This worker sweeps once when it starts and then not for an hour."""
    stack.start_worker(environment={"SWEEP_INTERVAL_SECONDS": "3600"})
    first = make_booking("acct_1a")
    assert caller.pay_all(first.reference).status == 202
    wait_until_settled(stack, first)
    second = make_booking("acct_1b", "acct_1c")
    assert caller.pay_all(second.reference).status == 202
    wait_until_settled(stack, second)
    assert stack.sandbox.totals()["movements"] == 3


def test_the_queue_is_emptied(stack: Stack, caller: Caller) -> None:
    booking = make_booking(*(f"acct_1{number}" for number in range(20)))
    assert caller.pay_all(booking.reference).status == 202
    with Redis.from_url(stack.queue_url) as queue:
        assert queue.llen("celery") > 0
        queue.flushall()
    stack.start_worker()
    took = wait_until_settled(stack, booking)
    assert took < SWEEP_PLUS_LEASE_SECONDS
    assert_paid_once(stack, booking)


def test_the_queue_is_emptied_while_workers_work(stack: Stack, caller: Caller) -> None:
    stack.sandbox.settings(latency_ms=100)
    stack.start_worker(wait=False)
    stack.start_worker()
    booking = make_booking(*(f"acct_1{number}" for number in range(40)))
    with Redis.from_url(stack.queue_url) as queue:
        assert caller.pay_all(booking.reference).status == 202
        queue.flushall()
        wait_until_settled(stack, booking)
        queue.flushall()
    second = make_booking("acct_2a", "acct_2b")
    assert caller.pay_all(second.reference).status == 202
    wait_until_settled(stack, second)
    assert statuses(booking) == {"success": 40}
    assert stack.sandbox.totals()["movements"] == 42
    assert stack.sandbox.totals()["paid_more_than_once"] == []


def test_every_message_is_delivered_three_times(stack: Stack, caller: Caller) -> None:
    booking = make_booking(*(f"acct_1{number}" for number in range(30)))
    assert caller.pay_all(booking.reference).status == 202
    with Redis.from_url(stack.queue_url) as queue:
        messages = queue.lrange("celery", 0, -1)
        assert len(messages) == 30
        for message in [*messages, *reversed(messages)]:
            queue.rpush("celery", message)
    stack.start_worker(wait=False)
    stack.start_worker()
    wait_until_settled(stack, booking)
    assert_paid_once(stack, booking)
    assert set(TransferAttempt.objects.values_list("number", "send_count")) == {(1, 1)}
