"""The way of a payout through Wise when nothing breaks, and the rules along it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tests.sandbox.wise.client import ADDRESS, BUSINESS, PERSONAL, WiseClient, iban_body, parse
from tests.sandbox_process import SandboxProcess
from tests.sandbox_wise import SandboxWise

PATHS = {
    "legacy": ("/v1/accounts", f"/v3/profiles/{BUSINESS}/quotes", "/v1/transfers",
               f"/v3/profiles/{BUSINESS}/transfers"),
    "calendar": ("/2026Q3/accounts", f"/2026Q3/profiles/{BUSINESS}/quotes", "/2026Q3/transfers",
                 f"/2026Q3/profiles/{BUSINESS}/transfers"),
}  # fmt: skip


def balance_option(quote: dict[str, Any]) -> dict[str, Any]:
    (found,) = [each for each in quote["paymentOptions"] if each["payIn"] == "BALANCE"]
    return dict(found)


@pytest.mark.parametrize("family", list(PATHS))
def test_a_payout_in_either_family(client: WiseClient, wise: SandboxWise, family: str) -> None:
    accounts, quotes, transfers, profile_transfers = PATHS[family]
    recipient = client.post(accounts, iban_body()).json()
    assert recipient["active"] is True
    assert ("displayFields" in recipient) == (family == "calendar")
    body = {"sourceCurrency": "USD", "targetCurrency": "EUR", "targetAmount": 85.61}
    quote = parse(client.post(quotes, body))
    option = balance_option(quote)
    ctid = str(uuid4())
    asked = {
        "targetAccount": recipient["id"], "quoteUuid": quote["id"],
        "customerTransactionId": ctid, "details": {"reference": "PO 7"},
    }  # fmt: skip
    answer = client.post(transfers, asked)
    assert answer.status_code == 200
    made = parse(answer)
    assert made["status"] == "incoming_payment_waiting"
    assert made["customerTransactionId"] == ctid
    assert made["sourceValue"] == option["sourceAmount"] - option["fee"]["total"]
    before = client.balance()
    assert before == Decimal(1_000_000)  # creating moves no money
    paid = client.post(f"{profile_transfers}/{made['id']}/payments", {"type": "BALANCE"})
    assert paid.status_code == 201
    assert paid.json()["status"] == "COMPLETED"
    assert client.balance() == before - option["sourceAmount"]
    assert client.get(f"{transfers}/{made['id']}").json()["status"] == "processing"
    (payment,) = parse(client.get(f"{transfers}/{made['id']}/payments"))
    assert payment["amount"] == option["sourceAmount"]
    again = parse(client.get(f"{quotes}/{quote['id']}"))
    assert again["status"] == "FUNDED"
    totals = wise.books()["totals"]
    assert totals["funded_by_ctid"] == {ctid: 1}
    assert totals["debits"] == {"USD": str(option["sourceAmount"])}


def test_three_date_formats(client: WiseClient) -> None:
    transfer = client.paid()
    made = client.get(f"/v1/transfers/{transfer}").json()
    quote = client.get(f"/v3/profiles/{BUSINESS}/quotes/{made['quoteUuid']}").json()
    payment = client.payments(transfer)[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", made["created"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", quote["expirationTime"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", payment["timeCreated"])


def test_fee_is_within_the_amount_whichever_is_given(client: WiseClient) -> None:
    for given in ({"sourceAmount": 200, "targetAmount": None}, {"targetAmount": 150.55}):
        quote = client.quote(**given)
        option = balance_option(quote)
        converted = option["sourceAmount"] - option["fee"]["total"]
        assert option["fee"]["total"] > 0
        assert abs(converted * quote["rate"] - option["targetAmount"]) <= Decimal("0.01")
        assert quote["paymentOptions"][0]["payIn"] != "BALANCE"  # the first one is a trap


def test_quote_rules(client: WiseClient, wise: SandboxWise) -> None:
    path = f"/v3/profiles/{BUSINESS}/quotes"
    both = {"sourceCurrency": "USD", "targetCurrency": "EUR", "sourceAmount": 1, "targetAmount": 1}
    answer = client.post(path, both)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "error.quote.amount.onlySingle"
    without = client.quote(sourceCurrency="PLN")
    assert balance_option(without)["disabled"] is True
    assert balance_option(without)["disabledReason"]["code"]
    quote = client.quote()
    patch = client.http.patch(f"{path}/{quote['id']}", json={"targetAmount": 10})
    assert patch.status_code == 415
    merge = {"Content-Type": "application/merge-patch+json"}
    patch = client.http.patch(f"{path}/{quote['id']}", json={"targetAmount": 10}, headers=merge)
    assert parse(patch)["targetAmount"] == 10
    wise.set_rate("USD", "EUR", "0.5")
    assert client.quote()["rate"] == Decimal("0.5")
    assert client.get("/v1/rates", source="USD", target="EUR").json()[0]["rate"] == 0.5


def test_quote_expires_by_the_clock_and_serves_once(client: WiseClient, wise: SandboxWise) -> None:
    body = client.transfer_body()
    wise.advance_clock(1801)
    path = f"/v3/profiles/{BUSINESS}/quotes/{body['quoteUuid']}"
    assert client.get(path).json()["status"] == "EXPIRED"
    refused = client.create(body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["path"] == "quoteUuid"
    wise.advance_clock(48 * 3600)
    assert client.get(path).status_code == 404
    fresh = client.transfer_body()
    assert client.create(fresh).status_code == 200
    other = {**fresh, "customerTransactionId": str(uuid4())}
    assert client.create(other).status_code == 422
    assert wise.totals()["quotes_reused"] == 1
    assert wise.totals()["transfers"] == 1
    anonymous = client.post(
        "/v3/quotes", {"sourceCurrency": "USD", "targetCurrency": "EUR", "targetAmount": 5}
    ).json()
    assert client.create({**other, "quoteUuid": anonymous["id"]}).status_code == 422


def test_a_fee_that_changes_after_the_quote_is_what_is_taken(
    client: WiseClient, wise: SandboxWise
) -> None:
    body = client.transfer_body()
    transfer = client.create(body).json()["id"]
    wise.set_fee(body["quoteUuid"], "9.99")
    quote = parse(client.get(f"/v3/profiles/{BUSINESS}/quotes/{body['quoteUuid']}"))
    client.fund(transfer)
    taken = Decimal(wise.totals()["debits"]["USD"])
    assert taken == balance_option(quote)["sourceAmount"]
    assert balance_option(quote)["fee"]["total"] == Decimal("9.99")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"details": {"IBAN": "DE89370400440532013001"}}, "IBAN"),
        ({"details": {"IBAN": "XX00"}}, "IBAN"),
        ({"accountHolderName": ""}, "accountHolderName"),
        ({"type": "sort_code"}, "currency"),
        ({"type": "sort_code", "currency": "GBP",
          "details": {"sortCode": "23147", "accountNumber": "28821822"}}, "sortCode"),
        ({"type": "aba", "currency": "USD",
          "details": {"abartn": "111000026", "accountNumber": "12345678",
                      "accountType": "CHECKING", "address": ADDRESS}}, "abartn"),
        ({"type": "aba", "currency": "USD",
          "details": {"abartn": "111000025", "accountNumber": "12345678",
                      "accountType": "CHECKING"}}, "address.country"),
    ],
)  # fmt: skip
def test_bank_details_are_checked(client: WiseClient, changes: dict[str, Any], path: str) -> None:
    answer = client.post("/v1/accounts", {**iban_body(), **changes})
    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert (error["code"], error["path"], error["arguments"][0]) == ("NOT_VALID", path, path)
    assert "timestamp" in answer.json()


def test_recipients_repeat_and_are_deactivated(client: WiseClient, wise: SandboxWise) -> None:
    first, second = client.recipient(), client.recipient()
    assert first != second
    uk = {"sortCode": "23-14-70", "accountNumber": "28821822"}
    client.recipient(type="sort_code", currency="GBP", details=uk)
    us = {"abartn": "111000025", "accountNumber": "12345678", "accountType": "SAVINGS",
          "address": ADDRESS}  # fmt: skip
    client.recipient(type="aba", currency="USD", details=us)
    assert len(client.get("/v1/accounts", profile=BUSINESS).json()) == 4
    assert client.get("/v1/accounts").json() == []
    page = client.get("/2026Q3/accounts", profile=BUSINESS, size=3).json()
    assert len(page["content"]) == 3
    rest = client.get(
        "/2026Q3/accounts", profile=BUSINESS, size=3, seekPosition=page["seekPositionForNext"]
    ).json()
    assert (len(rest["content"]), rest["seekPositionForNext"]) == (1, 0)
    assert client.http.delete(f"/v1/accounts/{first}").json()["active"] is False
    assert client.get(f"/v1/accounts/{first}").json()["active"] is False
    refused = client.create(
        {"targetAccount": first, "quoteUuid": client.quote()["id"],
         "customerTransactionId": str(uuid4())}
    )  # fmt: skip
    assert refused.json()["errors"][0]["path"] == "targetAccount"
    assert wise.totals()["transfers"] == 0
    needs = client.get("/v1/account-requirements", target="EUR").json()
    assert "iban" in {each["type"] for each in needs}


@pytest.mark.parametrize(("repeat", "expected"), [(200, 200), (409, 409), (422, 422)])
def test_one_transfer_per_customer_transaction_id(
    client: WiseClient, wise: SandboxWise, repeat: int, expected: int
) -> None:
    wise.settings(ctid_repeat=repeat)
    body = client.transfer_body()
    first = client.create(body)
    again = client.create(body)
    assert again.status_code == expected
    if expected == 200:
        assert again.content == first.content
    else:
        assert again.json()["errors"][0]["path"] == "customerTransactionId"
    client.create({**body, "quoteUuid": client.quote()["id"]})
    totals = wise.totals()
    assert (totals["transfers"], totals["ctid_repeats"], totals["ctid_conflicts"]) == (1, 1, 1)


def test_the_same_id_at_the_same_moment_makes_one_transfer(
    sandbox: SandboxProcess, client: WiseClient, wise: SandboxWise
) -> None:
    wise.settings(latency_ms=50)
    body = client.transfer_body()
    clients = [WiseClient(sandbox.wise_url) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda each: each.create(body).json()["id"], clients))
        funded = list(pool.map(lambda each: each.fund(made[0]).status_code, clients))
    for each in clients:
        each.http.close()
    assert len(set(made)) == 1
    assert sorted(funded) == [201] + [409] * 7
    totals = wise.totals()
    assert (totals["transfers"], totals["funded"], totals["fund_conflicts"]) == (1, 1, 7)


@pytest.mark.parametrize("ctid", ["payout-1", "", None, 7, "0" * 36])
def test_the_id_has_to_be_a_uuid(client: WiseClient, wise: SandboxWise, ctid: Any) -> None:
    body = {**client.transfer_body(), "customerTransactionId": ctid}
    answer = client.create(body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "customerTransactionId"
    assert wise.totals()["transfers"] == 0


def test_second_funding_is_refused_in_three_ways(client: WiseClient, wise: SandboxWise) -> None:
    transfer = client.paid()
    answer = client.fund(transfer)
    assert (answer.status_code, answer.json()["errorCode"]) == (409, "payment.exists")
    wise.settings(second_fund=422)
    answer = client.fund(transfer)
    assert (answer.status_code, answer.json()["errorCode"]) == (422, "transfer.invalid-state")
    wise.settings(errors_as_text=True)
    answer = client.fund(transfer)
    assert answer.text == "transfer.invalid-state"
    assert answer.headers["content-type"].startswith("text/plain")
    assert wise.totals()["funded"] == 1


def test_a_created_answer_need_not_be_a_payment(client: WiseClient, wise: SandboxWise) -> None:
    wise.drain()
    transfer = client.transfer()
    answer = client.fund(transfer)
    assert answer.status_code == 201
    assert answer.json()["status"] == "REJECTED"
    assert answer.json()["errorCode"] == "balance.insufficient-funds"
    assert client.status(transfer) == "incoming_payment_waiting"
    assert client.payments(transfer) == []
    wise.topup("500.00")
    assert client.fund(transfer).json()["status"] == "COMPLETED"
    quote = client.quote(sourceCurrency="PLN")
    body = {"targetAccount": client.recipient(), "quoteUuid": quote["id"],
            "customerTransactionId": str(uuid4())}  # fmt: skip
    answer = client.fund(client.create(body).json()["id"])
    assert answer.json()["errorCode"] == "balance.no-balance-for-currency"


def test_funding_the_wrong_thing(client: WiseClient) -> None:
    transfer = client.transfer()
    path = f"/v3/profiles/{PERSONAL}/transfers/{transfer}/payments"
    assert client.post(path, {"type": "BALANCE"}).status_code == 403
    assert client.fund(1).json()["errorCode"] == "transfer.not-found"
    path = f"/v3/profiles/{BUSINESS}/transfers/{transfer}/payments"
    assert client.post(path, {"type": "CARD"}).status_code == 400
    assert client.payments(transfer) == []


def test_list_means_the_personal_profile_unless_told(client: WiseClient, wise: SandboxWise) -> None:
    made = [client.transfer(reference=f"PO{number}") for number in range(12)]
    assert client.get("/v1/transfers").json() == []
    first = client.get("/v1/transfers", profile=BUSINESS).json()
    assert [row["id"] for row in first] == made[:10]
    rest = client.get("/v1/transfers", profile=BUSINESS, limit=100, offset=10).json()
    assert [row["id"] for row in rest] == made[10:]
    client.fund(made[3])
    busy = client.get("/v1/transfers", profile=BUSINESS, status="processing,cancelled").json()
    assert [row["id"] for row in busy] == [made[3]]
    wise.advance_clock(86_400)
    late = client.transfer()
    day = client.get(f"/v1/transfers/{late}").json()["created"][:10]
    found = client.get("/v1/transfers", profile=BUSINESS, createdDateStart=day).json()
    assert [row["id"] for row in found] == [late]
    moment = f"{day}T00:00:00.000Z"
    found = client.get("/v1/transfers", profile=BUSINESS, createdDateEnd=moment, limit=100).json()
    assert [row["id"] for row in found] == made
    assert client.get("/v1/transfers", createdDateStart="soon").status_code == 400
    wise.settings(list_lag_seconds=3600)
    found = client.get("/v1/transfers", profile=BUSINESS, limit=100).json()
    assert [row["id"] for row in found] == made


def test_statement_ties_money_to_its_transfer(client: WiseClient, wise: SandboxWise) -> None:
    transfer = client.paid()
    wise.push(transfer, "outgoing_payment_sent")
    wise.push(transfer, "bounced_back")
    wise.refund(transfer, "90.00")
    path = f"/v1/profiles/{BUSINESS}/balance-statements/200001/statement.json"
    span = {"intervalStart": "2026-01-01T00:00:00Z", "intervalEnd": "2027-01-01T00:00:00Z"}
    lines = parse(client.get(path, currency="USD", **span))["transactions"]
    assert [line["type"] for line in lines] == ["CREDIT", "DEBIT"]
    assert {line["referenceNumber"] for line in lines} == {f"TRANSFER-{transfer}"}
    assert lines[0]["amount"]["value"] == 90
    assert lines[0]["runningBalance"]["value"] == client.balance()
    assert client.get(path, **{**span, "intervalEnd": "2028-01-01"}).status_code == 422
    assert client.get(f"/v4/profiles/{BUSINESS}/balances").status_code == 400
