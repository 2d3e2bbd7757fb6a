"""Callers of each role with tokens, and a way to speak JSON."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role
from tests.transfers_api import openapi

BASE = "/api/v1/"


class Caller:
    """A client that sends JSON below /api/v1/ and shows a server's mistake as the caller would see it.

    Every answer, refusals as well, is held against the OpenAPI file.
    """

    def __init__(self, secret: str | None = None) -> None:
        headers = {} if secret is None else {"authorization": f"Bearer {secret}"}
        self._client = Client(raise_request_exception=False, headers=headers)

    def get(self, path: str, **query: Any) -> Any:
        """`path` below /api/v1/, or a whole address such as a page's `next`."""
        response = self._client.get(path if path.startswith("http") else BASE + path, query)
        openapi.check(response, "GET", response.request["PATH_INFO"])
        return response

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """`body` as JSON; a str is sent as it is. `idempotency_key="k"` becomes a header."""
        text = body if isinstance(body, str) else json.dumps({} if body is None else body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self._client.post(BASE + path, text, "application/json", headers=named)
        openapi.check(response, "POST", response.request["PATH_INFO"])
        return response


@pytest.fixture
def caller(db: None) -> Callable[[str], Caller]:
    """`caller("auditor")`: somebody of that role; `caller("")`: somebody without any."""

    def make(role: str) -> Caller:
        user, _ = User.objects.get_or_create(username=f"the-{role or 'nobody'}")
        if role:
            assign_role(user, Role(role))
        _, secret = ApiToken.objects.create(user=user, name="test")
        return Caller(secret)

    return make


@pytest.fixture
def api(caller: Callable[[str], Caller]) -> Caller:
    """Somebody who may do everything."""
    return caller("super_admin")


@pytest.fixture
def anonymous(db: None) -> Caller:
    """Nobody."""
    return Caller()


def person(user_id: Any = "u1", **values: Any) -> dict[str, Any]:
    """A person of a createBooking body."""
    return {
        "user_id": user_id,
        "name": f"Person {user_id}",
        "role": "mover",
        "amount": "450.00",
        "currency": "USD",
        "stripe_account": f"acct_1{user_id}",
    } | values


def booking_body(reference: str = "BK-1", *crew: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A createBooking body, by default with two people."""
    people = list(crew) or [person("u1"), person("u2")]
    return {"reference": reference, "customer_name": "Ann Mover", "crew": people} | values


def code_of(response: Any) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert response["Content-Type"] == "application/problem+json", response.content
    return response.status_code, response.json()["code"]


def faults_of(response: Any) -> set[tuple[str, str]]:
    """Field and code of each error of a 422 `validation_error`."""
    assert code_of(response) == (422, "validation_error"), response.content
    return {(one["field"], one["code"]) for one in response.json()["errors"]}
