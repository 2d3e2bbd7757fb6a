"""Reversals: never more than was paid, each under its own key, and the rail's own total decides what is shown."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from guard.errors import IllegalTransition, Invalid, NotFound, Refused
from money import Money
from tests.factories import ALICE
from tests.guard.rows import transfer_in
from tests.sandbox_process import SandboxProcess
from tests.transfers.steps import actions, enqueue, moved, paid, reversal_due, work
from transfers.models import Booking, Finding, Transfer, TransferReversal
from transfers.rail_access import stripe_rail
from transfers.selectors import get_transfer
from transfers.services.reverse_transfer import reverse_transfer
from transfers.services.work_reversal import work_reversal

pytestmark = pytest.mark.django_db(transaction=True)


def ask(transfer: Transfer, dollars: int | None = None) -> TransferReversal:
    amount = None if dollars is None else Money(dollars * 100, "USD")
    reverse_transfer(transfer_id=transfer.pk, reason="wrong person", actor=ALICE, amount=amount)
    return transfer.reversals.latest("id")


def carry_out(reversal: TransferReversal) -> TransferReversal:
    work_reversal(reversal_id=reversal.pk)
    reversal.refresh_from_db()
    return reversal


def test_all_of_it(sandbox: SandboxProcess) -> None:
    booking, (transfer,) = enqueue("acct_1ok")
    transfer = work(transfer)
    reversal = ask(transfer)
    assert (reversal.amount_minor, reversal.outcome) == (45_000, "live")
    assert get_transfer(transfer.pk).status == "success"
    reversal = carry_out(reversal)
    assert (reversal.outcome, reversal.due_at) == ("succeeded", None)
    assert reversal.rail_reference.startswith("trr_")
    transfer = get_transfer(transfer.pk)
    assert (transfer.status, transfer.reversed_minor) == ("reversed", 45_000)
    assert actions(transfer)[3:] == [
        "reversal_requested",
        "reversed",
        "reversal_succeeded",
    ]
    booking = Booking.objects.get(pk=booking.pk)
    assert (booking.paid_minor, booking.undone_count, booking.payment_state) == (0, 1, "attention")
    assert sandbox.totals()["reversals"] == 1


def test_in_parts_each_under_its_own_key(sandbox: SandboxProcess) -> None:
    transfer = paid()
    keys = set()
    for number in range(1, 4):
        reversal = carry_out(ask(transfer, 100))
        keys.add(reversal.idempotency_key)
        transfer = get_transfer(transfer.pk)
        assert (transfer.status, transfer.reversed_minor) == ("success", number * 10_000)
    assert len(keys) == 3
    assert Booking.objects.get().paid_minor == 15_000
    carry_out(ask(transfer))
    assert get_transfer(transfer.pk).status == "reversed"
    assert Booking.objects.get().paid_minor == 0
    assert sandbox.totals()["reversals"] == 4


@pytest.mark.parametrize("dollars", [451, 0, -1])
def test_not_more_than_there_is(sandbox: SandboxProcess, dollars: int) -> None:
    transfer = paid()
    with pytest.raises(Invalid) as refused:
        ask(transfer, dollars)
    assert refused.value.extra["errors"][0]["code"] == "exceeds_transfer"
    assert TransferReversal.objects.count() == 0


def test_what_is_asked_for_counts_before_it_is_done(sandbox: SandboxProcess) -> None:
    transfer = paid()
    first = ask(transfer, 400)
    with pytest.raises(Invalid):
        ask(transfer, 51)
    ask(transfer, 50)
    with pytest.raises(Invalid):
        ask(transfer)
    TransferReversal.objects.filter(pk=first.pk).update(outcome="failed")
    assert ask(transfer).amount_minor == 40_000


def test_another_currency(sandbox: SandboxProcess) -> None:
    with pytest.raises(Invalid) as refused:
        reverse_transfer(transfer_id=paid().pk, reason="x", actor=ALICE, amount=Money(1, "EUR"))
    assert refused.value.extra["errors"][0]["code"] == "currency_mismatch"


@pytest.mark.parametrize("status", ["pending", "processing", "failed", "cancelled", "reversed"])
def test_only_what_was_paid(status: str) -> None:
    transfer = transfer_in(status)
    with pytest.raises(IllegalTransition) as refused:
        ask(transfer)
    assert (refused.value.extra["from"], refused.value.extra["to"]) == (status, "reversed")
    assert actions(transfer) == ["reversed illegal"]


def test_an_unknown_id() -> None:
    with pytest.raises(NotFound):
        reverse_transfer(transfer_id=404, reason="x", actor=ALICE)


def test_eight_at_once_never_ask_for_more_than_was_paid(sandbox: SandboxProcess) -> None:
    transfer = paid()
    barrier = threading.Barrier(8, timeout=20)

    def press(_: int) -> str:
        try:
            barrier.wait()
            ask(transfer, 100)
        except Refused as refused:
            return refused.code
        finally:
            connection.close()
        return "asked"

    with ThreadPoolExecutor(8) as pool:
        results = Counter(pool.map(press, range(8)))
    assert results == {"asked": 4, "validation_error": 4}
    for reversal in transfer.reversals.all():
        carry_out(reversal)
    assert get_transfer(transfer.pk).reversed_minor == 40_000
    assert sandbox.totals()["reversals"] == 4


def test_declined(sandbox: SandboxProcess) -> None:
    transfer = paid("acct_spent_1")
    reversal = carry_out(ask(transfer))
    assert (reversal.outcome, reversal.failure_code) == ("failed", "balance_insufficient")
    assert get_transfer(transfer.pk).status == "success"
    assert actions(transfer)[-1] == "reversal_failed"
    sandbox.cure("acct_spent_1")
    assert carry_out(ask(transfer)).outcome == "succeeded"


@pytest.mark.parametrize("fault", ["lost_answer", "500_after", "truncated", "drop_before", "409"])
def test_an_unclear_one_happens_once(sandbox: SandboxProcess, fault: str) -> None:
    transfer = paid()
    sandbox.set_fault(fault, path="*/reversals")
    reversal = carry_out(ask(transfer))
    assert reversal.outcome == "unknown"
    assert get_transfer(transfer.pk).status == "success"
    reversal_due(reversal)
    assert carry_out(reversal).outcome == "succeeded"
    assert get_transfer(transfer.pk).status == "reversed"
    assert sandbox.totals()["reversals"] == 1


def test_told_to_wait(sandbox: SandboxProcess) -> None:
    transfer = paid()
    sandbox.set_fault("429", path="*/reversals")
    reversal = carry_out(ask(transfer))
    assert reversal.outcome == "live"
    reversal_due(reversal)
    assert carry_out(reversal).outcome == "succeeded"


def test_a_worker_that_died_after_the_call(sandbox: SandboxProcess) -> None:
    transfer = paid()
    reversal = ask(transfer)
    # What the dead worker did: claimed, called, and never recorded.
    TransferReversal.objects.filter(pk=reversal.pk).update(
        send_count=1, first_sent_at=reversal.due_at
    )
    stripe_rail().reverse(
        transfer.rail_reference,
        amount_minor=reversal.amount_minor,
        currency="USD",
        reversal_id=reversal.pk,
        idempotency_key=reversal.idempotency_key,
    )
    sandbox.prune_keys()
    assert carry_out(reversal).outcome == "succeeded"
    assert get_transfer(transfer.pk).status == "reversed"
    assert sandbox.totals()["reversals"] == 1


def test_two_workers_at_once_are_one_reversal(sandbox: SandboxProcess) -> None:
    transfer = paid()
    reversal = ask(transfer)
    barrier = threading.Barrier(4, timeout=20)

    def run(_: int) -> None:
        try:
            barrier.wait()
            work_reversal(reversal_id=reversal.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    reversal.refresh_from_db()
    assert (reversal.outcome, reversal.send_count) == ("succeeded", 1)
    assert sandbox.totals()["reversals"] == 1


def test_the_transfer_shows_it_even_if_it_could_not_be_read_at_first(
    sandbox: SandboxProcess,
) -> None:
    transfer = paid()
    sandbox.settings(webhooks_enabled=False)
    sandbox.set_fault("html_502", method="GET", path="/v1/transfers/tr_*")
    reversal = carry_out(ask(transfer))
    reversal_due(reversal)
    carry_out(reversal)
    assert get_transfer(transfer.pk).status == "reversed"
    assert sandbox.totals()["reversals"] == 1


def test_an_outcome_that_stays_unknown_is_a_finding(sandbox: SandboxProcess) -> None:
    transfer = paid()
    sandbox.set_fault("drop_before", times=None, path="*/reversals")
    reversal = carry_out(ask(transfer))
    for _ in range(3):
        reversal_due(reversal)
        carry_out(reversal)
    assert reversal.outcome == "unknown"
    assert Finding.objects.get().kind == "reversal_unknown"
    assert moved(sandbox) == 1


def test_a_part_that_stripe_does_not_have_is_refused_at_once(sandbox: SandboxProcess) -> None:
    sandbox.topup(1_000, "mga")
    transfer = paid(amount=Money(45_000, "MGA"))
    assert sandbox.books()["transfers"][0]["amount"] == 450
    with pytest.raises(Invalid) as refused:
        reverse_transfer(
            transfer_id=transfer.pk, reason="half", actor=ALICE, amount=Money(150, "MGA")
        )
    assert refused.value.extra["errors"][0]["code"] == "not_payable_by_rail"
    reverse_transfer(transfer_id=transfer.pk, reason="x", actor=ALICE, amount=Money(20_000, "MGA"))
    carry_out(transfer.reversals.get())
    assert get_transfer(transfer.pk).reversed_minor == 20_000


def test_what_left_no_trace_and_is_too_old_to_send_again_may_be_asked_for_anew(
    sandbox: SandboxProcess,
) -> None:
    transfer = paid()
    reversal = ask(transfer)
    for hours, outcome in ((20, "unknown"), (22, "failed")):
        long_ago = timezone.now() - timedelta(hours=hours)
        TransferReversal.objects.filter(pk=reversal.pk).update(
            send_count=3, first_sent_at=long_ago, due_at=long_ago
        )
        assert carry_out(reversal).outcome == outcome
    assert (reversal.failure_code, reversal.due_at) == ("not_executed", None)
    assert sandbox.totals()["reversals"] == 0
    assert carry_out(ask(transfer)).outcome == "succeeded"
    assert sandbox.totals()["reversals"] == 1
