"""Workers killed by SIGKILL at each point: exactly one movement a person, and nobody stuck beyond sweep plus lease."""

import random
import time

from tests.chaos.watch import (
    assert_conserved,
    assert_paid_once,
    hold_the_pace,
    settled,
    statuses,
    wait_until_settled,
)
from tests.factories import ALICE, make_booking
from tests.stack import SWEEP_PLUS_LEASE_SECONDS, Stack, wait_until
from transfers.models import Booking, Transfer, TransferAttempt
from transfers.services.pay_crew import pay_crew

# What may pass on a busy machine beyond one sweep and one lease: probes (at most a second) and the call itself.
SLACK_SECONDS = 4.0


def pay(*accounts: str) -> Booking:
    booking = make_booking(*accounts)
    pay_crew(reference=booking.reference, actor=ALICE)
    return booking


def test_killed_between_its_commit_and_the_call(stack: Stack) -> None:
    hold_the_pace(60)
    stack.start_worker()
    booking = pay("acct_1a", "acct_1b")
    wait_until(lambda: statuses(booking) == {"processing": 2}, why=stack.log_tail())
    assert TransferAttempt.objects.filter(outcome="live", answered=False).count() == 2
    stack.kill_worker()
    assert stack.sandbox.totals()["requests"] == 0
    hold_the_pace(0)
    stack.start_worker()
    took = wait_until_settled(stack, booking)
    assert took < SWEEP_PLUS_LEASE_SECONDS + SLACK_SECONDS
    assert_paid_once(stack, booking)
    assert set(TransferAttempt.objects.values_list("number", "send_count")) == {(1, 2)}


def test_killed_between_the_call_and_its_record(stack: Stack) -> None:
    stack.sandbox.settings(slow_ms=20_000, webhooks_enabled=False)
    stack.start_worker()
    booking = pay("acct_slow_1", "acct_slow_2")
    wait_until(lambda: stack.sandbox.totals()["movements"] == 2, why=stack.log_tail())
    stack.kill_worker()
    assert statuses(booking) == {"processing": 2}
    stack.start_worker()
    took = wait_until_settled(stack, booking)
    assert took < SWEEP_PLUS_LEASE_SECONDS + SLACK_SECONDS
    assert_paid_once(stack, booking)
    # Found by asking; the request did not go out again.
    assert set(TransferAttempt.objects.values_list("number", "send_count")) == {(1, 1)}


def is_being_executed(stack: Stack) -> bool:
    """Has the rail taken our attempt's key up? Calls of tests before this one may still be running there."""
    keys = TransferAttempt.objects.values_list("idempotency_key", flat=True)
    return bool(set(keys) & set(stack.sandbox.books()["keys_running"]))


def test_killed_while_the_rail_has_not_executed_yet(stack: Stack) -> None:
    """Nothing to be found when the next worker asks; the money moves later, under the same key."""
    stack.sandbox.settings(slow_ms=7_000, webhooks_enabled=False)
    stack.start_worker()
    booking = pay("acct_slow_commit_1")
    wait_until(lambda: is_being_executed(stack), why=stack.log_tail())
    stack.kill_worker()
    stack.start_worker()
    wait_until_settled(stack, booking)
    assert_paid_once(stack, booking)
    assert TransferAttempt.objects.get().number == 1


def test_accepted_and_the_answer_dropped_in_every_way(stack: Stack) -> None:
    stack.sandbox.settings(slow_ms=2_500, webhooks_enabled=False)
    stack.start_worker()
    booking = pay(
        *(
            f"acct_{fault}_{number}"
            for fault in (
                "lost_answer", "silent", "truncated", "500_after", "html_502_after", "slow",
                "slow_commit", "drop_before", "html_502", "409", "429", "lock_timeout", "1fine",
            )
            for number in range(2)
        )
    )  # fmt: skip
    wait_until_settled(stack, booking, 40)
    assert_paid_once(stack, booking)


def test_killed_at_any_moment(stack: Stack) -> None:
    """Three of four workers, each killed in the middle of its work; the moments differ from run to run."""
    chance = random.Random(19284)
    stack.sandbox.settings(latency_ms=150, slow_ms=2_500)
    faults = ["1fine", "lost_answer", "slow", "drop_before", "500_after", "webhook_early", "429"]
    accounts = [f"acct_{chance.choice(faults)}_{number}" for number in range(40)]
    for _ in range(4):
        stack.start_worker(wait=False)
    for worker in stack.workers:
        worker.wait_until_ready()
    booking = pay(*accounts)
    for _ in range(3):
        wait_until(lambda: "processing" in statuses(booking), why=str(statuses(booking)))
        time.sleep(chance.uniform(0.0, 0.4))
        stack.kill_worker()
    wait_until_settled(stack, booking)
    assert_paid_once(stack, booking)
    assert Transfer.objects.filter(due_at__isnull=False).count() == 0


def test_a_worker_that_stops_politely_leaves_nothing_half_done(stack: Stack) -> None:
    stack.sandbox.settings(latency_ms=300)
    worker = stack.start_worker()
    booking = pay(*(f"acct_1{number}" for number in range(12)))
    wait_until(lambda: stack.sandbox.totals()["movements"] > 0, why=stack.log_tail())
    worker.stop()
    stack.workers.remove(worker)
    assert_conserved(stack.sandbox)
    if not settled(booking):
        assert set(statuses(booking)) <= {"success", "pending"}
    stack.start_worker()
    wait_until_settled(stack, booking)
    assert_paid_once(stack, booking)
