"""Errors to Sentry, traces to OpenTelemetry: from each kind of process, and nothing in them that must not be read.

The packages are locked for development, so that what is tested is what they really send; that the product does
without them is tested by hiding them.
"""

import os
import subprocess
import sys
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from payouts_site import observe
from payouts_site.doctor import configuration
from tests.cast import integrator
from tests.factories import make_booking
from tests.sandbox_process import ROOT
from tests.site.broken import CANARIES
from tests.site.collector import Collector
from tests.stack import Stack, wait_until

PLACES = {
    "SENTRY_DSN": "https://canary@sentry.example.com/1",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example.com:4318",
}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process of the product that needs neither database nor queue."""
    given = {
        "PATH": os.environ["PATH"],
        "PAIDONCE_SERVICES_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "payouts_site.settings",
        "DATABASE_URL": "postgres://paidonce:x@127.0.0.1:1/paidonce",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "x" * 50,
        "ALLOWED_HOSTS": "testserver",
        "PYTHONWARNINGS": "ignore",
        **environment,
    }
    return subprocess.run(
        [sys.executable, *arguments],
        env=given,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_error_is_reported_and_no_canary_with_it() -> None:
    with Collector() as there:
        done = run("-m", "tests.site.broken", **there.environment)
        assert (done.returncode, done.stdout.strip()) == (0, "500 Internal Server Error"), (
            done.stderr
        )
        events, spans, text = there.events(), there.spans(), there.text()
    raised = next(one for one in events if "exception" in one)
    (error,) = raised["exception"]["values"]
    assert error["type"] == "ValueError"
    assert error["value"].startswith("to […3000] with Bearer [hidden]")
    assert error["stacktrace"]["frames"][-1]["function"] == "breaks"
    assert raised["request"] == {"method": "POST", "url": "http://testserver/breaks"}
    assert raised["tags"]["process"] == "web"
    assert [crumb["message"] for crumb in raised["breadcrumbs"]["values"]] == ["before it broke"]
    logged: dict[str, Any] = {
        one["logentry"]["message"]: one.get("extra") for one in events if "exception" not in one
    }
    assert logged["it broke"]["payout"] == 7
    assert "sent to […3000]" in logged
    assert spans == {"paidonce-web": {"POST breaks"}}
    assert {name for name, canary in CANARIES.items() if canary in text} == set()
    assert "canary" not in text.lower().replace("canaries", "")


@pytest.mark.django_db(transaction=True)
def test_web_worker_and_scheduler_report(transactional_db: None) -> None:
    one = {"WEB_PROCESSES": "1", "WATCH_INTERVAL_SECONDS": "1"}
    with Collector() as there, Stack(workers=0, environment=there.environment | one) as stack:
        stack.start_worker(wait=False)
        beat = stack.start_beat()
        integrator(stack.web_url).pay_all(make_booking("acct_1a").reference)
        wanted = {"paidonce-web", "paidonce-worker", "paidonce-beat"}
        wait_until(
            lambda: there.spans().keys() >= wanted, why=f"{there.spans()} {stack.log('beat')}"
        )
        spans = there.spans()
        beat.stop()
    assert any("transfers" in name for name in spans["paidonce-web"])
    assert any(name.startswith("run/") for name in spans["paidonce-worker"])
    assert any(name.startswith("apply_async/") for name in spans["paidonce-beat"])


def test_without_settings_nothing_is_loaded() -> None:
    code = (
        "import sys, payouts_site.wsgi;"
        "print([name for name in ('sentry_sdk', 'opentelemetry.exporter') if name in sys.modules])"
    )
    done = run("-c", code)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_without_the_packages_the_product_runs_on_and_says_so() -> None:
    code = (
        "import sys;"
        "sys.modules.update(dict.fromkeys(('sentry_sdk', 'opentelemetry')));"
        "import payouts_site.wsgi; print('served')"
    )
    done = run("-c", code, **PLACES)
    assert done.stdout == "served\n"
    assert done.stderr.count("is not installed") == 2
    assert "canary" not in done.stderr


def test_an_address_that_is_none_stops_nothing() -> None:
    done = run("-c", "import payouts_site.wsgi; print('served')", SENTRY_DSN="canary")
    assert done.stdout == "served\n"
    assert "SENTRY_DSN could not be used: BadDsn" in done.stderr
    assert "canary" not in done.stderr


@pytest.mark.parametrize("setting", PLACES)
def test_the_doctor_says_what_is_on_and_what_is_missing(
    setting: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def line() -> Any:
        return next(
            one for check in (configuration._observe,) for one in check() if one.name == setting
        )

    assert (line().verdict, line().found) == ("ok", "not set: nothing is sent")
    setattr(settings, setting, PLACES[setting])
    assert (line().verdict, line().found.startswith("to ")) == ("ok", True)
    assert "canary" not in line().found
    monkeypatch.setattr(observe, "find_spec", lambda _: None)
    assert (line().verdict, "requirements-observe.lock" in line().todo) == ("fail", True)
