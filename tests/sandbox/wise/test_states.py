"""A transfer's life after funding: sent, bounced days later, refunded short, rolled back, cancelled."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.sandbox.wise.client import BUSINESS, WiseClient, parse
from tests.sandbox_process import SandboxError
from tests.sandbox_wise import SandboxWise

STEPS = ("processing", "funds_converted", "outgoing_payment_sent", "bounced_back", "funds_refunded")


def simulate(client: WiseClient, transfer: int, state: str, family: str = "/v1") -> int:
    return client.get(f"{family}/simulation/transfers/{transfer}/{state}").status_code


@pytest.mark.parametrize("family", ["/v1", "/2026Q3"])
def test_simulation_goes_from_each_state_to_the_next(client: WiseClient, family: str) -> None:
    transfer = client.transfer()
    assert simulate(client, transfer, "processing", family) == 409  # fund first
    before = client.balance()
    client.fund(transfer)
    assert simulate(client, transfer, "outgoing_payment_sent", family) == 409
    for state in STEPS:
        assert simulate(client, transfer, state, family) == 200
        assert client.status(transfer) == state
    assert client.balance() == before
    assert simulate(client, transfer, "elsewhere", family) == 404


def test_states_move_by_themselves_when_they_may(client: WiseClient, wise: SandboxWise) -> None:
    wise.settings(progress_seconds=60)
    transfer = client.paid()
    stuck = client.paid("STUCK Ann Example")
    wise.advance_clock(60)
    assert client.status(transfer) == "funds_converted"
    wise.advance_clock(60)
    assert client.status(transfer) == "outgoing_payment_sent"
    wise.advance_clock(30 * 86_400)
    assert client.status(transfer) == "outgoing_payment_sent"
    assert client.status(stuck) == "processing"
    assert client.get(f"/v1/transfers/{stuck}").json()["hasActiveIssues"] is True
    assert client.cancel(stuck).status_code == 409


def test_bounce_three_days_after_it_was_sent(client: WiseClient, wise: SandboxWise) -> None:
    transfer = client.paid("BOUNCE Ann Example")
    taken = client.payments(transfer)[0]["amount"]
    left = client.balance()
    wise.push(transfer, "outgoing_payment_sent")
    wise.advance_clock(3 * 86_400 - 60)
    assert client.status(transfer) == "outgoing_payment_sent"
    wise.advance_clock(60)
    assert client.status(transfer) == "bounced_back"
    assert client.balance() == left
    wise.advance_clock(3600)
    assert client.status(transfer) == "funds_refunded"
    assert client.balance() == left + taken
    assert wise.totals()["refunds"] == {"USD": str(taken)}


def test_short_refund_by_name(client: WiseClient, wise: SandboxWise) -> None:
    transfer = client.paid("SHORT REFUND Ann Example")
    taken, left = client.payments(transfer)[0]["amount"], client.balance()
    wise.push(transfer, "outgoing_payment_sent")
    wise.advance_clock(4 * 86_400)
    assert client.status(transfer) == "funds_refunded"
    back = (taken * Decimal("0.9")).quantize(Decimal("0.01"))
    assert abs(client.balance() - left - back) <= Decimal("0.01")


def test_a_person_bounces_and_refunds_short(client: WiseClient, wise: SandboxWise) -> None:
    transfer = client.paid()
    left, before = client.balance(), wise.books()["clock"]
    wise.bounce(transfer, days=3)
    assert wise.books()["clock"] - before >= 3 * 86_400
    assert client.status(transfer) == "bounced_back"
    with pytest.raises(SandboxError, match="was taken"):
        wise.refund(transfer, "1000.00")
    wise.refund(transfer, "50.25")
    assert client.status(transfer) == "funds_refunded"
    assert client.balance() == left + Decimal("50.25")
    with pytest.raises(SandboxError, match="back already"):
        wise.refund(transfer)


def test_states_roll_back_and_money_follows(client: WiseClient, wise: SandboxWise) -> None:
    transfer = client.paid()
    left = client.balance()
    taken = client.payments(transfer)[0]["amount"]
    for state in ("outgoing_payment_sent", "processing", "bounced_back", "funds_refunded"):
        wise.push(transfer, state)
    assert client.balance() == left + taken
    wise.push(transfer, "bounced_back")  # it leaves funds_refunded again
    assert client.balance() == left
    wise.push(transfer, "outgoing_payment_sent")
    wise.push(transfer, "charged_back")
    assert client.balance() == left + taken
    ledger = [row["kind"] for row in wise.books()["ledger"]]
    assert ledger == ["transfer", "refund", "refund undone", "refund"]
    with pytest.raises(SandboxError, match="not funded"):
        wise.push(client.transfer(), "outgoing_payment_sent")


def test_cancel(client: WiseClient, wise: SandboxWise) -> None:
    waiting = client.transfer()
    answer = client.cancel(waiting)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert client.fund(waiting).json()["errorCode"] == "transfer.invalid-state"
    assert client.fund(waiting).status_code == 422
    again = client.cancel(waiting)
    assert again.status_code == 409
    assert again.json()["errors"][0]["code"] == "transfer.cancellation.not.allowed"
    assert client.cancel(4).status_code == 404
    before = client.balance()
    funded = client.paid()
    assert client.cancel(funded).json()["status"] == "cancelled"
    assert client.balance() < before  # the money comes back later
    wise.advance_clock(3600)
    assert client.status(funded) == "funds_refunded"
    assert client.balance() == before
    sent = client.paid()
    wise.push(sent, "funds_converted")
    assert client.cancel(sent).status_code == 409
    assert client.cancel(client.paid("NO CANCEL Ann Example")).status_code == 409


def test_unfunded_transfers_are_cancelled_after_two_weeks(
    client: WiseClient, wise: SandboxWise
) -> None:
    transfer, funded = client.transfer(), client.paid()
    wise.advance_clock(14 * 86_400)
    assert client.status(transfer) == "cancelled"
    assert client.status(funded) == "processing"
    wise.advance_clock(14 * 86_400)
    assert client.status(transfer) == "cancelled"


def test_paid_more_than_once_is_seen(client: WiseClient, wise: SandboxWise) -> None:
    first, _second = client.paid(reference="PO9"), client.paid(reference="PO9")
    assert wise.totals()["paid_more_than_once"] == ["PO9"]
    wise.push(first, "outgoing_payment_sent")
    wise.push(first, "bounced_back")
    wise.refund(first)
    assert wise.totals()["paid_more_than_once"] == []
    totals = wise.books()["totals"]
    assert totals["funded_by_reference"] == {"PO9": 2}
    assert totals["live_by_reference"] == {"PO9": 1}
    assert totals["funded_by_account"] == {"DE89370400440532013000": 2}
    assert sorted(totals["funded_by_ctid"].values()) == [1, 1]
    assert sorted(totals["funded_by_recipient"].values()) == [1, 1]


def test_topup_as_wise_simulates_it(client: WiseClient) -> None:
    before = client.balance("EUR")
    body = {"profileId": BUSINESS, "balanceId": 200002, "currency": "EUR", "amount": 12.5,
            "channel": "TRANSFER"}  # fmt: skip
    answer = parse(client.post("/v1/simulation/balance/topup", body))
    assert answer["state"] == "COMPLETED"
    assert client.balance("EUR") == before + Decimal("12.5")
    assert client.post("/v1/simulation/balance/topup", {**body, "amount": 0}).status_code == 422
