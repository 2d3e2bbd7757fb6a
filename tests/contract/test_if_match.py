"""Every object that changes state carries status, version and ETag; every unsafe call on one honours If-Match."""

from typing import Any

import pytest

from payouts_site.api.examples import REQUESTS
from tests.contract.conftest import Caller, operations
from tests.contract.world import OBJECTS, fitting
from tests.transfers_api import openapi

UNSAFE = sorted(
    name
    for name, (template, method, _) in operations().items()
    if method != "GET" and "{" in template
)
# Answers that are no object of their own: a summary, and a list with one.
WITHOUT_ETAG = {"createBulkTransfers"}


def test_nothing_unsafe_is_forgotten() -> None:
    assert set(UNSAFE) == set(OBJECTS)


def test_another_version_than_the_callers_is_409_and_changes_nothing(ana: Caller) -> None:
    """One test for all of them: a clean database for each would cost more than the calls."""
    for name in UNSAFE:
        path = OBJECTS[name]()
        body = fitting(REQUESTS[name]["Sparse"], path) if name in REQUESTS else None
        refused = ana.call(name, body, path=path, if_match='"4711"')
        problem = refused.json()
        assert refused.status_code == 409, (name, problem)
        assert problem["code"] in ("conflict", "already_decided"), name
        again = ana.call(name, body, path=path, if_match='"4711"').json()
        assert again["current_version"] == problem["current_version"], name
        wrong = ana.call(name, body, path=path, if_match="4711")
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "If-Match"), name


def test_the_callers_version_is_let_through(ana: Caller) -> None:
    """The same calls with the version that the refusal names, but those that ask a rail."""
    for name in sorted(set(UNSAFE) - {"confirmTransfer"}):
        path = OBJECTS[name]()
        body = fitting(REQUESTS[name]["Sparse"], path) if name in REQUESTS else None
        current = ana.call(name, body, path=path, if_match='"4711"').json()["current_version"]
        done = ana.call(name, body, path=path, if_match=f'"{current}"')
        assert done.status_code in (200, 201, 202), (name, done.content)


@pytest.mark.parametrize("name", UNSAFE)
def test_the_file_says_so(name: str) -> None:
    _, _, declared = operations()[name]
    headers = [one["name"] for one in declared["parameters"] if one["in"] == "header"]
    assert "If-Match" in headers
    assert "conflict" in declared["responses"]["409"]["description"] or "already_decided" in str(
        declared["responses"]["409"]
    )


def test_what_changes_state_has_status_version_and_etag() -> None:
    """In the file; that answers are as the file says is checked with every answer of every test."""
    bare = set()
    for name, (template, method, declared) in operations().items():
        for status, answer in declared["responses"].items():
            if not status.startswith("2") or name in WITHOUT_ETAG:
                continue
            shown = _schema(answer)
            if "version" not in shown.get("properties", {}) or template.endswith("/payments"):
                continue
            if "status" not in shown["properties"] or "ETag" not in answer.get("headers", {}):
                bare.add(f"{method} {template} {status}")
    assert not bare


def _schema(answer: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = answer["content"]["application/json"]["schema"]
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = openapi.document()["components"]["schemas"].get(name, schema)
    return found
