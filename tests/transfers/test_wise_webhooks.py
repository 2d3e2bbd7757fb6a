"""Wise's notifications: verified, stored once, in any order, and only a reason to ask Wise."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db.models.functions import Now
from django.test import Client
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from money import Money
from tests.sandbox_process import SandboxProcess
from tests.sandbox_wise import SandboxWise
from tests.transfers.steps import events, work, work_when_due
from tests.transfers.wise_steps import PayoutSource, funded, payout, reference, the_attempt
from transfers.models import RailEvent, Transfer
from transfers.selectors import get_transfer
from transfers.services.apply_rail_event import apply_rail_event

pytestmark = pytest.mark.django_db(transaction=True)

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(autouse=True)
def _our_key(wise: SandboxWise, settings: Settings) -> None:
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    settings.WISE_WEBHOOK_PUBLIC_KEY = public.decode()


def post(body: bytes | str, **headers: str) -> int:
    """Deliver this body as Wise would; the status of the answer."""
    body = body.encode() if isinstance(body, str) else body
    signature = base64.b64encode(KEY.sign(body, padding.PKCS1v15(), SHA256())).decode()
    headers = {"X-Signature-SHA256": signature, **headers}
    answer = Client().post("/webhooks/wise", body, content_type="application/json", headers=headers)
    return int(answer.status_code)


def bodies(wise: SandboxWise, transfer: Transfer) -> list[str]:
    """What Wise has to say about this transfer, oldest first."""
    rows = [row for row in wise.deliveries() if row["transfer"] == reference(transfer)]
    return [row["body"] for row in reversed(rows)]


def apply_all() -> list[str]:
    """Apply what is stored, in the order of arrival; the results."""
    for event in RailEvent.objects.filter(due_at__isnull=False).order_by("id"):
        apply_rail_event(event_id=event.pk)
    return [event.result for event in events()]


def refunded(wise: SandboxWise) -> Transfer:
    transfer = work(payout())
    for state in ("funds_converted", "outgoing_payment_sent", "bounced_back"):
        wise.push(reference(transfer), state)
    wise.refund(reference(transfer), "71.05")
    return transfer


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "reversed"])
def test_any_order_and_any_number_end_in_the_same(
    order: int, wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = refunded(wise)
    said = bodies(wise, transfer)[::order]
    assert len(said) > 5
    for number, body in enumerate(said * 2):
        assert post(body, **{"X-Delivery-Id": f"delivery-{number}"}) == 200
    assert len(events()) == len(said)
    apply_all()
    transfer = get_transfer(transfer.pk)
    assert (transfer.status, transfer.returned) == ("returned", Money(7_105, "USD"))
    assert payouts.heard == ["processing", "success", "returned"]
    assert funded(wise) == 1


def test_a_notice_of_the_funding_settles_what_was_unknown(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("LOST FUND"))
    assert transfer.outcome_unknown
    for body in bodies(wise, transfer):
        post(body)
    apply_all()
    transfer = get_transfer(transfer.pk)
    assert (transfer.status, transfer.outcome_unknown) == ("success", False)
    assert work_when_due(transfer).status == "success"
    assert wise.totals()["calls"]["transfer.fund"] == 1


def test_what_a_notice_says_is_never_believed(wise: SandboxWise, payouts: PayoutSource) -> None:
    transfer = work(payout())
    body = json.loads(bodies(wise, transfer)[-1])
    for state in ("funds_refunded", "cancelled", "charged_back"):
        body["data"]["current_state"] = state
        body["event_type"] = "transfers#state-change"
        post(json.dumps(body))
    apply_all()
    transfer = get_transfer(transfer.pk)
    assert (transfer.status, transfer.returned) == ("success", None)


def test_the_amount_of_a_refund_comes_from_its_notice_where_the_statement_is_closed(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = refunded(wise)
    wise.set_fault("sca_always", times=None, operation="balance.statement", method="GET")
    for body in bodies(wise, transfer):
        post(body)
    apply_all()
    assert get_transfer(transfer.pk).returned == Money(7_105, "USD")


def test_the_same_change_under_two_delivery_ids_is_stored_once(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout())
    first = json.loads(bodies(wise, transfer)[0])
    again = {**first, "subscription_id": "another", "sent_at": "2030-01-01T00:00:00.000Z"}
    assert post(json.dumps(first), **{"X-Delivery-Id": "a"}) == 200
    assert post(json.dumps(again), **{"X-Delivery-Id": "b"}) == 200
    assert len(events()) == 1


@pytest.mark.parametrize("signature", ["", "AAAA", "not base64!", None])
def test_what_wise_did_not_sign_is_refused_and_not_stored(signature: str | None) -> None:
    body = json.dumps({"event_type": "transfers#state-change", "data": {}})
    if signature is None:
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        signature = base64.b64encode(
            other.sign(body.encode(), padding.PKCS1v15(), SHA256())
        ).decode()
    assert post(body, **{"X-Signature-SHA256": signature}) == 400
    assert events() == []


def test_a_changed_body_is_refused(wise: SandboxWise, payouts: PayoutSource) -> None:
    signature = base64.b64encode(KEY.sign(b'{"a": 1}', padding.PKCS1v15(), SHA256())).decode()
    assert post('{"a": 2}', **{"X-Signature-SHA256": signature}) == 400
    assert events() == []


def test_without_a_key_nothing_is_believed(settings: Settings) -> None:
    settings.WISE_WEBHOOK_PUBLIC_KEY = ""
    assert post("{}") == 400
    assert events() == []


def test_a_test_notification_is_answered_and_not_stored() -> None:
    assert post('{"event_type": "test", "data": {}}', **{"X-Test-Notification": "true"}) == 200
    assert events() == []


@pytest.mark.parametrize(
    ("data", "result"),
    [
        ({"resource": {"type": "balance-account", "id": 1}}, "not about a transfer"),
        ({}, "not about a transfer"),
        ("what", "not about a transfer"),
        (
            {"resource": {"type": "transfer", "id": 5}, "occurred_at": "2026-01-01T00:00:00Z"},
            "not ours, or not to be funded yet",
        ),
        ({"transfer_id": 5}, "not ours, or not to be funded yet"),
    ],
)
def test_what_is_not_about_our_transfers_is_put_aside(data: Any, result: str) -> None:
    assert post(json.dumps({"event_type": "something#new", "data": data})) == 200
    assert apply_all() == [result]
    (event,) = events()
    assert event.due_at is None


def test_a_notice_is_applied_later_when_wise_does_not_answer(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = refunded(wise)
    post(bodies(wise, transfer)[-1])
    wise.set_fault("500_before", operation="transfer.get", method="GET")
    apply_all()
    (event,) = events()
    assert event.due_at is not None
    RailEvent.objects.update(due_at=Now() - timedelta(seconds=1))
    assert apply_all() == ["returned"]


def test_a_payout_failure_alone_changes_nothing(wise: SandboxWise, payouts: PayoutSource) -> None:
    transfer = work(payout())
    wise.payout_failure(reference(transfer))
    for body in bodies(wise, transfer):
        post(body)
    apply_all()
    assert get_transfer(transfer.pk).status == "success"
    assert the_attempt(transfer).progress["rail_status"] == "processing"


def test_the_sandbox_s_own_deliveries_are_accepted(
    session_wise: SandboxProcess,
    wise: SandboxWise,
    payouts: PayoutSource,
    settings: Settings,
    live_server: LiveServer,
) -> None:
    settings.WISE_WEBHOOK_PUBLIC_KEY = session_wise.wise_public_key()
    wise.settings(webhook_url=f"{live_server.url}/webhooks/wise", webhooks_enabled=True)
    transfer = work(payout("WEBHOOK EARLY"))
    assert transfer.status == "success"
    wise.deliver_pending("reverse")
    wise.settings(webhook_url="")
    kinds = {event.type for event in events()}
    assert kinds == {"transfers#state-change", "balances#update"}
    apply_all()
    assert get_transfer(transfer.pk).status == "success"
    assert payouts.heard == ["processing", "success"]
