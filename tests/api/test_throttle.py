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
def _three_a_minute(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.API_MAX_PER_MINUTE = 3
    monkeypatch.setattr(throttle, "_quiet_until", 0.0)


def test_the_fourth_call_waits_for_the_next_minute(api: Client) -> None:
    # A minute of this test's own, so that no earlier one counts in it.
    minute = 4_000_000_000 + time.time_ns() % 10**9 * 60
    with time_machine.travel(minute, tick=False):
        answers = [api.get("/api/v1/users") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[3].json()["code"] == "throttled"
    assert 1 <= int(answers[3]["Retry-After"]) <= 60
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
