"""The shared pace, the wake-up messages and the sweep: what makes work start, and how fast it may go."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from payouts_site import celery_app
from tests.factories import ALICE, make_booking
from tests.sandbox_process import ROOT, SandboxProcess
from tests.stack import BlackHole, database_url
from tests.transfers.steps import enqueue, moved
from transfers import wake
from transfers.models import Pace, Transfer
from transfers.pace import hold_back, wait_for_turn
from transfers.services.pay_crew import pay_crew
from transfers.services.work_transfer import work_transfer
from transfers.sweep import Sweeper, due_ids, sweep_once

pytestmark = pytest.mark.django_db(transaction=True)
TURNS_IN_ANOTHER_PROCESS = """
import time, django
django.setup()
from transfers.pace import wait_for_turn
for _ in range(10):
    wait_for_turn("stripe")
    print(time.time(), flush=True)
"""


class TestPace:
    """One limit for all threads and processes together."""

    def test_threads_and_another_process_share_it(self, settings: Settings) -> None:
        settings.STRIPE_MAX_PER_SECOND = 20
        environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "STRIPE_MAX_PER_SECOND": "20",
            "DJANGO_SETTINGS_MODULE": "payouts_site.settings",
        }
        command = [sys.executable, "-c", TURNS_IN_ANOTHER_PROCESS]
        lock = threading.Lock()

        def turns(_: int) -> None:
            for _ in range(5):
                wait_for_turn("stripe")
                with lock:
                    moments.append(time.time())

        moments: list[float] = []
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout is not None
            moments.append(float(other.stdout.readline()))  # it is up: now everybody at once
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(turns, range(4)))
            moments += [float(line) for line in other.stdout]
        assert other.returncode == 0
        moments.sort()
        assert len(moments) == 30
        # No second held more than twenty, and they were not far fewer either.
        for first, last in zip(moments, moments[21:], strict=False):
            assert last - first > 0.95
        assert moments[-1] - moments[0] < 29 / 20 + 2

    def test_idle_time_saves_up_no_burst(self, settings: Settings) -> None:
        settings.STRIPE_MAX_PER_SECOND = 20
        wait_for_turn("stripe")
        Pace.objects.update(next_at=Now() - timedelta(seconds=60))
        began = time.monotonic()
        for _ in range(4):
            wait_for_turn("stripe")
        assert time.monotonic() - began > 0.14

    def test_hold_back_holds_everybody(self, settings: Settings) -> None:
        settings.STRIPE_MAX_PER_SECOND = 1_000
        hold_back("stripe", 0.4)
        hold_back("stripe", 0.1)
        began = time.monotonic()
        wait_for_turn("stripe")
        assert 0.3 < time.monotonic() - began < 2

    def test_no_connection_is_held_while_waiting(self, settings: Settings) -> None:
        wait_for_turn("stripe")
        assert connection.connection is None


class Recorder:
    """What would have been sent to the queue."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[str, list[int]]] = []
        monkeypatch.setattr(current_app, "send_task", self._send)

    def _send(self, name: str, *, args: list[list[int]], **_: Any) -> None:
        self.sent.append((name, args[0]))


class TestWake:
    """Ids only, in few messages, after the commit, and never an error or a long wait for the caller."""

    def test_only_after_the_commit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        recorder = Recorder(monkeypatch)
        with transaction.atomic():
            wake.wake_after_commit([1, 2])
            assert recorder.sent == []
        assert sorted(pk for _, ids in recorder.sent for pk in ids) == [1, 2]

    def test_nothing_after_a_rollback_and_nothing_for_nobody(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        recorder = Recorder(monkeypatch)
        with transaction.atomic():
            wake.wake_after_commit([1, 2])
            transaction.set_rollback(True)
        wake.wake_after_commit([])
        assert recorder.sent == []

    @pytest.mark.parametrize(
        ("ids", "messages"), [(0, 0), (1, 1), (32, 32), (33, 17), (3_200, 32), (10_000, 100)]
    )
    def test_batches(self, ids: int, messages: int) -> None:
        found = wake.batches(list(range(ids)))
        assert len(found) == messages
        assert [pk for batch in found for pk in batch] == list(range(ids))
        assert max(map(len, found), default=0) <= 100

    def test_pay_all_wakes_for_the_new_ones_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        recorder = Recorder(monkeypatch)
        booking, transfers = enqueue("acct_1a", "acct_1b")
        assert [name for name, _ in recorder.sent] == [wake.TRANSFER_TASK] * 2
        pay_crew(reference=booking.reference, actor=ALICE)
        assert sorted(pk for _, ids in recorder.sent for pk in ids) == [t.pk for t in transfers]

    @pytest.mark.parametrize("kind", ["nobody listens", "nobody answers", "no such host"])
    def test_a_dead_queue_costs_the_caller_next_to_nothing(self, kind: str) -> None:
        hole = BlackHole()
        url = {
            "nobody listens": "redis://127.0.0.1:9/0",
            "nobody answers": hole.url,
            "no such host": "redis://queue.invalid:6379/0",
        }[kind]
        before = wake.wake_failures._value.get()
        celery_app.conf.update(broker_url=url)
        try:
            began = time.monotonic()
            _, transfers = enqueue(*(f"acct_1{n}" for n in range(40)))
            assert time.monotonic() - began < 2
            assert len(transfers) == 40
            assert wake.wake_failures._value.get() == before + 1
            # For some seconds nobody in this process tries again.
            began = time.monotonic()
            wake.wake([1])
            assert time.monotonic() - began < 0.05
        finally:
            celery_app.conf.update(broker_url="memory://")
            hole.close()


class TestSweep:
    """Whatever is due is found by its state, whatever became of the messages."""

    def test_it_pays_everybody_without_any_message(self, sandbox: SandboxProcess) -> None:
        _, transfers = enqueue("acct_1a", "acct_lost_answer_1", "acct_insufficient_1")
        assert sweep_once() == 3
        assert sweep_once() == 1
        assert sweep_once() == 0
        found = Transfer.objects.order_by("id").values_list("status", flat=True)
        assert list(found) == ["success", "success", "failed"]
        assert moved(sandbox) == 2
        assert len(transfers) == 3

    def test_what_is_not_due_is_left_alone(self) -> None:
        _, (first, second, third) = enqueue("acct_1a", "acct_1b", "acct_1c")
        Transfer.objects.filter(pk=first.pk).update(due_at=Now() + timedelta(seconds=60))
        Transfer.objects.filter(pk=second.pk).update(due_at=Now() - timedelta(seconds=1))
        Transfer.objects.filter(pk=third.pk).update(due_at=Now() - timedelta(seconds=9))
        assert due_ids("transfers_transfer") == [third.pk, second.pk]

    def test_one_broken_row_spoils_nobody_elses(
        self, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, (broken, fine) = enqueue("acct_1a", "acct_1b")
        monkeypatch.setattr(
            "transfers.requests.attempt_key",
            lambda transfer, number: f"k-{transfer.pk}" if transfer.pk != broken.pk else 1 / 0,
        )
        sweep_once()
        assert Transfer.objects.get(pk=broken.pk).status == "pending"
        assert Transfer.objects.get(pk=fine.pk).status == "success"

    def test_rows_that_cannot_be_worked_on_take_nobodys_place(
        self, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Such as those of a rail that is not configured: they are the longest due in every round."""
        monkeypatch.setattr("transfers.sweep.MOST_ROWS_IN_A_ROUND", 2)
        _, stuck = enqueue("acct_1a", "acct_1b")
        numbers = {transfer.pk for transfer in stuck}
        monkeypatch.setattr(
            "transfers.requests.attempt_key",
            lambda transfer, number: 1 / 0 if transfer.pk in numbers else f"k-{transfer.pk}",
        )
        (fine,) = enqueue("acct_1c")[1]
        sweep_once()
        sweep_once()
        assert Transfer.objects.get(pk=fine.pk).status == "success"
        assert set(Transfer.objects.filter(pk__in=numbers).values_list("status", flat=True)) == {
            "pending"
        }

    def test_a_rail_that_wants_no_calls_keeps_no_thread(self, sandbox: SandboxProcess) -> None:
        (transfer,) = enqueue("acct_1a")[1]
        hold_back("stripe", 60)
        began = time.monotonic()
        assert due_ids("transfers_transfer") == []
        work_transfer(transfer_id=transfer.pk)
        assert time.monotonic() - began < 5
        transfer.refresh_from_db()
        assert (transfer.status, transfer.attempt_count) == ("pending", 0)
        Pace.objects.all().delete()
        assert sweep_once() == 1
        assert moved(sandbox) == 1

    def test_a_row_committed_late_is_found(self, sandbox: SandboxProcess) -> None:
        """Its id is older than what was swept already: no sweep goes by ids."""
        booking = make_booking("acct_1late")
        inserted, go_on = threading.Event(), threading.Event()

        def slow() -> None:
            try:
                with transaction.atomic():
                    pay_crew(reference=booking.reference, actor=ALICE)
                    inserted.set()
                    assert go_on.wait(10)
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(slow)
            assert inserted.wait(10)
            enqueue("acct_1early")
            assert sweep_once() == 1
            go_on.set()
            done.result()
        assert sweep_once() == 1
        assert moved(sandbox) == 2

    def test_eight_sweepers_pay_everybody_once(self, sandbox: SandboxProcess) -> None:
        enqueue(*(f"acct_1{n}" for n in range(10)))
        barrier = threading.Barrier(8, timeout=20)

        def run(_: int) -> None:
            try:
                barrier.wait()
                sweep_once()
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(run, range(8)))
        assert set(Transfer.objects.values_list("status", flat=True)) == {"success"}
        assert set(Transfer.objects.values_list("attempt_count", flat=True)) == {1}
        assert moved(sandbox) == 10

    def test_the_sweeper_survives_a_database_that_is_away(
        self, sandbox: SandboxProcess, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.SWEEP_INTERVAL_SECONDS = 0.01
        settings.CELERY_WORKER_CONCURRENCY = 2
        troubles = [OperationalError("gone"), InterfaceError("connection already closed")]
        calm = threading.Event()

        def sometimes(*_: object) -> int:
            if troubles:
                raise troubles.pop()
            calm.set()
            return 0

        monkeypatch.setattr("transfers.sweep.sweep_once", sometimes)
        sweeper = Sweeper()
        sweeper.start()
        assert calm.wait(5)
        sweeper.stop()
        sweeper.join(5)
        assert not sweeper.is_alive()
