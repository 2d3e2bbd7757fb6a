"""Every error is a problem document with a stable code, and none shows what is inside."""

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from psycopg_pool import PoolTimeout
from pytest_django import Settings

from api import error_pages
from api.problems import problem_response
from tests.api.conftest import post

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.urls")]
MEMBERS = {"type", "title", "status", "detail", "instance", "code"}


def _problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(response.content)
    assert document.keys() >= MEMBERS
    assert (document["status"], document["code"]) == (status, code)
    assert document["type"] == f"urn:paidonce:problem:{code}"
    return document


@pytest.mark.parametrize(
    ("end", "status", "code"),
    [
        ("conflict", 409, "conflict"),
        ("forbidden", 403, "permission_denied"),
        ("throttled", 429, "throttled"),
        ("paused", 503, "rail_paused"),
        ("crash", 500, "internal_error"),
        ("sql", 500, "internal_error"),
        ("slow-sql", 503, "unavailable"),
        ("missing", 404, "not_found"),
        ("money", 422, "validation_error"),
    ],
)
@pytest.mark.parametrize("key", [None, "k-1"])
def test_each_way_to_fail_has_its_code(
    api: Client, end: str, status: int, code: str, key: str | None
) -> None:
    response = post(api, "/api/v1/work", {"end": end}, key)
    document = _problem(response, status, code)
    assert document["instance"] == "/api/v1/work"
    assert "secret detail" not in response.content.decode()
    assert ("Retry-After" in response) == (status in (429, 503))


def test_a_refusal_carries_its_own_members(api: Client) -> None:
    document = _problem(post(api, "/api/v1/work", {"end": "conflict"}), 409, "conflict")
    assert (document["detail"], document["current_status"]) == ("Too late.", "paid")


def test_validation_errors_are_flat_with_dotted_paths(api: Client) -> None:
    crew = [
        {"name": "Ann", "amount": "1.00", "currency": "USD"},
        {"name": "", "amount": "1.234", "currency": "USD"},
        {"amount": 5, "currency": "USD"},
    ]
    document = _problem(
        post(api, "/api/v1/crew", {"crew": crew, "tags": [1, "x"]}), 422, "validation_error"
    )
    assert {(error["field"], error["code"]) for error in document["errors"]} == {
        ("crew.1.name", "blank"),
        ("crew.1.amount", "too_many_decimals"),
        ("crew.2.name", "required"),
        ("crew.2.amount", "not_a_string"),
        ("tags.1", "invalid"),
    }


def test_an_error_of_the_whole_body_has_an_empty_field(api: Client) -> None:
    member = {"name": "Ann", "amount": "1.00", "currency": "USD"}
    document = _problem(post(api, "/api/v1/crew", {"crew": [member] * 4}), 422, "validation_error")
    assert document["errors"] == [{"field": "", "code": "too_many", "message": "Too many."}]
    document = _problem(post(api, "/api/v1/crew", [1]), 422, "validation_error")
    assert document["errors"][0]["field"] == ""


@pytest.mark.parametrize("body", ["{", "", "{'a': 1}", "NaN", "[" * 100_000, b"\xff\xfe", "\x00"])
def test_what_is_not_json_is_400(api: Client, body: str | bytes) -> None:
    response = api.post("/api/v1/crew", body, "application/json")
    if body == "":
        _problem(response, 422, "validation_error")
    else:
        _problem(response, 400, "invalid_json")


@pytest.mark.parametrize("key", [{}, {"idempotency-key": "k"}])
def test_a_huge_body_is_refused_before_it_is_read(
    api: Client, settings: Settings, key: dict[str, str]
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = api.post("/api/v1/crew", "x" * 101, "application/json", headers=key)
    _problem(response, 413, "body_too_large")


@pytest.mark.parametrize("key", [{}, {"idempotency-key": "k"}])
def test_other_media_types_are_415(api: Client, key: dict[str, str]) -> None:
    _problem(api.post("/api/v1/crew", {"a": "b"}, headers=key), 415, "unsupported_media_type")


def test_what_cannot_be_represented_is_406(api: Client) -> None:
    response = api.get("/api/v1/users", headers={"accept": "text/csv"})
    _problem(response, 406, "not_acceptable")


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/", "/api/v1/users/", "/api/v1/%00"])
def test_unknown_addresses_are_404_also_in_development(
    api: Client, settings: Settings, debug: bool, path: str
) -> None:
    settings.DEBUG = debug
    _problem(api.get(path), 404, "not_found")
    _problem(api.post(path, {}, "application/json"), 404, "not_found")


def test_other_people_get_pages(client: Client, settings: Settings) -> None:
    settings.DEBUG = False
    response = client.get("/elsewhere")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def test_a_host_we_do_not_serve_is_400(api: Client, settings: Settings) -> None:
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["example.com"]
    response = api.get("/api/v1/users", headers={"host": "evil.example"})
    _problem(response, 400, "bad_request")


@pytest.mark.parametrize("error", [OperationalError("down"), PoolTimeout("full")])
def test_a_database_that_is_away_is_503_wherever_it_is_noticed(
    rf: RequestFactory, error: Exception
) -> None:
    request = rf.get("/api/v1/users")
    response = problem_response(error, {"request": None, "view": None})
    _problem(response, 503, "unavailable")
    assert response["Retry-After"] == "2"
    try:
        raise error
    except (OperationalError, PoolTimeout):
        _problem(error_pages.server_error(request), 503, "unavailable")


def test_a_failure_in_a_middleware_is_a_problem_too(rf: RequestFactory) -> None:
    try:
        raise RuntimeError("secret detail")
    except RuntimeError:
        _problem(error_pages.server_error(rf.get("/api/v1/x")), 500, "internal_error")
        assert error_pages.server_error(rf.get("/admin/"))["Content-Type"].startswith("text/html")


def test_an_unexpected_exception_is_reported_as_django_would(api: Client) -> None:
    strict = Client(headers=api.defaults and {"authorization": api.defaults["HTTP_AUTHORIZATION"]})
    with pytest.raises(RuntimeError, match="secret detail"):
        post(strict, "/api/v1/work", {"end": "crash"})
