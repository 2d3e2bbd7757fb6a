"""What every test may use: the test database, a sandbox for this process, the whole stack in processes of its own."""

import os
from collections.abc import Iterator

import hypothesis
import pytest
from django.apps import apps
from django.db import IntegrityError, connection
from django.test import TransactionTestCase
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings

from audit.models import Entry, Seal
from payouts_site import celery_app
from payouts_site.dev.browser import NoBrowser, launch_options
from payouts_site.dev.throwaway import without_proxy
from tests.emptying import empty_tables
from tests.sandbox_horizon import SandboxHorizon
from tests.sandbox_process import SandboxProcess
from tests.sandbox_wise import SandboxWise
from tests.stack import Stack
from tests.transfers.wise_steps import PROFILE, forget_rail
from transfers import wake
from transfers.rail_access import horizon_rail, stellar_treasury, stripe_rail, wise_rail

# A proxy of the machine must not stand between a test and its own servers.
os.environ.update(without_proxy(os.environ))

# A busy machine is slow, not wrong; and a run leaves no folder of examples behind.
hypothesis.settings.register_profile("house", deadline=None, database=None)
hypothesis.settings.load_profile("house")

# Playwright's own event loop runs in this thread; Django would refuse its ORM there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

WEBHOOK_SECRET = "whsec_tests"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Let Django empty the tables between transactional tests: it does so by TRUNCATE, which they refuse.

    Only those triggers rest, and only in the test database. tests/audit and tests/attacks prove them enabled.
    """
    with django_db_blocker.unblock():
        rest_truncate_triggers()


@pytest.fixture(autouse=True, scope="session")
def _emptied_quickly() -> Iterator[None]:
    """After each transactional test, instead of Django's `flush`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: _empty())
        yield


def _empty() -> None:
    try:
        empty_tables()
    except IntegrityError:
        # A test switched a table's triggers off and on again, the resting ones with them.
        rest_truncate_triggers()
        empty_tables()


def rest_truncate_triggers() -> None:
    """For whoever empties tables between tests."""
    with connection.cursor() as cursor:
        for table, trigger in truncate_triggers():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


def truncate_triggers() -> list[tuple[str, str]]:
    """Table and name, in the database, of each trigger that refuses TRUNCATE."""
    return [
        (model._meta.db_table, trigger.get_pgid(model))
        for model in sorted(apps.get_models(), key=lambda one: one not in (Entry, Seal))
        for trigger in getattr(model._meta, "triggers", ())
        if trigger.name.endswith("is_not_truncated")
    ]


@pytest.fixture(autouse=True, scope="session")
def _queue_in_memory() -> None:
    """Tests in this process send their wake-up messages nowhere; the stack's processes have a real queue."""
    celery_app.conf.update(broker_url="memory://")


@pytest.fixture(autouse=True)
def _wake_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed wake-up keeps the process quiet for some seconds: not from one test into the next."""
    monkeypatch.setattr(wake, "_quiet_until", 0.0)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this process (Playwright allows one); without one they are skipped and say why."""
    try:
        options = launch_options()
    except NoBrowser as missing:
        pytest.skip(f"no browser: {missing}")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(**options)
        yield running
        running.close()


@pytest.fixture(scope="session")
def session_sandbox() -> Iterator[SandboxProcess]:
    """One sandbox process a test process. Use `sandbox`."""
    with SandboxProcess(webhook_secret=WEBHOOK_SECRET) as running:
        yield running


@pytest.fixture
def sandbox(session_sandbox: SandboxProcess, settings: Settings) -> Iterator[SandboxProcess]:
    """A sandbox with empty books that this process' own Stripe rail talks to, with short timers and no pace."""
    session_sandbox.reset()
    settings.STRIPE_API_KEY = "sk_test_tests"
    settings.STRIPE_API_BASE = session_sandbox.url
    settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
    settings.STRIPE_MAX_PER_SECOND = 100_000
    settings.RAIL_TIMEOUT_SECONDS = 1.0
    settings.LEASE_SECONDS = 30
    settings.PROBE_DELAYS_SECONDS = [0.0, 0.0, 0.0]
    stripe_rail.cache_clear()
    yield session_sandbox
    stripe_rail.cache_clear()


@pytest.fixture(scope="session")
def session_horizon() -> Iterator[SandboxProcess]:
    """One sandbox with Horizon a test process, only if a test wants it. Use `horizon`."""
    with SandboxProcess(horizon=True) as running:
        yield running


@pytest.fixture
def horizon(session_horizon: SandboxProcess, settings: Settings) -> Iterator[SandboxHorizon]:
    """A fresh Stellar network that this process' settings point at, calm (see tests/sandbox_horizon.py)."""
    fresh = session_horizon.horizon
    fresh.reset()
    for name, value in fresh.settings_of_the_product().items():
        setattr(settings, name, value)
    settings.RAIL_TIMEOUT_SECONDS = 5.0
    forget_stellar()
    horizon_rail()  # threads that make it at the same moment would make two
    yield fresh
    forget_stellar()


@pytest.fixture(scope="session")
def session_wise() -> Iterator[SandboxProcess]:
    """One sandbox process with Wise a test process. Use `wise`."""
    with SandboxProcess(wise=True) as running:
        yield running


@pytest.fixture
def wise(session_wise: SandboxProcess, settings: Settings) -> Iterator[SandboxWise]:
    """Empty books that this process' own Wise rail talks to, with short timers and no pace; no webhooks by itself."""
    session_wise.wise.reset()
    session_wise.wise.settings(webhooks_enabled=False, created_seconds=0)
    settings.WISE_API_TOKEN = "token-of-tests"
    settings.WISE_API_BASE = session_wise.wise_url
    settings.WISE_PROFILE_ID = PROFILE
    settings.WISE_WEBHOOK_PUBLIC_KEY = session_wise.wise_public_key()
    settings.WISE_MAX_PER_SECOND = 100_000
    settings.RAIL_TIMEOUT_SECONDS = 1.0
    settings.LEASE_SECONDS = 30
    settings.PROBE_DELAYS_SECONDS = [0.0, 0.0, 0.0]
    forget_rail()
    wise_rail()  # threads that make it at the same moment would make two
    yield session_wise.wise
    forget_rail()


def forget_stellar() -> None:
    """The next call to Horizon is made by an adapter with the settings of then."""
    if horizon_rail.cache_info().currsize:
        horizon_rail().close()
    horizon_rail.cache_clear()
    stellar_treasury.cache_clear()


@pytest.fixture
def stellar(horizon: SandboxHorizon, settings: Settings) -> Iterator[SandboxHorizon]:
    """A fresh network that this process' own Stellar rail talks to, with short timers and no pace."""
    settings.STELLAR_MAX_PER_SECOND = 100_000
    settings.RAIL_TIMEOUT_SECONDS = 3.0
    settings.LEASE_SECONDS = 30
    settings.PROBE_DELAYS_SECONDS = [0.0, 0.0, 0.0]
    horizon.settings(submit_wait_ms=300)
    forget_stellar()
    horizon_rail()
    stellar_treasury()
    yield horizon
    forget_stellar()


@pytest.fixture
def stack(transactional_db: None) -> Iterator[Stack]:
    """The whole product in processes of its own: web, one worker, a queue, a sandbox. See tests/stack.py."""
    with Stack() as running:
        yield running
