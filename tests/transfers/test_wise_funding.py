"""The one call to Wise that moves money: when it is repeated, when it waits, and when it is proven dead."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from pytest_django.fixtures import Settings

from audit.models import Entry
from payouts.console.at_rail import at_rail
from tests.factories import ALICE
from tests.sandbox_wise import SandboxWise
from tests.transfers.steps import lease_over, work, work_when_due
from tests.transfers.wise_steps import (
    PayoutSource,
    funded,
    payout,
    the_attempt,
    work_until_known,
)
from transfers.change import change_transfer
from transfers.claim import claim_due
from transfers.console.story import transfer_story
from transfers.models import AttemptOutcome, Finding, Transfer, TransferAttempt
from transfers.selectors import get_transfer
from transfers.services.record_answer import record_failed
from transfers.services.retry_transfer import retry_transfer

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_unanswered_funding_is_unknown_until_wise_shows_it(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("LOST FUND"))
    assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
    with pytest.raises(Exception, match="do not pay this by hand"):
        retry_transfer(transfer_id=transfer.pk, actor=ALICE)
    transfer = work_when_due(transfer)
    assert (transfer.status, transfer.outcome_unknown) == ("success", False)
    assert wise.totals()["calls"]["transfer.fund"] == 1


def test_a_funding_is_repeated_only_after_three_empty_reads_and_for_the_same_transfer(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("DROP FUND"))
    for _ in range(2):
        transfer = work_when_due(transfer)
        assert transfer.outcome_unknown
        assert wise.totals()["calls"]["transfer.fund"] == 1
    transfer = work_when_due(transfer)
    totals = wise.totals()
    assert (transfer.status, totals["calls"]["transfer.fund"]) == ("success", 2)
    assert (totals["transfers"], totals["funded"]) == (1, 1)


def test_the_delays_before_a_second_funding_are_those_of_the_ladder(
    wise: SandboxWise, payouts: PayoutSource, settings: Settings
) -> None:
    settings.PROBE_DELAYS_SECONDS = [5.0, 15.0, 60.0, 300.0]
    transfer = work(payout("DROP FUND"))
    delays = []
    for _ in range(3):
        delays.append(Entry.objects.order_by("-id")[0].snapshot["next_check_in_seconds"])
        transfer = work_when_due(transfer)
    assert delays == [5.0, 15.0, 60.0]
    assert transfer.status == "success"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("SCA ALWAYS", "strong_customer_authentication"),
        ("INSUFFICIENT", "balance.insufficient-funds"),
    ],
)
def test_a_refusal_that_a_person_can_lift_is_no_failure(
    words: str, code: str, wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = payout(words)
    for _ in range(4):
        transfer = work_when_due(transfer)
        assert (transfer.status, transfer.outcome_unknown) == ("processing", False)
        waiting = the_attempt(transfer).waiting_for
        assert waiting["code"] == code
        assert "Nothing has moved" in waiting["message"]
    assert funded(wise) == 0
    (recipient,) = wise.books()["recipients"]
    wise.cure(recipient["id"])
    transfer = work_when_due(transfer)
    assert (transfer.status, funded(wise)) == ("success", 1)
    assert wise.totals()["transfers"] == 1
    assert the_attempt(transfer).waiting_for == {}


def test_an_empty_balance_waits_for_its_top_up(wise: SandboxWise, payouts: PayoutSource) -> None:
    wise.drain()
    transfer = work(payout())
    assert the_attempt(transfer).waiting_for["code"] == "balance.insufficient-funds"
    wise.topup("500.00")
    assert work_when_due(transfer).status == "success"
    assert funded(wise) == 1


def test_a_funding_refused_for_good_is_cancelled_and_proven_dead_before_it_fails(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    refuse(wise)
    transfer = work(payout())
    assert (transfer.status, transfer.failure_code) == ("failed", "payment.option-unavailable")
    assert [row["status"] for row in wise.books()["transfers"]] == ["cancelled"]
    assert payouts.heard == ["processing", "failed"]
    approve_again(transfer)
    transfer = work(transfer)
    assert (transfer.status, funded(wise)) == ("success", 1)
    first, second = transfer.attempts.order_by("number")
    assert first.idempotency_key != second.idempotency_key
    assert first.funding_reference != second.funding_reference


def refuse(wise: SandboxWise) -> None:
    body = {"type": "BALANCE", "status": "REJECTED", "errorCode": "payment.option-unavailable"}
    wise.set_fault("error", params={"status": 422, "body": body}, operation="transfer.fund")


def approve_again(transfer: Transfer) -> None:
    change_transfer(transfer, believed="failed", to="pending", actor=ALICE)
    lease_over(transfer)


def test_what_people_gave_up_and_wise_shows_as_paid_is_not_paid_again(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("LOST FUND"))
    assert transfer.outcome_unknown and funded(wise) == 1
    lease_over(transfer)
    claim = claim_due(transfer, actor=ALICE)
    assert claim is not None
    assert record_failed(claim, "given_up", "Two people said so.", {}, actor=ALICE)
    approve_again(transfer)
    wise.set_fault("drop_before", times=None, method="GET")
    transfer = work(transfer)
    assert (transfer.status, len(wise.books()["transfers"])) == ("processing", 1)
    wise.clear_faults()
    transfer = work_when_due(transfer)
    assert (transfer.status, transfer.failure_code) == ("failed", "earlier_moved")
    assert (funded(wise), len(wise.books()["transfers"])) == (1, 1)
    assert Finding.objects.get().kind == "moved_although_not_processing"
    told = [one.title for one in transfer_story(transfer, list(transfer.attempts.all()))]
    assert "Failed: an earlier attempt was paid after all" in told
    assert "proven" not in at_rail(transfer, the_attempt(transfer)).what


def test_a_successor_sends_nothing_while_the_firsts_money_is_out(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    first = work(payout())
    assert (first.status, funded(wise)) == ("success", 1)
    successor = payout()
    Transfer.objects.filter(pk=successor.pk).update(supersedes=first)
    successor = work(successor)
    assert (successor.status, successor.failure_code) == ("failed", "earlier_moved")
    assert (funded(wise), len(wise.books()["transfers"])) == (1, 1)
    wise.push(int(first.rail_reference), "outgoing_payment_sent")
    wise.bounce(int(first.rail_reference), days=3)
    wise.refund(int(first.rail_reference), "50.00")
    approve_again(successor)
    assert (work(successor).status, funded(wise)) == ("success", 2)


def test_nor_does_the_successor_of_a_successor(wise: SandboxWise, payouts: PayoutSource) -> None:
    first = work(payout())
    between, last = payout(), payout()
    Transfer.objects.filter(pk=between.pk).update(supersedes=first)
    Transfer.objects.filter(pk=last.pk).update(supersedes=between)
    assert work(between).failure_code == "earlier_moved"
    assert work(last).failure_code == "earlier_moved"
    assert (funded(wise), len(wise.books()["transfers"])) == (1, 1)


@pytest.mark.parametrize("words", ["NO CANCEL", "LOST CANCEL"])
def test_a_cancel_that_is_not_proven_fails_nothing(
    words: str, wise: SandboxWise, payouts: PayoutSource
) -> None:
    refuse(wise)
    transfer = work(payout(words))
    assert transfer.status == "processing"
    transfer = work_when_due(transfer)
    assert transfer.status == ("processing" if words == "NO CANCEL" else "failed")
    assert funded(wise) == 0


def test_a_funding_refused_after_an_unanswered_one_is_never_cancelled(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("DROP FUND"))
    refuse(wise)
    transfer = work_until_known(transfer, turns=3)
    assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
    assert Finding.objects.get().kind == "funding_refused_after_unknown"
    assert "transfer.cancel" not in wise.totals()["calls"]


def test_a_transfer_that_somebody_cancels_at_wise_fails(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("INSUFFICIENT"))
    wise.push(int(the_attempt(transfer).funding_reference), "cancelled")
    transfer = work_when_due(transfer)
    assert (transfer.status, transfer.failure_code) == ("failed", "cancelled_at_rail")
    assert funded(wise) == 0


def test_only_its_source_decides_about_another_try(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    refuse(wise)
    transfer = work(payout())
    with pytest.raises(Exception, match="retry that"):
        retry_transfer(transfer_id=transfer.pk, actor=ALICE)
    assert get_transfer(transfer.pk).status == "failed"


def test_the_database_allows_one_fundable_transfer_a_debt(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout())
    values: dict[str, Any] = {"request": {}, "resolved_at": None, "transfer": transfer, "number": 2}
    with (
        pytest.raises(IntegrityError, match="one_fundable_movement_per_debt"),
        transaction.atomic(),
    ):
        TransferAttempt.objects.create(idempotency_key="k2", funding_reference="99", **values)
    other = TransferAttempt.objects.create(idempotency_key="k2", **values)
    with pytest.raises(IntegrityError), transaction.atomic():
        TransferAttempt.objects.filter(pk=other.pk).update(funding_reference="99")
    first = TransferAttempt.objects.filter(transfer=transfer, outcome=AttemptOutcome.SUCCEEDED)
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        first.update(funding_reference="99")
