"""A town with one of everything, and a web server in front of it."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from tests.attacks.town import Town
from tests.checkout.ledger import ACCOUNT
from tests.stack import Stack

__all__ = ["Town"]


@pytest.fixture(autouse=True)
def _settings(settings: Settings) -> None:
    settings.STELLAR_RECEIVING_ACCOUNT = ACCOUNT
    # The real one takes half a second on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def town(transactional_db: None) -> Town:
    """Harmless people."""
    return Town().build()


@pytest.fixture(scope="session")
def besieged(django_db_setup: None) -> Iterator[Stack]:
    """A web server as in production; no worker, so that nothing moves while it is attacked."""
    assert str(connection.settings_dict["NAME"]).startswith("test_")
    with Stack(workers=0) as stack:
        yield stack
