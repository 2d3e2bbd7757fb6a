"""A source in the place of payout requests, for this folder."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.sandbox_horizon import SandboxHorizon
from tests.transfers.stellar_steps import Recipients
from tests.transfers.stellar_steps import forget_rail as forget_stellar
from tests.transfers.wise_steps import PayoutSource
from transfers import sources
from transfers.rail_access import horizon_rail, stellar_treasury


@pytest.fixture
def payouts(monkeypatch: pytest.MonkeyPatch) -> PayoutSource:
    """What stands in for payout requests: it hears of every change, and can say no."""
    source = PayoutSource()
    monkeypatch.setitem(sources._sources, "payout", source)
    return source


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
def recipients(monkeypatch: pytest.MonkeyPatch) -> Recipients:
    """What stands in for payout requests and refunds."""
    source = Recipients()
    monkeypatch.setitem(sources._sources, "payout", source)
    monkeypatch.setitem(sources._sources, "refund", source)
    return source
