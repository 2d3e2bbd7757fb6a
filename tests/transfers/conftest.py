"""A source in the place of payout requests, for this folder."""

import pytest

from tests.transfers.stellar_steps import Recipients
from tests.transfers.wise_steps import PayoutSource
from transfers import sources


@pytest.fixture
def payouts(monkeypatch: pytest.MonkeyPatch) -> PayoutSource:
    """What stands in for payout requests: it hears of every change, and can say no."""
    source = PayoutSource()
    monkeypatch.setitem(sources._sources, "payout", source)
    return source


@pytest.fixture
def recipients(monkeypatch: pytest.MonkeyPatch) -> Recipients:
    """What stands in for payout requests and refunds."""
    source = Recipients()
    monkeypatch.setitem(sources._sources, "payout", source)
    monkeypatch.setitem(sources._sources, "refund", source)
    return source
