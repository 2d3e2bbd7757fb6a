"""Notifications: signed over the raw body, repeated, twice, late, lost, out of order."""

from __future__ import annotations

import time
from decimal import Decimal

import httpx2
import pytest
from cryptography.exceptions import InvalidSignature

from tests.sandbox.wise.client import BUSINESS, WiseClient
from tests.sandbox.wise.receiver import Receiver
from tests.sandbox_process import SandboxProcess
from tests.sandbox_wise import SandboxWise

CHANGE = "transfers#state-change"


def quiet(receiver: Receiver, seconds: float = 0.3) -> int:
    """Deliveries after a while in which more would have come."""
    time.sleep(seconds)
    return len(receiver.got)


def test_a_paid_transfer_tells_three_things(client: WiseClient, receiver: Receiver) -> None:
    transfer = client.paid()
    events = receiver.wait_for(3)
    kinds = sorted(event["event_type"] for event in events)
    assert kinds == ["balances#update", CHANGE, CHANGE]
    assert receiver.states(2) == [
        (None, "incoming_payment_waiting"),
        ("incoming_payment_waiting", "processing"),
    ]
    change = next(event for event in events if event["event_type"] == CHANGE)
    assert change["data"]["resource"]["id"] == transfer
    assert change["data"]["resource"]["profile_id"] == BUSINESS
    assert "customerTransactionId" not in str(change)
    assert change["schema_version"] == "4.0.0"
    assert len(change["sent_at"]) == len("2026-01-01T12:34:56.123Z")
    debit = next(event["data"] for event in events if event["event_type"] == "balances#update")
    assert debit["transaction_type"] == "debit"
    assert debit["amount"] == client.payments(transfer)[0]["amount"]
    assert debit["transfer_reference"] == f"TRANSFER-{transfer}"
    assert debit["post_transaction_balance_amount"] == client.balance()
    assert len({got.headers["x-delivery-id"] for got in receiver.got}) == 3


def test_the_signature_is_over_the_raw_body(client: WiseClient, receiver: Receiver) -> None:
    client.transfer()
    receiver.wait_for(1)
    got = receiver.got[0]
    assert got.event(receiver.key)["event_type"] == CHANGE
    got.body += b" "
    with pytest.raises(InvalidSignature):
        got.event(receiver.key)


def test_refund_tells_what_really_came_back(
    client: WiseClient, wise: SandboxWise, receiver: Receiver
) -> None:
    transfer = client.paid()
    wise.bounce(transfer)
    wise.refund(transfer, "77.70")
    events = receiver.wait_for(8)
    (refund,) = [e["data"] for e in events if e["event_type"] == "transfers#refund"]
    assert refund["resource"]["refund_amount"] == Decimal("77.7")
    assert refund["resource"]["refund_currency"] == "USD"
    updates = [e["data"] for e in events if e["event_type"] == "balances#update"]
    assert {(c["transaction_type"], c["amount"]) for c in updates} >= {("credit", Decimal("77.7"))}
    assert receiver.states(5)[-2:] == [
        ("outgoing_payment_sent", "bounced_back"),
        ("bounced_back", "funds_refunded"),
    ]


def test_payout_failure_changes_no_state(
    client: WiseClient, wise: SandboxWise, receiver: Receiver
) -> None:
    transfer = client.paid("PAYOUT FAILURE Ann Example")
    wise.push(transfer, "outgoing_payment_sent")
    wise.payout_failure(transfer, "WRONG_NAME")
    failures = [
        event["data"]
        for event in receiver.wait_for(6)
        if event["event_type"] == "transfers#payout-failure"
    ]
    assert [failure["failure_reason_code"] for failure in failures] == ["WRONG_NAME"] * 2
    assert failures[0]["transfer_id"] == transfer
    assert client.status(transfer) == "outgoing_payment_sent"
    assert client.post(f"/v1/simulation/transfers/{transfer}/payout-failure", {}).status_code == 409
    wise.push(transfer, "bounced_back")
    assert client.post(f"/v1/simulation/transfers/{transfer}/payout-failure", {}).status_code == 200


def test_refused_delivery_is_repeated_with_its_id(
    wise: SandboxWise, client: WiseClient, receiver: Receiver
) -> None:
    receiver.statuses[:] = [500, 503]
    client.transfer()
    receiver.wait_for(3)
    assert len({got.body for got in receiver.got}) == 1
    assert len({got.headers["x-delivery-id"] for got in receiver.got}) == 1
    (row,) = wise.deliveries()
    assert (row["state"], row["attempts"]) == ("delivered", 3)
    receiver.clear()
    wise.settings(delivery_id_per_attempt=True)
    receiver.statuses[:] = [500]
    client.transfer()
    receiver.wait_for(2)
    assert len({got.headers["x-delivery-id"] for got in receiver.got}) == 2


def test_a_400_is_tried_three_times(
    wise: SandboxWise, client: WiseClient, receiver: Receiver
) -> None:
    receiver.statuses[:] = [400] * 9
    client.transfer()
    receiver.wait_for(3)
    assert quiet(receiver) == 3
    assert wise.deliveries()[0]["state"] == "failed"
    receiver.clear()
    assert wise.redeliver(wise.deliveries()[0]["event"])


def test_lost_until_redelivered(wise: SandboxWise, client: WiseClient, receiver: Receiver) -> None:
    transfer = client.paid("WEBHOOK LOST Ann Example")
    wise.push(transfer, "outgoing_payment_sent")
    assert quiet(receiver) == 0
    rows = wise.deliveries()
    assert {row["state"] for row in rows} == {"lost"}
    assert wise.redeliver(rows[0]["event"])
    assert receiver.wait_for(1)[0]["data"]["current_state"] == "outgoing_payment_sent"


def test_twice_and_twin(client: WiseClient, receiver: Receiver) -> None:
    client.transfer("WEBHOOK TWICE Ann Example")
    receiver.wait_for(2)
    assert len({got.headers["x-delivery-id"] for got in receiver.got}) == 1
    receiver.clear()
    client.transfer("WEBHOOK TWIN Ann Example")
    first, second = receiver.wait_for(2)
    assert len({got.headers["x-delivery-id"] for got in receiver.got}) == 2
    assert first["data"] == second["data"]


def test_early_late_and_shuffled(wise: SandboxWise, client: WiseClient, receiver: Receiver) -> None:
    client.transfer("WEBHOOK EARLY Ann Example")
    receiver.wait_for(1, seconds=0)
    receiver.clear()
    wise.settings(webhook_late_ms=400)
    asked = time.monotonic()
    client.transfer("WEBHOOK LATE Ann Example")
    receiver.wait_for(1)
    assert receiver.got[0].at - asked >= 0.4
    wise.settings(webhook_jitter_ms=300, webhooks_enabled=False)
    receiver.clear()
    for _ in range(8):
        client.transfer()
    wise.settings(webhooks_enabled=True)
    ids = [event["data"]["resource"]["id"] for event in receiver.wait_for(8)]
    assert sorted(ids) != ids


def test_pending_can_be_delivered_in_reverse(
    wise: SandboxWise, client: WiseClient, receiver: Receiver
) -> None:
    wise.settings(webhooks_enabled=False)
    client.paid()
    assert [row["delivered"] for row in wise.deliver_pending("reverse")] == [True] * 3
    moments = [
        event["data"]["current_state"]
        for event in receiver.wait_for(3)
        if event["event_type"] == CHANGE
    ]
    assert moments == ["processing", "incoming_payment_waiting"]


def test_lost_answer_still_tells(client: WiseClient, wise: SandboxWise, receiver: Receiver) -> None:
    wise.set_fault("lost_answer", operation="transfer.fund")
    transfer = client.transfer()
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        client.fund(transfer)
    assert receiver.states(2)[-1] == ("incoming_payment_waiting", "processing")


@pytest.mark.parametrize(
    "path", [f"/v3/profiles/{BUSINESS}/subscriptions", f"/2026Q3/profiles/{BUSINESS}/subscriptions"]
)
def test_subscriptions(client: WiseClient, receiver: Receiver, path: str) -> None:
    body = {
        "name": "payouts",
        "trigger_on": CHANGE,
        "delivery": {"version": "2.0.0", "url": receiver.url},
    }
    made = client.post(path, body)
    assert made.status_code == 201
    assert receiver.got[0].headers["x-test-notification"] == "true"
    receiver.clear()
    client.transfer()
    own, subscribed = sorted(
        receiver.wait_for(2), key=lambda event: -len(event["data"]["occurred_at"])
    )
    assert subscribed["subscription_id"] == made.json()["id"]
    assert subscribed["schema_version"] == "2.0.0"
    assert len(subscribed["sent_at"]) == len("2026-01-01T12:34:56Z")
    assert own["subscription_id"] != subscribed["subscription_id"]
    assert [row["id"] for row in client.get(path).json()] == [made.json()["id"]]
    receiver.statuses[:] = [404]
    refused = client.post(path, body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "INVALID_CALLBACK_URL"
    assert client.http.delete(f"{path}/{made.json()['id']}").status_code == 204
    assert client.get(path).json() == []


def test_undelivered_events_survive_a_crash(
    sandbox: SandboxProcess, wise: SandboxWise, client: WiseClient, receiver: Receiver
) -> None:
    wise.settings(webhooks_enabled=False)
    client.paid()
    sandbox.restart()
    assert quiet(receiver, 0.1) == 0
    wise.settings(webhooks_enabled=True)
    assert receiver.states(2)[-1] == ("incoming_payment_waiting", "processing")


def test_states_move_with_the_time_although_nobody_asks(
    wise: SandboxWise, client: WiseClient, receiver: Receiver
) -> None:
    wise.settings(progress_seconds=1)
    client.paid()
    assert [current for _, current in receiver.states(4)] == [
        "incoming_payment_waiting",
        "processing",
        "funds_converted",
        "outgoing_payment_sent",
    ]


def test_a_test_notification(wise: SandboxWise, receiver: Receiver) -> None:
    wise.call("POST", "webhooks/test", {})
    receiver.wait_for(1)
    assert receiver.got[0].headers["x-test-notification"] == "true"
