"""Callers for the contract: one who may do everything, over Django's client; every answer is held against OpenAPI."""

import itertools
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role
from tests.checkout.ledger import ACCOUNT
from tests.transfers_api import openapi

BASE = "/api/v1/"
_keys = itertools.count(1)


class Caller:
    """Calls by operationId; a POST gets a key of its own unless it is given one."""

    def __init__(self, role: str, name: str) -> None:
        user, _ = User.objects.get_or_create(username=name)
        assign_role(user, Role(role))
        _, secret = ApiToken.objects.create(user=user, name="test")
        self.client = Client(
            raise_request_exception=False, headers={"authorization": f"Bearer {secret}"}
        )

    def call(
        self,
        operation_id: str,
        body: Any = None,
        *,
        path: Any = None,
        query: Any = None,
        **headers: str,
    ) -> Any:
        """`headers`: `if_match='"1"'` becomes If-Match."""
        template, method, _ = operation(operation_id)
        url = template.format(**(path or {}))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if method == "POST":
            named.setdefault("idempotency-key", f"contract-{next(_keys)}")
        response = self.client.generic(
            method,
            url,
            "" if body is None else json.dumps(body),
            "application/json",
            headers=named,
            query_params=query or {},
        )
        openapi.check(response, method, url)
        return response


def operation(operation_id: str) -> tuple[str, str, dict[str, Any]]:
    """Path template, method and description of an operation. Raises KeyError."""
    return operations()[operation_id]


def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Every operation of the published file."""
    return {
        one["operationId"]: (template, method.upper(), one)
        for template, methods in openapi.document()["paths"].items()
        for method, one in methods.items()
    }


@pytest.fixture(autouse=True)
def _receiving(settings: Settings) -> None:
    settings.STELLAR_RECEIVING_ACCOUNT = ACCOUNT


@pytest.fixture
def ana(transactional_db: None) -> Caller:
    """Somebody who may do everything, and who has asked for nothing that she would decide about."""
    return Caller("super_admin", "ana")
