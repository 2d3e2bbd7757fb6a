"""Callers of each role, and an integrator's server on this machine, allowed by name as in development."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from access.policy import assign_role
from access.roles import Role
from tests.payouts.conftest import Caller
from tests.webhooks.receiver import Receiver

Make = Callable[..., Caller]


@pytest.fixture
def receiver(settings: Settings, transactional_db: None) -> Iterator[Receiver]:
    """It answers 200 until it is told otherwise. A delivery commits before it sends: the test is transactional."""
    settings.WEBHOOK_PRIVATE_HOSTS = ["127.0.0.1"]
    running = Receiver()
    yield running
    running.close()


@pytest.fixture
def caller(db: None) -> Make:
    """`caller("super_admin", "ana")`: somebody of that role and name, perhaps with a narrowed token."""

    def make(role: str, name: str = "", *scopes: str) -> Caller:
        user, _ = User.objects.get_or_create(username=name or f"the-{role}")
        assign_role(user, Role(role))
        return Caller(user, *scopes)

    return make


@pytest.fixture
def shop(caller: Make) -> Caller:
    """An integrator."""
    return caller("integrator", "shop")


@pytest.fixture
def rival(caller: Make) -> Caller:
    """Another one."""
    return caller("integrator", "rival")


@pytest.fixture
def ana(caller: Make) -> Caller:
    """Somebody of the console."""
    return caller("super_admin", "ana")
