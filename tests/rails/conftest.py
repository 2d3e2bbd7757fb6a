"""Adapters whose network is a function."""

from collections.abc import Iterator

import pytest

from tests.rails.wise_network import Wise


@pytest.fixture
def wise() -> Iterator[Wise]:
    made = Wise()
    yield made
    made.rail.close()
