"""An operator with a token, and clients that speak as one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role


@pytest.fixture
def secret_of(db: None) -> Callable[[str], str]:
    """`secret_of("alice")`: the token of an operator of that name, made if need be."""

    def make(username: str) -> str:
        user, made = User.objects.get_or_create(username=username)
        if made:
            assign_role(user, Role.OPERATOR)
        _, secret = ApiToken.objects.create(user=user)
        return str(secret)

    return make


@pytest.fixture
def api(secret_of: Callable[[str], str]) -> Client:
    """A client with a token. Unexpected exceptions become the answer a caller would see."""
    return client_for(secret_of("alice"))


def client_for(secret: str) -> Client:
    """A client that authenticates with `secret`."""
    return Client(raise_request_exception=False, headers={"authorization": f"Bearer {secret}"})


def post(client: Client, path: str, body: Any = None, key: str | None = None) -> Any:
    """POST JSON, with an Idempotency-Key if given; the response."""
    headers = {} if key is None else {"idempotency-key": key}
    return client.post(path, {} if body is None else body, "application/json", headers=headers)
