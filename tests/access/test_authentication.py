"""Bearer tokens and console sessions: who gets in, at which price, and what everybody else is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role
from audit.models import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.access.urls")]
Person = Callable[[str], User]
TokenFor = Callable[..., tuple[ApiToken, str]]


def _bearer(secret: str) -> dict[str, Any]:
    return {"headers": {"authorization": f"Bearer {secret}"}}


def test_one_query_authenticates_and_authorises(
    client: Client,
    person: Person,
    token_for: TokenFor,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    _, secret = token_for(person("operator"))
    with django_assert_num_queries(2) as first:  # once a minute the last use is noted
        assert client.get("/api/v1/me", **_bearer(secret)).status_code == 200
    assert "last_used_at" in first.captured_queries[1]["sql"]
    with django_assert_num_queries(1):
        response = client.get("/api/v1/me", **_bearer(secret))
    assert response.json()["actor"] == "token:the-operator/test"


def test_last_use_is_noted_at_most_once_a_minute(
    client: Client, person: Person, token_for: TokenFor
) -> None:
    token, secret = token_for(person("operator"))
    client.get("/api/v1/me", **_bearer(secret))
    first = ApiToken.objects.get(pk=token.pk).last_used_at
    client.get("/api/v1/me", **_bearer(secret))
    assert first is not None
    assert ApiToken.objects.get(pk=token.pk).last_used_at == first


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer x",
        "Bearer " + "0" * 64,
        "Bearer two parts",
        "Bearer " + "é" * 20,
        "Bearer " + "a" * 5000,
        "Basic YTpi",
        "Token abc",
    ],
)
def test_whatever_is_not_a_token_is_401(client: Client, header: str) -> None:
    response = client.get("/api/v1/me", headers={"authorization": header})
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("trouble", ["expired", "revoked", "inactive", "same-beginning"])
def test_a_token_that_is_no_longer_good_is_401(
    client: Client, person: Person, token_for: TokenFor, trouble: str
) -> None:
    user = person("operator")
    token, secret = token_for(user)
    assert client.get("/api/v1/me", **_bearer(secret)).status_code == 200
    past = timezone.now() - timedelta(seconds=1)
    if trouble == "expired":
        ApiToken.objects.update(expiry=past)
    if trouble == "revoked":
        ApiToken.objects.update(revoked_at=past)
    if trouble == "inactive":
        User.objects.update(is_active=False)
    if trouble == "same-beginning":
        secret = secret[:15] + "0" * 49
    assert client.get("/api/v1/me", **_bearer(secret)).status_code == 401
    assert ApiToken.objects.filter(pk=token.pk).exists()


def test_a_token_without_expiry_keeps_working(client: Client, person: Person) -> None:
    _, secret = ApiToken.objects.create(user=person("operator"), expiry=None)
    assert client.get("/api/v1/me", **_bearer(secret)).status_code == 200


def test_scopes_and_role_decide_and_a_demotion_is_effective_at_once(
    client: Client, person: Person, token_for: TokenFor
) -> None:
    user = person("operator")
    _, reader = token_for(user, "read")
    _, writer = token_for(user, "write")
    assert client.post("/api/v1/me", **_bearer(reader)).status_code == 403
    assert client.get("/api/v1/me", **_bearer(writer)).status_code == 403
    assert client.post("/api/v1/me", **_bearer(writer)).status_code == 200
    assign_role(user, Role.AUDITOR)
    response = client.post("/api/v1/me", **_bearer(writer))
    assert response.status_code == 403
    assert response.json()["code"] == "permission_denied"


def test_a_refused_change_is_an_audit_entry_and_a_refused_look_is_not(
    client: Client, person: Person, token_for: TokenFor
) -> None:
    user = person("auditor")
    _, secret = token_for(user)
    assert client.post("/api/v1/me", **_bearer(secret)).status_code == 403
    entry = Entry.objects.get(subject=f"user:{user.pk}")
    assert (entry.action, entry.outcome) == ("transfer.pay", "denied")
    assert entry.snapshot == {"method": "POST", "path": "/api/v1/me"}
    _, nobody = token_for(person(""))
    assert client.get("/api/v1/me", **_bearer(nobody)).status_code == 403
    assert Entry.objects.count() == 1


def test_a_view_that_declares_nothing_is_closed_even_to_a_super_admin(
    client: Client, person: Person, token_for: TokenFor
) -> None:
    _, secret = token_for(person("super_admin"))
    assert client.get("/api/v1/undeclared", **_bearer(secret)).status_code == 403


@pytest.mark.parametrize("method", ["DELETE", "PUT", "OPTIONS"])
def test_a_method_nobody_handles_is_405_for_people_we_know_and_401_for_others(
    client: Client, person: Person, token_for: TokenFor, method: str
) -> None:
    _, secret = token_for(person("operator"))
    response = client.generic(method, "/api/v1/me", **_bearer(secret))
    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
    assert client.generic(method, "/api/v1/me").status_code == 401


def test_a_console_session_reads_and_needs_its_csrf_token_to_write(person: Person) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person("operator"))
    assert browser.get("/api/v1/me").json()["actor"] == "user:the-operator"
    refused = browser.post("/api/v1/me", "{}", "application/json")
    assert refused.status_code == 403
    assert refused.json()["code"] == "permission_denied"
    assert "CSRF" in refused.json()["detail"]
    browser.cookies["csrftoken"] = "a" * 32
    accepted = browser.post(
        "/api/v1/me", "{}", "application/json", headers={"x-csrftoken": "a" * 32}
    )
    assert accepted.status_code == 200


def test_a_bearer_token_needs_no_csrf_token(person: Person, token_for: TokenFor) -> None:
    _, secret = token_for(person("operator"))
    program = Client(enforce_csrf_checks=True)
    assert program.post("/api/v1/me", **_bearer(secret)).status_code == 200


def test_request_ids_come_in_go_out_and_reach_the_actor(
    client: Client, person: Person, token_for: TokenFor
) -> None:
    _, secret = token_for(person("operator"))
    headers = {"authorization": f"Bearer {secret}", "x-request-id": "order-77"}
    response = client.get("/api/v1/me", headers=headers)
    assert response["X-Request-ID"] == "order-77"
    assert response.json()["request_id"] == "order-77"
    made = client.get("/api/v1/me", **_bearer(secret))
    assert made["X-Request-ID"] == made.json()["request_id"] != ""


@pytest.mark.parametrize("forged", ["a b", 'x"} {"level":"info', "é", "a" * 65])
def test_a_request_id_that_could_forge_a_log_line_is_replaced(client: Client, forged: str) -> None:
    response = client.get("/api/v1/me", headers={"x-request-id": forged})
    assert response["X-Request-ID"] != forged
    assert len(response["X-Request-ID"]) == 36
