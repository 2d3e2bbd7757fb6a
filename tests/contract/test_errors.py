"""RFC 9457 everywhere, request ids in and out, Retry-After where the contract says so."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from payouts_site.api.examples import REQUESTS
from tests.contract.conftest import Caller, operations
from tests.contract.world import OBJECTS

NOWHERE: dict[str, Any] = {"reference": "nowhere", "external_id": "nobody"}


def _path(template: str) -> dict[str, Any]:
    names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
    return {name: NOWHERE.get(name, 999_999_999) for name in names}


def test_strangers_are_told_how_to_authenticate(db: None, client: Client) -> None:
    for name, (template, method, declared) in operations().items():
        if not declared.get("security"):
            continue
        answer = client.generic(
            method, template.format(**_path(template)), "{}", "application/json"
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated"), name
        assert answer["Content-Type"] == "application/problem+json", name
        assert answer["WWW-Authenticate"].startswith("Bearer"), name


def test_what_is_not_there_is_404_for_every_operation_on_one_object(ana: Caller) -> None:
    for name, (template, _, _) in operations().items():
        if "{" not in template or name == "putPayee":
            continue
        body = REQUESTS.get(name, {}).get("Sparse")
        answer = ana.call(name, body, path=_path(template))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), name
        assert set(answer.json()) >= {"type", "title", "status", "detail", "instance", "code"}


@pytest.mark.parametrize(
    ("text", "content_type", "status", "code"),
    [
        ("{", "application/json", 400, "invalid_json"),
        ("[" * 5_000, "application/json", 400, "invalid_json"),
        ('{"reference": NaN}', "application/json", 400, "invalid_json"),
        ("<a/>", "application/xml", 415, "unsupported_media_type"),
        ("[]", "application/json", 422, "validation_error"),
        ("null", "application/json", 422, "validation_error"),
    ],
)
def test_bodies_that_are_none(
    ana: Caller, text: str, content_type: str, status: int, code: str
) -> None:
    answer = ana.client.post("/api/v1/bookings", text, content_type)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_a_request_id_comes_back_and_is_in_the_audit_log(ana: Caller) -> None:
    path = OBJECTS["approvePayout"]()
    done = ana.call("rejectPayout", {"reason": "no"}, path=path, X_Request_ID="till-7.order-12")
    assert done["X-Request-ID"] == "till-7.order-12"
    entries = ana.call("listAuditEntries", query={"subject": f"payout:{path['payout_id']}"}).json()
    assert entries["results"][0]["request_id"] == "till-7.order-12"
    assert len(ana.call("listPayouts")["X-Request-ID"]) == 36


def test_too_many_calls_are_told_when_to_come_back(ana: Caller, settings: Settings) -> None:
    settings.API_MAX_PER_MINUTE = 1
    answers = [ana.call("listPayouts") for _ in range(3)]
    if all(one.status_code == 200 for one in answers):  # a minute began in between
        answers = [ana.call("listPayouts") for _ in range(3)]
    last = answers[-1]
    assert (last.status_code, last.json()["code"]) == (429, "throttled")
    assert 1 <= int(last["Retry-After"]) <= 60


def test_a_paused_rail_says_why(ana: Caller, settings: Settings) -> None:
    settings.STELLAR_RECEIVING_ACCOUNT = ""
    body = {"merchant_reference": "o", "amount": "1.00", "asset": "native"}
    paused = ana.call("createCheckoutSession", body)
    assert (paused.status_code, paused.json()["code"]) == (503, "rail_paused")
    assert paused.json()["reason"] and paused["Retry-After"]
