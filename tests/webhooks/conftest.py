"""An integrator's server on this machine, allowed by name as in development."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.webhooks.receiver import Receiver


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """It answers 200 until it is told otherwise."""
    settings.WEBHOOK_PRIVATE_HOSTS = ["127.0.0.1"]
    running = Receiver()
    yield running
    running.close()
