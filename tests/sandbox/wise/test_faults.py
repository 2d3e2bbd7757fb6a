"""Every bad day: by order, and by the words that a recipient's name begins with."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.sandbox.wise.client import BUSINESS, WiseClient, parse
from tests.sandbox_process import SandboxError, SandboxProcess
from tests.sandbox_wise import SandboxWise

LOST = (httpx2.RemoteProtocolError, httpx2.ReadError)


def wait_until(true: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("name", "executed"),
    [("LOST CREATE", True), ("DROP CREATE", False), ("TRUNCATED CREATE", True)],
)
def test_create_answer_is_lost(
    client: WiseClient, wise: SandboxWise, name: str, executed: bool
) -> None:
    body = client.transfer_body(f"{name} Ann Example")
    with pytest.raises(LOST):
        client.create(body)
    assert wise.totals()["transfers"] == executed
    again = client.create(body)
    assert again.status_code == 200
    assert again.json()["customerTransactionId"] == body["customerTransactionId"]
    assert wise.totals()["transfers"] == 1
    assert wise.totals()["funded"] == 0


@pytest.mark.parametrize(
    ("name", "executed"), [("LOST FUND", True), ("DROP FUND", False), ("TRUNCATED", True)]
)
def test_fund_answer_is_lost(
    client: WiseClient, wise: SandboxWise, name: str, executed: bool
) -> None:
    transfer = client.transfer(f"{name} Ann Example")
    with pytest.raises(LOST):
        client.fund(transfer)
    assert bool(client.payments(transfer)) == executed
    assert client.fund(transfer).status_code == (409 if executed else 201)
    assert wise.books()["totals"]["funded_by_reference"] == {"PO1": 1}


@pytest.mark.parametrize(
    ("name", "status", "executed"),
    [
        ("FUND 500 AFTER", 500, True),
        ("FUND 500", 500, False),
        ("FUND 502 AFTER", 502, True),
        ("FUND 502", 502, False),
    ],
)
def test_fund_answers_an_error_that_says_nothing(
    client: WiseClient, wise: SandboxWise, name: str, status: int, executed: bool
) -> None:
    transfer = client.transfer(f"{name} Ann Example")
    answer = client.fund(transfer)
    assert answer.status_code == status
    assert wise.totals()["funded"] == executed
    assert client.status(transfer) == ("processing" if executed else "incoming_payment_waiting")
    assert client.fund(transfer).status_code == (409 if executed else 201)
    assert wise.totals()["funded"] == 1


@pytest.mark.parametrize(("name", "executed"), [("CREATE 500 AFTER", 1), ("CREATE 500", 0)])
def test_create_answers_500(
    client: WiseClient, wise: SandboxWise, name: str, executed: int
) -> None:
    body = client.transfer_body(f"{name} Ann Example")
    assert client.create(body).status_code == 500
    assert wise.totals()["transfers"] == executed
    assert client.create(body).status_code == 200
    assert wise.totals()["transfers"] == 1


def test_slow_answer_is_paid_at_once_and_late_commit_is_not(
    sandbox: SandboxProcess, client: WiseClient, wise: SandboxWise
) -> None:
    wise.settings(slow_ms=700)
    slow, late = client.transfer("SLOW Ann Example"), client.transfer("LATE FUND Ann Example")
    with WiseClient(sandbox.wise_url, timeout=0.2) as hasty:
        with pytest.raises(httpx2.ReadTimeout):
            hasty.fund(slow)
        assert client.payments(slow)
        with pytest.raises(httpx2.ReadTimeout):
            hasty.fund(late)
    assert client.payments(late) == []
    wait_until(lambda: bool(client.payments(late)))
    assert client.fund(late).status_code == 409


def test_a_late_commit_that_was_overtaken_pays_nothing(
    sandbox: SandboxProcess, client: WiseClient, wise: SandboxWise
) -> None:
    wise.settings(slow_ms=400)
    transfer = client.transfer("LATE FUND Ann Example")
    with WiseClient(sandbox.wise_url, timeout=0.1) as hasty, pytest.raises(httpx2.ReadTimeout):
        hasty.fund(transfer)
    assert client.fund(transfer).json()["status"] == "COMPLETED"
    wait_until(lambda: wise.totals()["fund_conflicts"] == 1)
    assert wise.totals()["funded"] == 1


@pytest.mark.parametrize(("name", "executed"), [("LOST CANCEL", True), ("DROP CANCEL", False)])
def test_cancel_answer_is_lost(
    client: WiseClient, wise: SandboxWise, name: str, executed: bool
) -> None:
    transfer = client.transfer(f"{name} Ann Example")
    with pytest.raises(LOST):
        client.cancel(transfer)
    assert (client.status(transfer) == "cancelled") == executed
    assert client.cancel(transfer).status_code == (409 if executed else 200)
    assert wise.totals()["states"] == {"cancelled": 1}


def test_a_create_that_is_committed_late(
    sandbox: SandboxProcess, client: WiseClient, wise: SandboxWise
) -> None:
    wise.settings(slow_ms=400)
    body = client.transfer_body("LATE CREATE Ann Example")
    with WiseClient(sandbox.wise_url, timeout=0.1) as hasty, pytest.raises(httpx2.ReadTimeout):
        hasty.create(body)
    assert client.get("/v1/transfers", profile=BUSINESS).json() == []
    wait_until(lambda: wise.totals()["transfers"] == 1)
    assert client.create(body).status_code == 200
    assert wise.totals()["transfers"] == 1


def test_sca_first(client: WiseClient, wise: SandboxWise) -> None:
    transfer = client.transfer("SCA Ann Example")
    refused = client.fund(transfer)
    assert refused.status_code == 403
    assert refused.headers["x-2fa-approval-result"] == "REJECTED"
    assert len(refused.headers["x-2fa-approval"]) == 36
    assert client.payments(transfer) == []
    paid = client.fund(transfer)
    assert paid.json()["status"] == "COMPLETED"
    assert paid.headers["x-2fa-approval-result"] == "APPROVED"
    assert wise.totals()["funded"] == 1


def test_sca_until_approved_or_signed(client: WiseClient, wise: SandboxWise) -> None:
    transfer = client.transfer("SCA ALWAYS Ann Example")
    token = client.fund(transfer).headers["x-2fa-approval"]
    assert client.fund(transfer).status_code == 403
    repeat = {"x-2fa-approval": token}
    assert client.fund(transfer, **repeat).status_code == 403
    path = "/v1/one-time-token/status"
    asked = client.http.get(path, headers={"One-Time-Token": token}).json()
    (challenge,) = asked["oneTimeTokenProperties"]["challenges"]
    assert challenge["passed"] is False
    wise.approve_sca(token)
    assert client.fund(transfer, **repeat).status_code == 201
    signed = client.transfer("SCA ALWAYS Ann Example")
    token = client.fund(signed).headers["x-2fa-approval"]
    assert client.fund(signed, **{"x-2fa-approval": token, "X-Signature": "c2ln"}).is_success
    other = client.transfer("SCA ALWAYS Ann Example")
    spent = client.fund(other, **{"x-2fa-approval": token, "X-Signature": "c2ln"})
    assert spent.status_code == 403


def test_insufficient_until_cured(client: WiseClient, wise: SandboxWise) -> None:
    transfer = client.transfer("INSUFFICIENT Ann Example")
    for _ in range(2):
        answer = client.fund(transfer)
        assert answer.status_code == 201
        assert answer.json()["errorCode"] == "balance.insufficient-funds"
    wise.cure(client.get(f"/v1/transfers/{transfer}").json()["targetAccount"])
    assert client.fund(transfer).json()["status"] == "COMPLETED"


def test_payment_only_created(client: WiseClient, wise: SandboxWise) -> None:
    transfer = client.transfer("FUND CREATED Ann Example")
    answer = client.fund(transfer)
    assert (answer.status_code, answer.json()["status"]) == (201, "CREATED")
    assert client.payments(transfer) == []
    assert client.status(transfer) == "incoming_payment_waiting"
    assert client.fund(transfer).status_code == 409
    wise.advance_clock(6)
    assert len(client.payments(transfer)) == 1
    assert client.status(transfer) == "processing"


def test_quote_that_expires_just_before(client: WiseClient, wise: SandboxWise) -> None:
    body = client.transfer_body("QUOTE EXPIRED Ann Example")
    refused = client.create(body)
    assert refused.status_code == 422
    path = f"/v3/profiles/{BUSINESS}/quotes/{body['quoteUuid']}"
    assert client.get(path).json()["status"] == "EXPIRED"
    assert client.create(body).status_code == 422
    assert client.create({**body, "quoteUuid": client.quote()["id"]}).status_code == 200
    assert wise.totals()["transfers"] == 1


@pytest.mark.parametrize("status", [409, 422])
def test_names_choose_how_a_repetition_is_answered(
    client: WiseClient, wise: SandboxWise, status: int
) -> None:
    body = client.transfer_body(f"CTID {status} FUND {status} Ann Example")
    transfer = client.create(body).json()["id"]
    assert client.create(body).status_code == status
    client.fund(transfer)
    assert client.fund(transfer).status_code == status
    assert wise.totals()["funded"] == 1


def test_words_follow_one_another(client: WiseClient, wise: SandboxWise) -> None:
    body = client.transfer_body("lost create Lost Fund INSUFFICIENTLY")
    recipient = wise.books()["recipients"][0]
    assert recipient["words"] == ["LOST CREATE", "LOST FUND"]
    with pytest.raises(LOST):
        client.create(body)
    transfer = client.create(body).json()["id"]
    with pytest.raises(LOST):
        client.fund(transfer)
    assert len(client.payments(transfer)) == 1


def test_a_cured_recipient_and_one_that_a_person_breaks(
    client: WiseClient, wise: SandboxWise
) -> None:
    body = client.transfer_body("LOST CREATE Ann Example")
    wise.cure(body["targetAccount"])
    transfer = client.create(body).json()["id"]
    wise.set_words(body["targetAccount"], "DROP FUND")
    with pytest.raises(LOST):
        client.fund(transfer)
    assert client.fund(transfer).status_code == 201
    with pytest.raises(SandboxError, match="words"):
        wise.set_words(body["targetAccount"], "EXPLODE")


def test_orders_match_by_operation_and_name(client: WiseClient, wise: SandboxWise) -> None:
    wise.set_fault("500_after", operation="transfer.fund", name="Bob*")
    ann, bob = client.transfer("Ann Example"), client.transfer("Bob Example", "PO2")
    assert client.fund(ann).status_code == 201
    assert client.fund(bob).status_code == 500
    wise.set_fault("lost_answer", operation="transfer.get")
    with pytest.raises(LOST):
        client.get(f"/v1/transfers/{ann}")
    wise.set_fault("truncated", method="GET", path="/2026Q3/transfers/*/payments")
    with pytest.raises(LOST):
        client.payments(ann)
    wise.set_fault("error", operation="transfer.list", params={"status": 503, "body": "busy"})
    answer = client.get("/v1/transfers", profile=BUSINESS)
    assert (answer.status_code, answer.text) == (503, "busy")
    wise.set_fault("lost_answer")
    assert client.get("/v1/profiles").status_code == 200  # an order without more means a write
    with pytest.raises(LOST):
        client.recipient()
    with pytest.raises(SandboxError, match="no such fault"):
        wise.set_fault("plague")
    totals = wise.totals()
    assert totals["funded"] == 2
    assert totals["calls"]["transfer.fund"] == 2


def test_429_says_when_and_executes_nothing(client: WiseClient, wise: SandboxWise) -> None:
    transfer = client.transfer("LIMIT FUND Ann Example")
    for _ in range(2):
        answer = client.fund(transfer)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["X-Rate-Limited-By"]
    assert client.fund(transfer).status_code == 201
    wise.settings(rate_limit_per_minute=3)
    answers = [client.get("/v1/profiles") for _ in range(5)]
    refused = [answer for answer in answers if answer.status_code == 429]
    # The minute may turn over between two of the five.
    assert len(refused) in (1, 2)
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 60
    wise.settings(rate_limit_per_second=2, rate_limit_per_minute=0)
    answers = [client.get("/v1/profiles") for _ in range(6)]
    assert 429 in {answer.status_code for answer in answers}


def test_tokens(client: WiseClient, wise: SandboxWise) -> None:
    def ask(token: str) -> httpx2.Response:
        return client.http.get("/v1/profiles", headers={"Authorization": token})

    for token in ("", "Bearer", "Bearer sk_test_1", "Bearer invalid-1", "Basic x"):
        answer = ask(token)
        assert answer.status_code == 401
        assert answer.json() == {"error": "invalid_token", "error_description": "Invalid token"}
    form = {"grant_type": "refresh_token", "refresh_token": "r"}
    made = client.http.post("/oauth/token", data=form, auth=("client", "secret")).json()
    bearer = f"Bearer {made['access_token']}"
    assert ask(bearer).status_code == 200
    wise.advance_clock(12 * 3600)
    assert ask(bearer).status_code == 401
    wise.set_fault("401", operation="transfer.get")
    assert client.get("/v1/transfers/1").status_code == 401
    assert client.get("/v1/transfers/1").status_code == 404


def test_shapes_of_other_errors(client: WiseClient) -> None:
    headers = {"X-External-Correlation-Id": "po-1"}
    answer = client.http.get("/v1/transfers/5", headers=headers)
    assert answer.status_code == 404
    assert set(answer.json()) == {"timestamp", "status", "error", "message", "path"}
    assert answer.headers["X-External-Correlation-Id"] == "po-1"
    assert answer.headers["x-trace-id"]
    assert client.get("/2019Q1/profiles").status_code == 404
    assert client.get("/v9/profiles").status_code == 404
    plain = {"Content-Type": "text/plain"}
    answer = client.http.post("/v1/transfers", content="{}", headers=plain)
    assert answer.status_code == 500
    assert answer.json()["errors"][0]["code"] == "internal.server.error"
    broken = {"Content-Type": "application/json"}
    assert client.http.post("/v1/transfers", content="{", headers=broken).status_code == 400


def test_numbers_on_the_wire_are_plain(client: WiseClient) -> None:
    answer = client.post(
        f"/v3/profiles/{BUSINESS}/quotes",
        {"sourceCurrency": "EUR", "targetCurrency": "HUF", "targetAmount": 1_000_000},
    )
    assert '"targetAmount":1000000,' in answer.text
    assert "E+" not in answer.text
    option: dict[str, Any] = parse(answer)["paymentOptions"][1]
    assert str(option["sourceAmount"]) in answer.text


def test_books_survive_a_kill(
    sandbox: SandboxProcess, client: WiseClient, wise: SandboxWise
) -> None:
    body = client.transfer_body()
    transfer = client.create(body).json()["id"]
    client.fund(transfer)
    before, key = wise.books(), sandbox.wise_public_key()
    sandbox.restart()
    after = wise.books()
    for name in ("balances", "transfers", "recipients", "quotes", "ledger"):
        assert after[name] == before[name]
    assert sandbox.wise_public_key() == key
    assert client.create(body).json()["id"] == transfer
    assert client.fund(transfer).status_code == 409
    assert client.transfer() > transfer
