"""Job keys of payouts: once, whoever was told of it and however often, with Horizon's and Wise's books as judges."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from audit.actor import Actor
from guard.idempotency import JOB_SCOPE, begin, payout_job_key
from guard.models import IdempotencyRecord
from tests.sandbox_horizon import SandboxHorizon
from tests.sandbox_wise import SandboxWise
from tests.transfers.stellar_steps import Recipients, work_until_known
from tests.transfers.steps import lease_over, work
from tests.transfers.wise_steps import PayoutSource, funded, payout
from transfers.jobs import JobRun
from transfers.models import Transfer
from transfers.services import work_transfer as work_module
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


CROWD = 50


def fifty_at_once(transfer: Transfer, seen: Callable[[JobRun | None], None]) -> list[JobRun | None]:
    """What each of fifty workers was told, on as many connections: the pool of this process has fewer."""
    barrier = threading.Barrier(CROWD)

    def run(_: int) -> JobRun | None:
        options = {**connection.settings_dict["OPTIONS"], "pool": False}
        connection.settings_dict = {**connection.settings_dict, "OPTIONS": options}
        try:
            connection.ensure_connection()
            barrier.wait(timeout=60)
            said = work_transfer(transfer_id=transfer.pk)
            seen(said)
        finally:
            connection.close()
        return said

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(run, range(CROWD)))


def test_fifty_at_once_are_one_execution_and_then_one_answer(
    due: Transfer, stellar: SandboxHorizon, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """The one that runs waits until the 49 others have been told; whoever asks later gets its result."""
    settings.LEASE_SECONDS = 300
    executions, told = list[int](), threading.Semaphore(0)
    dispatch = work_module._dispatch

    def last(transfer: Transfer, actor: Actor) -> None:
        executions.append(transfer.pk)
        for _ in range(CROWD - 1):
            assert told.acquire(timeout=60)
        dispatch(transfer, actor)

    monkeypatch.setattr(work_module, "_dispatch", last)
    said = fifty_at_once(due, lambda _: told.release())
    assert Counter(one.outcome for one in said if one) == {"ran": 1, "in_flight": CROWD - 1}
    assert executions == [due.pk]
    monkeypatch.setattr(work_module, "_dispatch", dispatch)
    paid = work_until_known(stellar, due)
    monkeypatch.setattr(work_module, "_dispatch", last)
    result = {
        "transfer": due.pk,
        "status": "success",
        "rail": "stellar",
        "rail_reference": paid.rail_reference,
    }
    assert fifty_at_once(due, lambda _: None) == [JobRun("cached", result)] * CROWD
    assert executions == [due.pk]
    assert (submissions(stellar), stellar.times_paid(stellar.address("payee 1"))) == (1, 1)


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
