"""`manage.py doctor`: each thing that can be wrong has a line that says so, and none shows a secret."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from pytest_django.fixtures import Settings
from redis import Redis

from audit.seal import seal_entries
from payouts_site.dev import embedded
from payouts_site.dev.places import throwaway_home
from tests.conftest import truncate_triggers
from tests.factories import make_booking
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
SECRETS = {
    "SECRET_KEY": "canary-of-the-secret-key-0123456789abcdefghijklmnop",
    "STRIPE_API_KEY": "sk_live_canarycanary",
    "STRIPE_WEBHOOK_SECRET": "whsec_canarycanary",
    "WISE_API_TOKEN": "canary-wise-token",
    "METRICS_TOKEN": "canary-metrics",
}


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with throwaway_home() as home:
        server = embedded.valkey(home, tmp_path_factory.mktemp("queue"))
        server.process.start()
        yield server.url
        server.process.stop()


@pytest.fixture
def _well(queue: str, settings: Settings) -> None:
    """An installation in which nothing is wrong, except that a test database has no fsync."""
    settings.REDIS_URL = queue
    settings.PUBLIC_URL = "https://payouts.example.com"
    settings.WISE_PROFILE_ID = "28891298"
    settings.RECIPIENT_KEYS = ["canary-recipient-key"]
    settings.WISE_WEBHOOK_PUBLIC_KEY = ""
    for name, value in SECRETS.items():
        setattr(settings, name, value)
    with connection.cursor() as cursor:
        for table, trigger in truncate_triggers():
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
    every = IntervalSchedule.objects.create(every=1, period="minutes")
    PeriodicTask.objects.create(name="x", task="x", interval=every, last_run_at=timezone.now())


def looked(*arguments: str) -> tuple[int, dict[str, dict[str, str]], str]:
    """Exit code, lines by name, and all that was printed."""
    out = io.StringIO()
    code = 0
    try:
        call_command("doctor", "--json", "--offline", *arguments, stdout=out)
    except SystemExit as end:
        code = int(str(end.code))
    found: dict[str, Any] = json.loads(out.getvalue())
    return code, {line["name"]: line for line in found["lines"]}, out.getvalue()


@pytest.mark.usefixtures("_well")
def test_a_sound_installation_has_nothing_to_repair_but_the_tests_own_fsync() -> None:
    code, lines, text = looked()
    failed = {name for name, line in lines.items() if line["verdict"] == "fail"}
    assert (code, failed) == (1, {"fsync"})
    assert lines["triggers"]["verdict"] == "ok"
    assert lines["eviction policy"]["found"] == "noeviction"
    assert all(bool(line["todo"]) is (line["verdict"] != "ok") for line in lines.values())
    assert not any(secret in text for secret in [*SECRETS.values(), "canary"])


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a webhook secret that is none": ({"STRIPE_WEBHOOK_SECRET": "nonsense"}, "STRIPE_WEBHOOK_SECRET", "fail"),
    "no webhook secret": ({"STRIPE_WEBHOOK_SECRET": ""}, "STRIPE_WEBHOOK_SECRET", "fail"),
    "a publishable key": ({"STRIPE_API_KEY": "pk_live_x"}, "STRIPE_API_KEY", "fail"),
    "a test key": ({"STRIPE_API_KEY": "sk_test_x"}, "STRIPE_API_KEY", "warn"),
    "half of Wise": ({"WISE_PROFILE_ID": ""}, "Wise", "fail"),
    "no key of Wise's": ({"WISE_WEBHOOK_PUBLIC_KEY": "-----BEGIN"}, "WISE_WEBHOOK_PUBLIC_KEY", "fail"),
    "a short secret": ({"SECRET_KEY": "short"}, "SECRET_KEY", "fail"),
    "any host": ({"ALLOWED_HOSTS": ["*"]}, "ALLOWED_HOSTS", "fail"),
    "another time zone": ({"TIME_ZONE": "Europe/Berlin"}, "time zone", "fail"),
    "a lease too short": ({"LEASE_SECONDS": 10, "RAIL_TIMEOUT_SECONDS": 9}, "timers", "fail"),
    "debug": ({"DEBUG": True}, "DEBUG", "warn"),
    "a place for errors that is none": ({"SENTRY_DSN": "canary"}, "SENTRY_DSN", "fail"),
    "no key of their own": ({"RECIPIENT_KEYS": []}, "RECIPIENT_KEYS", "warn"),
}  # fmt: skip


@pytest.mark.usefixtures("_well")
@pytest.mark.parametrize("name", WRONG)
def test_what_is_configured_wrongly_is_named(name: str, settings: Settings) -> None:
    values, line, verdict = WRONG[name]
    for one, value in values.items():
        setattr(settings, one, value)
    found = looked()[1][line]
    assert (found["verdict"], bool(found["todo"])) == (verdict, True)


@pytest.mark.usefixtures("_well")
def test_a_queue_that_evicts_or_is_gone(queue: str, settings: Settings) -> None:
    with Redis.from_url(queue) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            assert looked()[1]["eviction policy"]["verdict"] == "fail"
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    settings.REDIS_URL = f"redis://:canary@127.0.0.1:{embedded.free_port()}/0"
    _, lines, text = looked()
    assert lines["queue"]["verdict"] == "fail"
    assert "canary" not in text


@pytest.mark.usefixtures("_well")
def test_a_trigger_that_was_switched_off_is_named() -> None:
    table, trigger = truncate_triggers()[0]
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    assert looked()[1]["triggers"]["verdict"] == "fail"
    assert "disabled" in looked()[1]["triggers"]["found"]


@pytest.mark.usefixtures("_well")
def test_commits_that_a_crash_would_lose_late_seals_a_dead_scheduler_and_late_work() -> None:
    make_booking(reference="BK-1")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        assert looked()[1]["synchronous_commit"]["verdict"] == "fail"
        cursor.execute("SET LOCAL synchronous_commit = on")
    PeriodicTask.objects.update(last_run_at=timezone.now() - timedelta(hours=1))
    assert looked()[1]["scheduler"]["verdict"] == "fail"
    PeriodicTask.objects.update(last_run_at=None)
    assert looked()[1]["scheduler"]["verdict"] == "warn"
    seal_entries()
    assert looked()[1]["audit seals"]["verdict"] == "ok"


@pytest.mark.usefixtures("_well")
def test_the_rails_are_asked_for_their_time(sandbox: SandboxProcess, settings: Settings) -> None:
    settings.STRIPE_API_BASE = sandbox.url
    settings.WISE_API_BASE = f"http://127.0.0.1:{embedded.free_port()}"
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=out)
    assert "ok    Stripe" in out.getvalue()
    assert "warn  Wise reachable: no: ConnectError" in out.getvalue()
