"""The inbound Stripe webhook: verified on the raw body, stored once, answered at once, applied later."""

import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings

from transfers import webhooks
from transfers.models import RailEvent

SECRET = "whsec_webhook_tests"
EVENT = {"id": "evt_1", "type": "transfer.created", "data": {"object": {"id": "tr_1", "note": "é"}}}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _our_secret(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRET = SECRET


def signature(payload: bytes, *, secret: str = SECRET, age: int = 0) -> str:
    """As Stripe signs: HMAC-SHA256 of time and raw body."""
    at = int(time.time()) - age
    digest = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def deliver(payload: bytes, signed: str | None = None) -> Any:
    """As Stripe posts: no session, no CSRF token."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    headers = {"stripe-signature": signature(payload) if signed is None else signed}
    return client.post("/webhooks/stripe", payload, "application/json", headers=headers)


def test_an_event_is_stored_once_however_often_it_comes() -> None:
    payload = json.dumps(EVENT).encode()
    for _ in range(3):
        response = deliver(payload)
        assert (response.status_code, response.json()) == (200, {"received": True})
    (event,) = RailEvent.objects.all()
    assert (event.rail, event.event_id, event.type) == ("stripe", "evt_1", "transfer.created")
    assert event.payload == EVENT
    assert event.due_at is not None


@pytest.mark.parametrize(
    "signed",
    [
        "",
        "t=1,v1=00",
        "nonsense",
        signature(b"another body"),
        signature(json.dumps(EVENT).encode(), secret="whsec_other"),
        signature(json.dumps(EVENT).encode(), age=301),
    ],
    # Without names, xdist's processes would see different tests: a signature holds the time.
    ids=["none", "nonsense", "no pairs", "another body", "another secret", "too old"],
)
def test_what_is_not_signed_by_us_is_400_and_not_stored(signed: str) -> None:
    response = deliver(json.dumps(EVENT).encode(), signed)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "bad_signature"
    assert not RailEvent.objects.exists()


def test_without_a_secret_nothing_is_believed(settings: Settings) -> None:
    payload = json.dumps(EVENT).encode()
    signed = signature(payload, secret="")
    settings.STRIPE_WEBHOOK_SECRET = ""
    assert deliver(payload, signed).json()["code"] == "bad_signature"


@pytest.mark.parametrize(
    "payload", [b"{", b"[]", b"7", b"null", b'"x"', b"\xff", b'{"id":"a\\u0000"}']
)
def test_a_signed_body_that_is_no_event_is_400(payload: bytes) -> None:
    response = deliver(payload)
    assert response.status_code == 400, response.content
    assert not RailEvent.objects.exists()


def test_the_size_is_limited_before_anything_is_read() -> None:
    response = deliver(b"x" * (webhooks.MOST_BYTES + 1))
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_only_posts_are_events(client: Client) -> None:
    response = client.get("/webhooks/stripe")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response["Allow"] == "POST"


def test_a_database_that_is_away_makes_stripe_deliver_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(**_: object) -> bool:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(webhooks, "receive_stripe_event", away)
    response = deliver(json.dumps(EVENT).encode())
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert response["Retry-After"]
