"""Callers of each role, and a check that nothing told of bank details."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role

BASE = "/api/v1/"


class Caller:
    """A client that sends JSON below /api/v1/ and sees what a caller would see of a server's mistake."""

    def __init__(self, user: User, *scopes: Any) -> None:
        _, secret = ApiToken.objects.create(user=user, name="test", scopes=list(scopes))
        headers = {"authorization": f"Bearer {secret}"}
        self.user = user
        self._client = Client(raise_request_exception=False, headers=headers)

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(BASE + path, query)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("post", path, body, headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("put", path, body, headers)

    def delete(self, path: str) -> Any:
        return self._client.delete(BASE + path)

    def _send(self, verb: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        text = json.dumps({} if body is None else body)
        return getattr(self._client, verb)(BASE + path, text, "application/json", headers=named)


@pytest.fixture
def caller(db: None) -> Callable[..., Caller]:
    """`caller("super_admin", "ana")`: somebody of that role and name, perhaps with a narrowed token."""

    def make(role: str, name: str = "", *scopes: str) -> Caller:
        user, _ = User.objects.get_or_create(username=name or f"the-{role}")
        assign_role(user, Role(role))
        return Caller(user, *scopes)

    return make


@pytest.fixture
def ana(caller: Callable[..., Caller]) -> Caller:
    """A reviewer."""
    return caller("super_admin", "ana")


@pytest.fixture
def ben(caller: Callable[..., Caller]) -> Caller:
    """Another one."""
    return caller("super_admin", "ben")


@pytest.fixture
def shop(caller: Callable[..., Caller]) -> Caller:
    """A program that asks for payouts."""
    return caller("integrator", "shop")
