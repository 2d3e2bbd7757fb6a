"""Two reviewers who may, and one person who may not."""

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from access.policy import assign_role
from access.roles import Role
from audit.actor import Actor


@pytest.fixture(autouse=True)
def _people(transactional_db: None, settings: Settings) -> None:
    for name, role in (
        ("ana", Role.SUPER_ADMIN),
        ("ben", Role.SUPER_ADMIN),
        ("axel", Role.AUDITOR),
    ):
        assign_role(User.objects.create_user(name), role)


@pytest.fixture
def ana() -> Actor:
    """A reviewer."""
    return actor("ana")


@pytest.fixture
def ben() -> Actor:
    """Another one."""
    return actor("ben")


def actor(name: str) -> Actor:
    """Somebody with a row of their own."""
    return Actor("user", name, user_id=User.objects.get(username=name).pk)
