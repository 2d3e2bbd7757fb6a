"""One holder of a key at a time, on the database's clock, whatever dies in between."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from guard.idempotency import (
    HTTP_KEEP_DAYS,
    JOB_KEEP_DAYS,
    JOB_SCOPE,
    InProgress,
    LeaseLost,
    Replay,
    Reused,
    Started,
    begin,
    complete,
    payout_job_key,
    release,
)
from guard.models import IdempotencyRecord
from guard.tasks import purge_idempotency

SCOPE = "7:POST:/api/v1/x"
Answer = Started | Replay | InProgress | Reused


def _begin(body: str = "a", key: str = "k", scope: str = SCOPE, lease: float = 60) -> Answer:
    return begin(scope, key, body, lease_seconds=lease, keep_days=HTTP_KEEP_DAYS)


def _started(body: str = "a", key: str = "k", lease: float = 60) -> Started:
    answer = _begin(body, key, lease=lease)
    assert isinstance(answer, Started), answer
    return answer


def _complete(held: Started, body: bytes = b"\x00answer") -> None:
    complete(held.record_id, held.fence, status=201, headers={"ETag": '"1"'}, body=body)


def _lease_ends() -> None:
    IdempotencyRecord.objects.update(locked_until=Now() - timedelta(seconds=1))


def _thirty_days_pass() -> None:
    day = timedelta(days=30, seconds=1)
    IdempotencyRecord.objects.update(
        expires_at=F("expires_at") - day, locked_until=F("locked_until") - day
    )


@pytest.mark.django_db
class TestOneCaller:
    """What each call answers, step by step."""

    def test_begin_complete_replay(self) -> None:
        held = _started()
        assert held.fence == 1
        assert _begin() == InProgress(retry_after=60)
        _complete(held)
        assert _begin() == Replay(201, {"ETag": '"1"'}, b"\x00answer")

    def test_another_body_is_refused_while_running_and_after(self) -> None:
        held = _started()
        assert _begin("b") == Reused()
        _lease_ends()
        assert _begin("b") == Reused()
        _complete(held)
        assert _begin("b") == Reused()

    def test_keys_of_other_scopes_never_meet(self) -> None:
        _complete(_started())
        assert isinstance(_begin(scope="8:POST:/api/v1/x"), Started)
        assert isinstance(_begin(scope="7:POST:/api/v1/y"), Started)

    def test_released_keys_are_free(self) -> None:
        held = _started()
        assert release(held.record_id, held.fence)
        assert not release(held.record_id, held.fence)
        assert _started("b").record_id != held.record_id

    def test_a_stored_answer_cannot_be_released(self) -> None:
        held = _started()
        _complete(held)
        assert not release(held.record_id, held.fence)
        assert isinstance(_begin(), Replay)

    def test_an_expired_lease_is_taken_over_and_the_old_holder_can_do_nothing(self) -> None:
        first = _started()
        _lease_ends()
        second = _started()
        assert (second.record_id, second.fence) == (first.record_id, 2)
        with pytest.raises(LeaseLost):
            _complete(first)
        assert not release(first.record_id, first.fence)
        _complete(second, b"second")
        assert _begin() == Replay(201, {"ETag": '"1"'}, b"second")

    def test_a_late_holder_that_nobody_replaced_may_still_complete(self) -> None:
        held = _started()
        _lease_ends()
        _complete(held)
        assert isinstance(_begin(), Replay)

    def test_an_answer_is_stored_once(self) -> None:
        held = _started()
        _complete(held)
        with pytest.raises(LeaseLost):
            _complete(held, b"again")

    def test_after_thirty_days_the_key_is_new_even_for_another_body(self) -> None:
        first = _started()
        _complete(first)
        _thirty_days_pass()
        fresh = _started("b")
        assert fresh.fence == 2
        record = IdempotencyRecord.objects.get()
        assert (record.status, record.response_body, record.completed_at) == ("running", None, None)
        # Two readings of the database's clock in one statement, a microsecond apart at times.
        kept = record.expires_at - record.created_at
        assert abs(kept - timedelta(days=30)) < timedelta(seconds=1)
        with pytest.raises(LeaseLost):
            _complete(first)

    def test_a_holder_whose_lease_runs_keeps_an_expired_record(self) -> None:
        _started()
        IdempotencyRecord.objects.update(expires_at=Now() - timedelta(seconds=1))
        assert isinstance(_begin(), InProgress)

    def test_jobs_use_the_same_records_for_seven_days(self) -> None:
        key = payout_job_key(47828, "send")
        assert key == "payout-job:47828:send"
        answer = begin(JOB_SCOPE, key, "", lease_seconds=60, keep_days=JOB_KEEP_DAYS)
        assert isinstance(answer, Started)
        record = IdempotencyRecord.objects.get(scope="job", key=key)
        assert record.expires_at - record.created_at == timedelta(days=7)

    def test_purge_takes_only_what_has_expired_in_batches(self) -> None:
        for number in range(5):
            _complete(_started(key=f"old{number}"))
        _thirty_days_pass()
        _complete(_started(key="new"))
        _started(key="running")
        IdempotencyRecord.objects.filter(key="running").update(
            expires_at=Now() - timedelta(seconds=1)
        )
        out = StringIO()
        call_command("purge_idempotency", batch=2, max_batches=2, stdout=out)
        assert out.getvalue() == "4 expired record(s) deleted.\n"
        call_command("purge_idempotency", batch=2, stdout=StringIO())
        assert set(IdempotencyRecord.objects.values_list("key", flat=True)) == {"new", "running"}

    def test_the_scheduler_purges_by_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        entries = settings.CELERY_BEAT_SCHEDULE.values()
        assert purge_idempotency.name in {one["task"] for one in entries}
        monkeypatch.setattr("guard.tasks.BATCH", 2)
        for number in range(5):
            _complete(_started(key=f"old{number}"))
        _thirty_days_pass()
        _complete(_started(key="new"))
        purge_idempotency()
        assert set(IdempotencyRecord.objects.values_list("key", flat=True)) == {"new"}


def _at_once(count: int, work: Callable[[], Answer]) -> list[Answer]:
    """Run `work` on `count` connections, released together by a barrier."""
    barrier = threading.Barrier(count)

    def run(_: int) -> Answer:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    """Real commits on real connections. The pool of the settings has 20."""

    def test_of_many_beginners_one_starts(self) -> None:
        kinds = Counter(type(answer) for answer in _at_once(16, _begin))
        assert kinds == {Started: 1, InProgress: 15}

    def test_of_many_who_take_over_an_expired_lease_one_succeeds(self) -> None:
        _started()
        _lease_ends()
        answers = _at_once(16, _begin)
        winners = [answer for answer in answers if isinstance(answer, Started)]
        assert [winner.fence for winner in winners] == [2]
        assert sum(isinstance(answer, InProgress) for answer in answers) == 15

    def test_of_many_who_find_an_expired_record_one_starts_afresh(self) -> None:
        _complete(_started())
        _thirty_days_pass()
        assert Counter(type(answer) for answer in _at_once(16, _begin))[Started] == 1

    def test_whoever_asks_during_the_commit_waits_for_the_stored_answer(self) -> None:
        held = _started()
        answers: list[Answer] = []
        asked = threading.Thread(target=lambda: answers.extend(_at_once(1, _begin)))
        with transaction.atomic():
            _complete(held)
            asked.start()
            _wait_until_somebody_waits_for_a_lock()
            assert answers == []
        asked.join(timeout=30)
        assert [type(answer) for answer in answers] == [Replay]

    def test_work_and_answer_roll_back_together_and_the_key_stays_held(self) -> None:
        held = _started()
        with transaction.atomic():
            _complete(held)
            transaction.set_rollback(True)
        assert isinstance(_begin(), InProgress)
        assert release(held.record_id, held.fence)


def _wait_until_somebody_waits_for_a_lock() -> None:
    deadline = threading.Event()
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
        deadline.wait(0.05)
    raise AssertionError("nobody waited")
