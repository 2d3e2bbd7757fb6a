"""One caller's loop is stopped, nobody else's; a queue that is away stops nobody."""

import time

import pytest
import time_machine
from django.test import Client
from pytest_django.fixtures import Settings

from api import throttle
from tests.stack import BlackHole

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.urls")]


@pytest.fixture(autouse=True)
def _twenty_a_minute(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.API_MAX_PER_MINUTE = 20
    monkeypatch.setattr(throttle, "_quiet_until", 0.0)
    monkeypatch.setattr(throttle, "_calls", {})


def test_too_many_calls_wait_for_the_next_minute(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A minute of this test's own, so that no earlier one counts in it.
    minute = 4_000_000_000 + time.time_ns() % 10**9 * 60
    with time_machine.travel(minute, tick=False):
        answers = [api.get("/api/v1/users") for _ in range(21)]
        # Another process of the same installation knows nothing by itself; Redis tells it with its first call.
        monkeypatch.setattr(throttle, "_calls", {})
        elsewhere = [api.get("/api/v1/users").status_code for _ in range(8)]
    assert [one.status_code for one in answers] == [200] * 20 + [429]
    assert answers[20].json()["code"] == "throttled"
    assert 1 <= int(answers[20]["Retry-After"]) <= 60
    # It had been told of the first call and of sixteen more.
    assert elsewhere == [200, 200, 200, 429, 429, 429, 429, 429]
    with time_machine.travel(minute + 60, tick=False):
        assert api.get("/api/v1/users").status_code == 200


@pytest.mark.parametrize("queue", ["absent", "silent"])
def test_without_redis_nobody_is_limited_and_nobody_waits(
    api: Client, settings: Settings, queue: str
) -> None:
    hole = BlackHole()
    settings.REDIS_URL = hole.url if queue == "silent" else "redis://127.0.0.1:1/0"
    began = time.monotonic()
    answers = [api.get("/api/v1/users").status_code for _ in range(10)]
    hole.close()
    assert answers == [200] * 10
    # One wait for the silence, then the breaker.
    assert time.monotonic() - began < 3
