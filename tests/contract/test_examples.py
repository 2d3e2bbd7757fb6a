"""The request examples of the docs: one of each kind for every operation, valid, and accepted when they are sent."""

from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from payouts_site.api.examples import REQUESTS
from tests.contract.conftest import Caller, operations
from tests.contract.world import NAMED_HASH, OBJECTS, fitting
from tests.transfers_api import openapi

ALL = [(name, kind) for name, kinds in REQUESTS.items() for kind in kinds]


def test_every_operation_with_a_body_has_them() -> None:
    wanted = {name for name, (_, _, one) in operations().items() if "requestBody" in one}
    assert wanted == set(REQUESTS)
    for name in wanted:
        content = operations()[name][2]["requestBody"]["content"]
        assert list(content) == ["application/json"]
        assert "Complete" in content["application/json"]["examples"]


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_they_are_what_the_file_describes(name: str, kind: str) -> None:
    _, _, one = operations()[name]
    schema = one["requestBody"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": openapi.document()["components"]}
    assert not list(Draft202012Validator(whole).iter_errors(REQUESTS[name][kind]))
    if kind == "Complete":
        described = openapi.document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        assert set(REQUESTS[name][kind]) == set(described["properties"])
    else:
        assert set(REQUESTS[name][kind]) >= set(_required(schema))


def _required(schema: dict[str, Any]) -> list[str]:
    described = openapi.document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    required: list[str] = described.get("required", [])
    return required


def test_they_are_accepted(ana: Caller) -> None:
    """One test for all of them: a clean database for each would cost more than the calls."""
    refused = {}
    for name, kind in ALL:
        path = OBJECTS[name]() if name in OBJECTS else {}
        answer = ana.call(name, fitting(REQUESTS[name][kind], path), path=path)
        if answer.status_code not in (200, 201, 202):
            refused[name, kind] = answer.json()
    assert not refused


def test_the_page_shows_them(db: None, client: Client) -> None:
    page = client.get("/api/v1/schema/").content.decode()
    assert NAMED_HASH in page and "The least that is accepted" in page
