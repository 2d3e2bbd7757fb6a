"""People of each role, and tokens for them."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role, Scope


@pytest.fixture
def person(db: None) -> Callable[[str], User]:
    """`person("operator")`: a user with exactly that role; `person("")`: one without any."""

    def make(role: str) -> User:
        user = User.objects.create_user(username=f"the-{role or 'nobody'}")
        if role:
            assign_role(user, Role(role))
        return user

    return make


@pytest.fixture
def token_for() -> Callable[..., tuple[ApiToken, str]]:
    """`token_for(user, "read")`: a token with those scopes and its secret."""

    def make(user: User, *scopes: Scope, name: str = "test") -> tuple[ApiToken, str]:
        token, secret = ApiToken.objects.create(user=user, scopes=list(scopes), name=name)
        return token, secret

    return make
