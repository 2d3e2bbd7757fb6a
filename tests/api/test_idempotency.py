"""`Idempotency-Key` over HTTP: one execution, the same bytes, and nothing half done when a process dies."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, connections
from django.db.models.functions import Now
from django.test import Client

from api.idempotent import IdempotentPostMixin, KeyInvalid, key_from_header
from guard import idempotency
from guard.models import IdempotencyRecord
from tests.api.conftest import client_for, post
from tests.api.urls import BrokenOff

pytestmark = [pytest.mark.urls("tests.api.urls")]
SecretOf = Callable[[str], str]


def _executions() -> int:
    return Group.objects.filter(name__startswith="done-").count()


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (None, None),
        ("abc", "abc"),
        (' "abc" ', "abc"),
        ("with space", "with space"),
        (r'"a\"b\\c"', r'a"b\c'),
        ("~" * 255, "~" * 255),
        ('"' + "x" * 255 + '"', "x" * 255),
    ],
)
def test_quoted_and_bare_keys_are_accepted(header: str | None, key: str | None) -> None:
    assert key_from_header(header) == key


@pytest.mark.parametrize(
    "header",
    ["", " ", '""', '"abc', "é", "a\tb", "x" * 256, '"a"b"', '"a\\b"', '"a" b'],
)
def test_anything_else_is_invalid(header: str) -> None:
    with pytest.raises(KeyInvalid):
        key_from_header(header)


@pytest.mark.django_db
class TestOneCaller:
    """The contract's section, sentence by sentence."""

    @pytest.mark.parametrize("path", ["/api/v1/work", "/api/v1/rail"])
    def test_the_first_answer_again_byte_for_byte(self, api: Client, path: str) -> None:
        first = post(api, path, {"end": "well"}, "k")
        again = post(api, path, {"end": "well"}, '"k"')
        assert first.status_code == again.status_code == 201
        assert first.content == again.content
        for name in ("Content-Type", "Location", "ETag"):
            assert first[name] == again[name]
        assert "Idempotency-Replayed" not in first
        assert again["Idempotency-Replayed"] == "true"
        assert _executions() == 1

    @pytest.mark.parametrize("path", ["/api/v1/work", "/api/v1/rail"])
    @pytest.mark.parametrize("end", ["conflict", "missing", "money"])
    def test_refusals_are_answers_too_and_what_was_committed_before_stays(
        self, api: Client, path: str, end: str
    ) -> None:
        first = post(api, path, {"end": end}, "k")
        again = post(api, path, {"end": end}, "k")
        assert 400 <= first.status_code < 500
        assert (first.status_code, first.content) == (again.status_code, again.content)
        assert again["Content-Type"] == "application/problem+json"
        assert again["Idempotency-Replayed"] == "true"
        assert _executions() == 1

    @pytest.mark.parametrize("end", ["forbidden", "throttled"])
    def test_answers_about_the_caller_are_not_kept_but_their_traces_are(
        self, api: Client, end: str
    ) -> None:
        for _ in range(2):
            assert "Idempotency-Replayed" not in post(api, "/api/v1/work", {"end": end}, "k")
        assert _executions() == 2
        assert not IdempotencyRecord.objects.exists()

    @pytest.mark.parametrize("end", ["crash", "paused", "sql", "slow-sql"])
    def test_a_failure_leaves_neither_work_nor_answer_and_frees_the_key(
        self, api: Client, end: str
    ) -> None:
        assert post(api, "/api/v1/work", {"end": end}, "k").status_code >= 500
        assert _executions() == 0
        assert not IdempotencyRecord.objects.exists()
        assert post(api, "/api/v1/work", {"end": "well"}, "k").status_code == 201

    def test_a_process_that_dies_leaves_no_work_behind(self, api: Client) -> None:
        with pytest.raises(BrokenOff):
            post(api, "/api/v1/work", {"end": "killed"}, "k")
        assert _executions() == 0

    def test_another_body_is_422_and_another_path_or_caller_is_independent(
        self, api: Client, secret_of: SecretOf
    ) -> None:
        assert post(api, "/api/v1/work", {"end": "well"}, "k").status_code == 201
        reused = post(api, "/api/v1/work", {"end": "conflict"}, "k")
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
        assert post(api, "/api/v1/other-work", {"end": "well"}, "k").status_code == 201
        bob = client_for(secret_of("bob"))
        assert "Idempotency-Replayed" not in post(bob, "/api/v1/work", {"end": "well"}, "k")
        assert _executions() == 3

    def test_a_new_token_of_the_same_user_is_the_same_caller(
        self, api: Client, secret_of: SecretOf
    ) -> None:
        first = post(api, "/api/v1/work", {}, "k")
        again = post(client_for(secret_of("alice")), "/api/v1/work", {}, "k")
        assert again.content == first.content

    def test_still_running_is_409_with_retry_after(self, api: Client) -> None:
        user = User.objects.get()
        scope = f"{user.pk}:POST:/api/v1/work"
        body = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # sha256 of {}
        idempotency.begin(scope, "k", body, lease_seconds=30, keep_days=30)
        response = post(api, "/api/v1/work", {}, "k")
        assert (response.status_code, response.json()["code"]) == (409, "idempotency_in_progress")
        assert response["Retry-After"] == "5"

    def test_required_and_malformed_keys(self, api: Client) -> None:
        missing = post(api, "/api/v1/paid-work", {})
        assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_required")
        bad = post(api, "/api/v1/work", {}, "x" * 256)
        assert (bad.status_code, bad.json()["code"]) == (400, "idempotency_key_invalid")
        assert _executions() == 0

    def test_without_a_key_every_post_is_its_own(self, api: Client) -> None:
        assert post(api, "/api/v1/work").content != post(api, "/api/v1/work").content
        assert not IdempotencyRecord.objects.exists()

    def test_strangers_cannot_hold_keys(self, client: Client) -> None:
        assert post(client, "/api/v1/work", {}, "k").status_code == 401
        assert not IdempotencyRecord.objects.exists()

    @pytest.mark.parametrize("rest", ["x" * 6000, "%00%41", "é" * 2000])
    def test_long_and_strange_paths_have_scopes_too(self, api: Client, rest: str) -> None:
        first = post(api, f"/api/v1/long/{rest}", {}, "k")
        again = post(api, f"/api/v1/long/{rest}", {}, "k")
        assert first.status_code == 201
        assert again["Idempotency-Replayed"] == "true"

    def test_a_console_session_may_send_keys_too(self, api: Client) -> None:
        browser = Client()
        browser.force_login(User.objects.get())
        first = post(browser, "/api/v1/work", {"end": "well"}, "k")
        assert first.status_code == 201
        assert post(browser, "/api/v1/work", {"end": "well"}, "k").content == first.content
        assert _executions() == 1


def _together(count: int, work: Callable[[int], Any]) -> list[Any]:
    barrier = threading.Barrier(count)

    def run(number: int) -> Any:
        try:
            barrier.wait(timeout=60)
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def _served(send: Callable[[], Any]) -> Any:
    """What a client does that is told 503: it comes again; 50 threads share a pool that is smaller."""
    for _ in range(60):
        response = send()
        if response.status_code != 503:
            return response
        time.sleep(0.2)
    raise AssertionError("the pool stayed full")


@pytest.mark.django_db(transaction=True)
class TestRealCommits:
    """Threads, commits and crashes on connections of their own."""

    def test_fifty_at_once_are_one_execution(self, secret_of: SecretOf) -> None:
        secret = secret_of("alice")
        body = {"end": "well", "seconds": 0.3}
        responses = _together(
            50, lambda _: _served(lambda: post(client_for(secret), "/api/v1/work", body, "k"))
        )
        assert _executions() == 1
        done = [response for response in responses if response.status_code == 201]
        waiting = [response for response in responses if response.status_code == 409]
        assert len(done) + len(waiting) == 50, {response.status_code for response in responses}
        assert len({response.content for response in done}) == 1
        assert sum("Idempotency-Replayed" not in response for response in done) == 1
        assert {response.json()["code"] for response in waiting} <= {"idempotency_in_progress"}
        assert all(int(response["Retry-After"]) > 0 for response in waiting)
        last = post(client_for(secret), "/api/v1/work", body, "k")
        assert (last["Idempotency-Replayed"], last.content) == ("true", done[0].content)

    def test_fifty_callers_with_one_key_are_fifty_executions(self, secret_of: SecretOf) -> None:
        secrets = [secret_of(f"caller{number}") for number in range(50)]
        responses = _together(
            50,
            lambda number: _served(
                lambda: post(client_for(secrets[number]), "/api/v1/work", {}, "k")
            ),
        )
        assert [response.status_code for response in responses] == [201] * 50
        assert _executions() == 50

    @pytest.mark.parametrize("moment", ["after the work", "after the answer was written"])
    def test_a_crash_before_the_commit_leaves_neither_and_the_retry_does_it(
        self, secret_of: SecretOf, monkeypatch: pytest.MonkeyPatch, moment: str
    ) -> None:
        """The connection is cut by the server, as when the process or its machine dies."""
        secret = secret_of("alice")
        settle = idempotency.complete

        def die(record_id: int, fence: int, **answer: Any) -> None:
            if moment == "after the answer was written":
                settle(record_id, fence, **answer)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (pid,) = cursor.fetchone()
            _kill_backend(pid)
            raise BrokenOff

        with monkeypatch.context() as patch:
            patch.setattr("api.idempotent.complete", die)
            patch.setattr("api.idempotent._release_quietly", lambda claim: None)
            with pytest.raises(BrokenOff):
                post(client_for(secret), "/api/v1/work", {}, "k")
        connection.close()
        assert _executions() == 0
        held = IdempotencyRecord.objects.get()
        assert held.status == "running"
        early = post(client_for(secret), "/api/v1/work", {}, "k")
        assert early.json()["code"] == "idempotency_in_progress"
        IdempotencyRecord.objects.update(locked_until=Now() - timedelta(seconds=1))
        assert post(client_for(secret), "/api/v1/work", {}, "k").status_code == 201
        assert _executions() == 1

    def test_a_full_pool_is_503_in_time_and_nothing_is_lost(self, secret_of: SecretOf) -> None:
        secret = secret_of("alice")
        size = connection.settings_dict["OPTIONS"]["pool"]["max_size"]
        full, over = threading.Barrier(size), threading.Event()  # this thread has a connection too

        def hold() -> None:
            connection.ensure_connection()
            full.wait(timeout=60)
            over.wait(timeout=60)
            connections.close_all()

        holders = [threading.Thread(target=hold) for _ in range(size - 1)]
        for holder in holders:
            holder.start()
        full.wait(timeout=60)
        started = time.monotonic()
        (response,) = _together(1, lambda _: post(client_for(secret), "/api/v1/work", {}, "k"))
        took = time.monotonic() - started
        over.set()
        for holder in holders:
            holder.join(timeout=60)
        assert (response.status_code, response.json()["code"]) == (503, "unavailable")
        assert response["Retry-After"] == "2"
        assert took < 3
        assert post(client_for(secret), "/api/v1/work", {}, "k").status_code == 201

    def test_a_holder_that_lost_its_lease_commits_nothing(self, secret_of: SecretOf) -> None:
        """The slow one finds the key taken over when it wants to store its answer: its work rolls back."""
        secret = secret_of("alice")
        working, taken_over = threading.Event(), threading.Event()
        answers: list[Any] = []

        class Slow(IdempotentPostMixin):
            """Only to reach the mixin's own end of the work."""

        original = Slow._answer

        def slow_answer(view: IdempotentPostMixin) -> Any:
            response = original(view)
            if threading.current_thread() is slow:
                working.set()
                assert taken_over.wait(timeout=30)
            return response

        def run_slow() -> None:
            try:
                answers.append(post(client_for(secret), "/api/v1/work", {}, "k"))
            finally:
                connections.close_all()

        slow = threading.Thread(target=run_slow)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(IdempotentPostMixin, "_answer", slow_answer)
            slow.start()
            assert working.wait(timeout=30)
            IdempotencyRecord.objects.update(locked_until=Now() - timedelta(seconds=1))
            winner = post(client_for(secret), "/api/v1/work", {}, "k")
            taken_over.set()
            slow.join(timeout=30)
        assert winner.status_code == 201
        assert [answer.json()["code"] for answer in answers] == ["idempotency_in_progress"]
        assert _executions() == 1
        assert Group.objects.filter(name=json.loads(winner.content)["name"]).exists()


def _kill_backend(pid: int) -> None:
    """From another connection, as an administrator would."""

    def kill() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        finally:
            connections.close_all()

    thread = threading.Thread(target=kill)
    thread.start()
    thread.join(timeout=30)
