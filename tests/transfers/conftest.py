"""Wise's stand-in for this folder, and a source in the place of payout requests."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.sandbox_process import SandboxProcess
from tests.sandbox_wise import SandboxWise
from tests.transfers.wise_steps import PROFILE, PayoutSource, forget_rail
from transfers import sources
from transfers.rail_access import wise_rail


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


@pytest.fixture
def payouts(monkeypatch: pytest.MonkeyPatch) -> PayoutSource:
    """What stands in for payout requests: it hears of every change, and can say no."""
    source = PayoutSource()
    monkeypatch.setitem(sources._sources, "payout", source)
    return source
