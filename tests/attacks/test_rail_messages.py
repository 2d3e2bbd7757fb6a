"""Attack: tell us, as if from a rail, that money moved."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from pytest_django.fixtures import Settings

from transfers.models import RailEvent

pytestmark = pytest.mark.django_db
SECRET = "whsec_attack_tests"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
BODY = json.dumps({"id": "evt_1", "type": "transfer.created", "data": {"object": {"id": "tr_1"}}}).encode()  # fmt: skip
NOTICE = json.dumps(
    {
        "data": {
            "resource": {"id": 7, "profile_id": 1, "type": "transfer"},
            "current_state": "outgoing_payment_sent",
            "occurred_at": "2026-11-27T02:00:00Z",
        },
        "event_type": "transfers#state-change",
    }
).encode()  # fmt: skip


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    settings.WISE_WEBHOOK_PUBLIC_KEY = public.decode()


def mac(body: bytes, at: int, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def post(rail: str, body: bytes, **headers: str) -> int:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    answer: Any = client.post(f"/webhooks/{rail}", body, "application/json", headers=headers)
    return int(answer.status_code)


def test_stripe_a_forged_signature_of_any_shape() -> None:
    now = int(time.time())
    good = mac(BODY, now)
    forged = [
        f"t={now},v0={good}", f"t={now},v1={good[:-1]}", f"t={now},v1={good.upper()}x", f"t={now - 400},v1={good}",
        f"t={now + 1},v1={good}", f"v1={good}", f"t={now}", f"t={now},v1=", f"t=x,v1={good}", f"t={now},v1={'0' * 64}",
        f"t={now};v1={good}", f"t=-1,v1={mac(BODY, -1)}", f"t={now},v1={mac(BODY, now, '')}",
        f"t={now},v1={mac(b'', now)}",        f"t={now},v1={hashlib.sha256(BODY).hexdigest()}",
        f"t={now},v1={good}".encode("utf-16").hex(), "t=\u0661,v1=x",
    ]  # fmt: skip
    for signature in forged:
        assert post("stripe", BODY, **{"stripe-signature": signature}) == 400, signature
    assert not RailEvent.objects.exists()


def test_stripe_a_body_that_was_changed_after_it_was_signed() -> None:
    now = int(time.time())
    signed = {"stripe-signature": f"t={now},v1={mac(BODY, now)}"}
    for other in (BODY + b" ", BODY.replace(b"evt_1", b"evt_2"), b" " + BODY, BODY[:-1], b"{}"):
        assert post("stripe", other, **signed) == 400
    assert not RailEvent.objects.exists()


def test_stripe_a_replay_is_one_event_and_an_old_one_none() -> None:
    now = int(time.time())
    for _ in range(5):
        assert post("stripe", BODY, **{"stripe-signature": f"t={now},v1={mac(BODY, now)}"}) == 200
    old = now - 3_600
    assert post("stripe", BODY, **{"stripe-signature": f"t={old},v1={mac(BODY, old)}"}) == 400
    assert RailEvent.objects.count() == 1


def test_a_message_is_only_a_reason_to_ask_the_rail() -> None:
    """Even a genuine one moves no status: it is stored, and the rail's own books are read."""
    now = int(time.time())
    post("stripe", BODY, **{"stripe-signature": f"t={now},v1={mac(BODY, now)}"})
    (event,) = RailEvent.objects.all()
    assert (event.applied_at, event.result) == (None, "")


def test_wise_a_forged_signature_of_any_shape() -> None:
    def signed(key: Any, body: bytes = NOTICE, scheme: Any = None, digest: Any = None) -> str:
        scheme = scheme or padding.PKCS1v15()
        return base64.b64encode(key.sign(body, scheme, digest or SHA256())).decode()

    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.MAX_LENGTH)
    curve = ec.generate_private_key(ec.SECP256R1()).sign(NOTICE, ec.ECDSA(SHA256()))
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    good = signed(KEY)
    for forged in (
        signed(stranger), signed(KEY, b"other"), signed(KEY, scheme=pss), signed(KEY, digest=SHA1()), good[:-4],
        good[4:],        good + "AAAA", base64.b64encode(curve).decode(), "", "AAAA", "\u00e9", f"sha256={good}",
        base64.b64encode(hmac.new(public, NOTICE, "sha256").digest()).decode(),
    ):  # fmt: skip
        assert post("wise", NOTICE, **{"x-signature-sha256": forged}) == 400, forged
    unsigned = {"x-signature-sha256": "x", "x-test-notification": "true"}
    assert post("wise", NOTICE, **unsigned) == 400
    assert not RailEvent.objects.exists()


def test_wise_a_replay_under_another_delivery_id_is_one_event() -> None:
    signature = base64.b64encode(KEY.sign(NOTICE, padding.PKCS1v15(), SHA256())).decode()
    for number in range(4):
        headers = {"x-signature-sha256": signature, "x-delivery-id": f"replay-{number}"}
        assert post("wise", NOTICE, **headers) == 200
    assert RailEvent.objects.count() == 1
