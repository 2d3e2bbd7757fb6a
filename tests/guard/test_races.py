"""Many at once, on real connections with real commits: one winner each, and every loser learns who it was."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from audit.actor import Actor
from audit.chain import damaged_entries
from audit.models import Entry
from guard.door import Conflict, Won, change_status
from guard.statement import MOVED_PK, Insert
from tests.guard.rows import transfer_in
from transfers.models import Transfer, TransferAttempt

THREADS = 8
ROUNDS = 200


def race(rounds: list[int], step: Callable[[int, str], object]) -> dict[int, list[object]]:
    """In each round all threads start at the same moment on the same row; what each got, by row."""
    barrier = threading.Barrier(THREADS, timeout=30)
    got: dict[int, list[object]] = {pk: [] for pk in rounds}

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            for pk in rounds:
                barrier.wait()
                got[pk].append(step(pk, f"worker-{number}"))
        except BaseException:
            barrier.abort()
            raise
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(run, number) for number in range(THREADS)]:
            done.result()
    return got


@pytest.mark.django_db(transaction=True)
def test_one_winner_in_each_of_200_rounds_of_8() -> None:
    rows = [transfer_in("pending").pk for _ in range(ROUNDS)]

    def claim(pk: int, name: str) -> object:
        attempt = {"transfer": MOVED_PK, "number": 1, "idempotency_key": f"{pk}", "request": {}}
        return change_status(
            Transfer,
            pk,
            believed="pending",
            to="processing",
            actor=Actor("worker", name),
            causes=[Insert(TransferAttempt, attempt)],
            snapshot={"by": name},
        )

    for pk, results in race(rows, claim).items():
        winners = [result for result in results if isinstance(result, Won)]
        losers = [result for result in results if isinstance(result, Conflict)]
        assert (len(winners), len(losers)) == (1, THREADS - 1)
        log = list(Entry.objects.filter(subject=f"transfer:{pk}").order_by("seq"))
        assert [entry.outcome for entry in log] == ["won", *["conflict"] * (THREADS - 1)]
        assert {loser.decided_by for loser in losers} == {log[0].actor_name}
        assert log[0].snapshot == {"by": log[0].actor_name}
    assert Transfer.objects.filter(status="processing", version=2).count() == ROUNDS
    assert TransferAttempt.objects.count() == ROUNDS
    assert list(damaged_entries()) == []


@pytest.mark.django_db(transaction=True)
def test_two_decisions_about_one_row_never_both_happen() -> None:
    rows = [transfer_in("pending").pk for _ in range(50)]

    def decide(pk: int, name: str) -> object:
        to = "processing" if int(name[-1]) % 2 else "cancelled"
        return change_status(
            Transfer, pk, believed="pending", to=to, actor=Actor("user", f"{name}-{to}")
        )

    wins: Counter[str] = Counter()
    for pk, results in race(rows, decide).items():
        (winner,) = [result for result in results if isinstance(result, Won)]
        status = Transfer.objects.get(pk=pk).status
        assert winner.row["status"] == status
        losers = [result for result in results if isinstance(result, Conflict)]
        assert {loser.current_status for loser in losers} == {status}
        assert all(str(loser.decided_by).endswith(status) for loser in losers)
        wins[status] += 1
    assert sum(wins.values()) == 50


@pytest.mark.django_db(transaction=True)
def test_a_loser_that_waited_for_the_winners_commit_still_loses() -> None:
    """The winner's transaction is open while the other's UPDATE waits for the row; then it commits."""
    pk = transfer_in("pending").pk
    asked = threading.Event()

    def other() -> object:
        try:
            asked.set()
            return change_status(
                Transfer, pk, believed="pending", to="cancelled", actor=Actor("user", "late")
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            won = change_status(
                Transfer, pk, believed="pending", to="processing", actor=Actor("user", "early")
            )
            assert isinstance(won, Won)
            late = pool.submit(other)
            asked.wait(5)
            _until_somebody_waits_for_a_lock()
        result = late.result(10)
    assert isinstance(result, Conflict)
    assert (result.current_status, result.decided_by) == ("processing", "early")


@pytest.mark.django_db(transaction=True)
def test_after_a_rollback_the_waiting_one_wins() -> None:
    pk = transfer_in("pending").pk

    def other() -> object:
        try:
            return change_status(
                Transfer, pk, believed="pending", to="cancelled", actor=Actor("user", "late")
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            change_status(
                Transfer, pk, believed="pending", to="processing", actor=Actor("user", "early")
            )
            late = pool.submit(other)
            _until_somebody_waits_for_a_lock()
            transaction.set_rollback(True)
        assert isinstance(late.result(10), Won)
    (entry,) = Entry.objects.filter(subject=f"transfer:{pk}")
    assert entry.actor_name == "late"


def _until_somebody_waits_for_a_lock() -> None:
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
        threading.Event().wait(0.01)
    raise AssertionError("nobody waited for the row")
