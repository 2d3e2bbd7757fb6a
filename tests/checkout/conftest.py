"""A receiving account, and callers of each role."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from access.policy import assign_role
from access.roles import Role
from tests.checkout.ledger import ACCOUNT
from tests.payouts.conftest import Caller


@pytest.fixture(autouse=True)
def _receiving(settings: Settings) -> None:
    settings.STELLAR_RECEIVING_ACCOUNT = ACCOUNT


@pytest.fixture
def caller(transactional_db: None) -> Callable[..., Caller]:
    """`caller("super_admin", "ana")`: somebody of that role and name, perhaps with a narrowed token."""

    def make(role: str, name: str = "", *scopes: str) -> Caller:
        user, _ = User.objects.get_or_create(username=name or f"the-{role}")
        assign_role(user, Role(role))
        return Caller(user, *scopes)

    return make


@pytest.fixture
def shop(caller: Callable[..., Caller]) -> Caller:
    """A program that asks for payments."""
    return caller("integrator", "shop")


@pytest.fixture
def ana(caller: Callable[..., Caller]) -> Caller:
    """A reviewer."""
    return caller("super_admin", "ana")


@pytest.fixture
def ben(caller: Callable[..., Caller]) -> Caller:
    """Another one."""
    return caller("super_admin", "ben")
