"""Workers that die, meet or are overtaken on the way through Wise's calls: one movement all the same."""

import threading
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from tests.sandbox_wise import SandboxWise
from tests.transfers.steps import actions, attempts, lease_over, work, work_when_due
from tests.transfers.wise_steps import (
    Crash,
    CrashingCalls,
    PayoutSource,
    funded,
    payout,
    the_attempt,
    work_until_known,
)
from transfers.models import Transfer
from transfers.rail_access import wise_rail
from transfers.selectors import get_transfer
from transfers.services.work_transfer import work_transfer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 7))
def test_a_worker_that_dies_around_any_call_pays_once(
    at: int, after: bool, wise: SandboxWise, payouts: PayoutSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    rail = wise_rail()
    calls = CrashingCalls(rail._call, at, after=after)
    monkeypatch.setattr(rail, "_call", calls)
    transfer = payout()
    with pytest.raises(Crash):
        work(transfer)
    died = get_transfer(transfer.pk)
    assert died.status == "processing"
    transfer = work_until_known(transfer)
    assert transfer.status == "success"
    assert funded(wise) == 1
    assert wise.totals()["transfers"] == 1
    assert attempts(transfer)[0][:2] == (1, "succeeded")


def test_a_worker_that_dies_in_the_funding_leaves_it_unknown(
    wise: SandboxWise, payouts: PayoutSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    rail = wise_rail()
    monkeypatch.setattr(rail, "_call", CrashingCalls(rail._call, 6, after=False))
    transfer = payout()
    with pytest.raises(Crash):
        work(transfer)
    assert the_attempt(transfer).may_have_moved_money
    transfer = work_when_due(transfer)
    assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
    assert "taken_up" in actions(transfer)


@pytest.mark.parametrize("words", ["", "LOST FUND", "LOST CREATE"])
def test_many_workers_at_once_make_one_movement(
    words: str, wise: SandboxWise, payouts: PayoutSource
) -> None:
    for _ in range(4):
        transfer = payout(words)
        for _ in range(6):
            lease_over(transfer)
            together(4, lambda pk=transfer.pk: work_transfer(transfer_id=pk))
        assert get_transfer(transfer.pk).status == "success"
    assert funded(wise) == 4
    assert wise.totals()["transfers"] == 4


def together(number: int, do: Any) -> None:
    barrier = threading.Barrier(number)

    def run() -> None:
        barrier.wait()
        try:
            do()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class SlowWorker:
    """A worker that stops before its call of `method` to the payments, until it is told to go on."""

    def __init__(self, transfer: Transfer, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._reached, self._go_on = threading.Event(), threading.Event()
        self._transfer, self._method = transfer, method
        self._call = wise_rail()._call
        monkeypatch.setattr(wise_rail(), "_call", self._paused)
        self._thread = threading.Thread(target=self._work)

    def _paused(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        is_mine = threading.current_thread() is self._thread
        if is_mine and method == self._method and path.endswith("/payments"):
            self._reached.set()
            assert self._go_on.wait(20)
        return self._call(method, path, *args, **kwargs)

    def _work(self) -> None:
        try:
            work_transfer(transfer_id=self._transfer.pk)
        finally:
            connection.close()

    def start(self) -> None:
        """Returns when it is there."""
        self._thread.start()
        assert self._reached.wait(20)

    def go_on(self) -> None:
        """Returns when it has ended."""
        self._go_on.set()
        self._thread.join()


@pytest.mark.parametrize(
    ("method", "conflicts"), [("POST", 1), ("GET", 0)], ids=["in the funding", "before the funding"]
)
def test_a_worker_that_was_overtaken_moves_nothing_more(
    method: str,
    conflicts: int,
    wise: SandboxWise,
    payouts: PayoutSource,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transfer = payout()
    slow = SlowWorker(transfer, method, monkeypatch)
    slow.start()
    assert work_until_known(transfer).status == "success"
    slow.go_on()
    assert funded(wise) == 1
    assert wise.totals()["fund_conflicts"] == conflicts
    assert get_transfer(transfer.pk).status == "success"
    assert payouts.heard == ["processing", "success"]


def test_a_worker_without_its_fence_funds_nothing(
    wise: SandboxWise,
    payouts: PayoutSource,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.PROBE_DELAYS_SECONDS = [600.0]
    transfer = payout("SCA")
    slow = SlowWorker(transfer, "GET", monkeypatch)
    slow.start()
    assert work_when_due(transfer).status == "processing"  # told to wait for ten minutes
    slow.go_on()
    assert wise.totals()["calls"]["transfer.fund"] == 1
    assert funded(wise) == 0
    assert work_when_due(transfer).status == "success"
