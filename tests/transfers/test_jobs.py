"""Job keys of payouts: once, whoever was told of it and however often, with Horizon's and Wise's books as judges."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from guard.idempotency import JOB_SCOPE, begin, payout_job_key
from guard.models import IdempotencyRecord
from tests.sandbox_horizon import SandboxHorizon
from tests.sandbox_wise import SandboxWise
from tests.transfers.stellar_steps import Recipients
from tests.transfers.steps import lease_over, work
from tests.transfers.wise_steps import PayoutSource, funded, payout
from transfers.jobs import JobRun
from transfers.models import Transfer
from transfers.services.work_transfer import work_transfer

pytestmark = pytest.mark.django_db(transaction=True)


def key_of(transfer: Transfer) -> str:
    return payout_job_key(transfer.source_id, "dispatch")


def record_of(transfer: Transfer) -> IdempotencyRecord:
    return IdempotencyRecord.objects.get(scope=JOB_SCOPE, key=key_of(transfer))


def hold_job(transfer: Transfer, seconds: float = 30) -> None:
    """Another worker is at it."""
    begin(JOB_SCOPE, key_of(transfer), str(transfer.debt_key), lease_seconds=seconds, keep_days=7)


def submissions(stellar: SandboxHorizon) -> int:
    return int(stellar.totals()["calls"].get("transactions.submit", 0))


@pytest.fixture
def due(stellar: SandboxHorizon, recipients: Recipients) -> Transfer:
    return recipients.payout(stellar.address("payee 1"))


def test_fresh_it_runs_and_its_result_is_kept(due: Transfer, stellar: SandboxHorizon) -> None:
    run = work_transfer(transfer_id=due.pk)
    due.refresh_from_db()
    result = {
        "transfer": due.pk,
        "status": "success",
        "rail": "stellar",
        "rail_reference": due.rail_reference,
    }
    assert run == JobRun("ran", result)
    record = record_of(due)
    assert (record.status, record.key) == ("completed", f"payout-job:{due.source_id}:dispatch")
    assert (record.expires_at - record.created_at).days == 7
    assert stellar.times_paid(stellar.address("payee 1")) == 1


def test_completed_its_result_is_handed_out_and_nothing_is_submitted(
    due: Transfer, stellar: SandboxHorizon
) -> None:
    first = work_transfer(transfer_id=due.pk)
    before = stellar.totals()["requests"]
    again = work_transfer(transfer_id=due.pk)
    assert first and again == JobRun("cached", first.result)
    # Even if the row lost its memory of it, the record's word keeps the rail out.
    assert stellar.totals()["requests"] == before
    assert submissions(stellar) == 1


def test_in_flight_it_is_skipped(due: Transfer, stellar: SandboxHorizon) -> None:
    hold_job(due)
    assert work_transfer(transfer_id=due.pk) == JobRun("in_flight")
    due.refresh_from_db()
    assert (due.status, due.attempt_count, submissions(stellar)) == ("pending", 0, 0)


def test_a_companion_whose_job_is_held_is_left_out(
    due: Transfer, stellar: SandboxHorizon, recipients: Recipients
) -> None:
    other = recipients.payout(stellar.address("payee 2"))
    hold_job(other)
    work_transfer(transfer_id=due.pk)
    other.refresh_from_db()
    assert (work(due).status, other.status) == ("success", "pending")
    assert stellar.times_paid(stellar.address("payee 2")) == 0


def test_a_result_that_expired_after_seven_days_submits_nothing(
    due: Transfer, stellar: SandboxHorizon
) -> None:
    first = work_transfer(transfer_id=due.pk)
    IdempotencyRecord.objects.filter(key=key_of(due)).update(
        expires_at=Now() - timedelta(seconds=1), created_at=Now() - timedelta(days=7, seconds=1)
    )
    again = work_transfer(transfer_id=due.pk)
    assert first and again == JobRun("ran", first.result)
    assert submissions(stellar) == 1
    assert stellar.times_paid(stellar.address("payee 1")) == 1
    assert record_of(due).fence == 2


def test_a_turn_that_ends_without_success_gives_the_key_back(
    due: Transfer, stellar: SandboxHorizon
) -> None:
    stellar.hold()
    assert work_transfer(transfer_id=due.pk) == JobRun("ran", None)
    assert not IdempotencyRecord.objects.filter(key=key_of(due)).exists()
    stellar.close()
    lease_over(due)
    run = work_transfer(transfer_id=due.pk)
    assert run and run.result and run.result["status"] == "success"
    assert submissions(stellar) == 1


def test_eight_at_once_for_one_payout(due: Transfer, stellar: SandboxHorizon) -> None:
    barrier, runs = threading.Barrier(8), list[JobRun | None]()

    def run() -> None:
        barrier.wait()
        runs.append(work_transfer(transfer_id=due.pk))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = [one.outcome for one in runs if one]
    assert len(said) == 8 and "ran" in said
    assert submissions(stellar) == 1
    assert stellar.times_paid(stellar.address("payee 1")) == 1


def test_refunds_and_bookings_have_no_job(stellar: SandboxHorizon, recipients: Recipients) -> None:
    refund = recipients.payout(stellar.address("payee 1"), source_type="refund")
    assert work_transfer(transfer_id=refund.pk) is None
    assert work(refund).status == "success"
    assert not IdempotencyRecord.objects.exists()


def test_on_wise_too(wise: SandboxWise, payouts: PayoutSource) -> None:
    transfer = payout()
    hold_job(transfer)
    assert work_transfer(transfer_id=transfer.pk) == JobRun("in_flight")
    IdempotencyRecord.objects.update(locked_until=Now() - timedelta(seconds=1))
    first = work_transfer(transfer_id=transfer.pk)
    assert first and first.outcome == "ran" and first.result
    assert funded(wise) == 1
    assert record_of(transfer).fence == 2
