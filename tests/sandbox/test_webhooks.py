"""Events: who asked, how they are signed, and every way in which delivery can go wrong."""

from __future__ import annotations

import time

import pytest
import stripe

from tests.sandbox.conftest import SECRET, Pay
from tests.sandbox.receiver import Receiver
from tests.sandbox_process import SandboxProcess


def quiet(receiver: Receiver, seconds: float = 0.3) -> int:
    """Deliveries after a while in which more would have come."""
    time.sleep(seconds)
    return len(receiver.got)


def test_event_is_signed_and_names_the_key(
    client: stripe.StripeClient, pay: Pay, receiver: Receiver
) -> None:
    made = pay(key="po-1-a1", transfer_group="debt")
    (got,) = receiver.wait_for(1)
    event = got.event(SECRET).to_dict()
    assert event["type"] == "transfer.created"
    assert event["livemode"] is False
    assert event["data"]["object"] == made.to_dict()
    assert event["request"]["idempotency_key"] == "po-1-a1"
    assert made.last_response is not None
    assert event["request"]["id"] == made.last_response.request_id
    assert "account" not in event
    with pytest.raises(stripe.SignatureVerificationError):
        got.event("whsec_other")
    assert client.v1.events.retrieve(event["id"]).type == "transfer.created"


def test_a_reversal_and_an_update_emit_their_events(
    client: stripe.StripeClient, pay: Pay, receiver: Receiver
) -> None:
    made = pay(key="k")
    client.v1.transfers.reversals.create(made.id, {"amount": 1})
    client.v1.transfers.update(made.id, {"description": "x"})
    events = [got.event(SECRET) for got in receiver.wait_for(3)]
    assert {event.type for event in events} == {
        "transfer.created",
        "transfer.reversed",
        "transfer.updated",
    }
    for event in events:
        reversed_ = event.data.to_dict()["object"]["amount_reversed"]
        assert reversed_ == (0 if event.type == "transfer.created" else 1)


def test_errors_emit_nothing(pay: Pay, receiver: Receiver) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        pay("acct_missing1", key="k")
    assert quiet(receiver) == 0


def test_refused_delivery_is_repeated_and_signed_afresh(
    sandbox: SandboxProcess, pay: Pay, receiver: Receiver
) -> None:
    receiver.statuses[:] = [500, 302]
    sandbox.settings(webhook_retry_ms=600)
    pay(key="k")
    got = receiver.wait_for(3)
    assert len({each.body for each in got}) == 1
    assert got[0].signature != got[2].signature
    assert got[1].at - got[0].at > 0.4
    assert got[2].at - got[1].at > 0.9
    assert quiet(receiver) == 3
    (row,) = sandbox.deliveries()
    assert (row["state"], row["attempts"], row["status"]) == ("delivered", 3, 200)


def test_undelivered_event_survives_a_crash(
    sandbox: SandboxProcess, pay: Pay, receiver: Receiver
) -> None:
    sandbox.settings(webhooks_enabled=False)
    pay(key="k")
    sandbox.restart()
    assert quiet(receiver) == 0
    sandbox.settings(webhooks_enabled=True)
    (got,) = receiver.wait_for(1)
    assert got.event(SECRET).type == "transfer.created"


def test_lost_webhook_comes_only_when_redelivered(
    sandbox: SandboxProcess, client: stripe.StripeClient, pay: Pay, receiver: Receiver
) -> None:
    pay("acct_webhook_lost1", key="k")
    assert quiet(receiver) == 0
    (event,) = client.v1.events.list({"type": "transfer.created"}).data
    failed = client.v1.events.list({"delivery_success": False}).data
    assert [each.id for each in failed] == [event.id]
    assert sandbox.redeliver(event.id)
    assert receiver.wait_for(1)[0].event(SECRET).id == event.id
    assert client.v1.events.list({"delivery_success": False}).data == []


def test_silent_account_loses_answer_and_webhook(
    client: stripe.StripeClient, pay: Pay, receiver: Receiver
) -> None:
    with pytest.raises(stripe.APIConnectionError):
        pay("acct_silent1", key="k", transfer_group="debt")
    assert quiet(receiver) == 0
    assert len(client.v1.transfers.list({"transfer_group": "debt"}).data) == 1


def test_webhook_twice(pay: Pay, receiver: Receiver) -> None:
    pay("acct_webhook_twice1", key="k")
    assert len({got.event(SECRET).id for got in receiver.wait_for(2)}) == 1
    assert quiet(receiver) == 2


def test_two_events_for_one_thing(pay: Pay, receiver: Receiver) -> None:
    pay("acct_webhook_twin1", key="k")
    events = [got.event(SECRET) for got in receiver.wait_for(2)]
    assert len({event.id for event in events}) == 2
    assert len({event.data.to_dict()["object"]["id"] for event in events}) == 1


def test_early_webhook_is_acknowledged_before_the_answer(
    sandbox: SandboxProcess, pay: Pay, receiver: Receiver
) -> None:
    made = pay("acct_webhook_early1", key="k")
    answered = time.monotonic()
    (got,) = receiver.wait_for(1, seconds=0)
    assert got.at < answered
    assert made.id in got.body.decode()
    assert sandbox.deliveries()[0]["state"] == "delivered"


def test_late_webhook(sandbox: SandboxProcess, pay: Pay, receiver: Receiver) -> None:
    sandbox.settings(webhook_late_ms=500)
    asked = time.monotonic()
    pay("acct_webhook_late1", key="k")
    (got,) = receiver.wait_for(1)
    assert got.at - asked >= 0.5


def test_pending_events_can_be_delivered_in_reverse(
    sandbox: SandboxProcess, client: stripe.StripeClient, pay: Pay, receiver: Receiver
) -> None:
    sandbox.settings(webhooks_enabled=False)
    made = pay(key="k")
    client.v1.transfers.reversals.create(made.id)
    outcome = sandbox.deliver_pending("reverse")
    assert [row["delivered"] for row in outcome] == [True, True]
    kinds = [got.event(SECRET).type for got in receiver.wait_for(2)]
    assert kinds == ["transfer.reversed", "transfer.created"]


def test_events_end_after_thirty_days(
    sandbox: SandboxProcess, client: stripe.StripeClient, pay: Pay
) -> None:
    pay(key="k")
    (event,) = client.v1.events.list({"types": ["transfer.created"]}).data
    sandbox.advance_clock(30 * 86_400 + 1)
    assert client.v1.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.events.retrieve(event.id)


def test_replays_emit_no_second_event(pay: Pay, receiver: Receiver) -> None:
    pay(key="k")
    pay(key="k")
    receiver.wait_for(1)
    assert quiet(receiver) == 1
