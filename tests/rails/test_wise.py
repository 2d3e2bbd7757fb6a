"""The Wise adapter alone: each shape of an answer has one meaning, amounts are exact, moments come in any format."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from money import Money
from rails.answers import Declined, Done, NotNow, Unclear, Unreachable
from rails.wise_paths import OPERATIONS, Family, path_of
from rails.wise_values import parse_quote
from tests.rails.wise_network import Wise

CTID = "8b9f64a9-33c4-490e-92ec-e9e95f13d2ef"


QUOTE = """{"id":"3a98c719-1052-4b63-9b12-1fb70e87fb96","sourceCurrency":"USD","targetCurrency":"GBP",
 "rate":0.743969,"rateExpirationTime":"2026-07-31T09:14:10Z","expirationTime":"2026-07-31T09:14:10Z",
 "payOut":"BANK_TRANSFER","status":"PENDING","paymentOptions":[
  {"payIn":"CARD","payOut":"BANK_TRANSFER","disabled":true,"sourceAmount":120.0,"targetAmount":85.61,
   "sourceCurrency":"USD","targetCurrency":"GBP","fee":{"total":4.93}},
  {"payIn":"BALANCE","payOut":"BANK_TRANSFER","disabled":false,"sourceAmount":116.04,"targetAmount":85.61,
   "sourceCurrency":"USD","targetCurrency":"GBP","fee":{"transferwise":0.97,"total":0.97}}]}"""


TRANSFER = f"""{{"id":2148014126,"targetAccount":701058983,"quoteUuid":"75afb7b9-8aea-4048-a02d-ffc087c9fad8",
 "status":"incoming_payment_waiting","created":"2026-07-31 08:44:19","sourceCurrency":"USD","sourceValue":115.07,
 "targetCurrency":"GBP","targetValue":85.61,"customerTransactionId":"{CTID}"}}"""


SCA = {"x-2fa-approval-result": "REJECTED", "x-2fa-approval": "b1a5"}


def rejected(code: str) -> dict[str, Any]:
    return {"type": "BALANCE", "status": "REJECTED", "errorCode": code, "errorMessage": None}


def listed(code: str, path: str = "", message: str = "m") -> dict[str, Any]:
    return {"errors": [{"code": code, "message": message, "path": path, "arguments": ["secret"]}]}


def test_a_quote_is_read_exactly(wise: Wise) -> None:
    answer = wise.says(200, QUOTE).rail.quote(Money(8_561, "GBP"), source_currency="USD")
    assert isinstance(answer, Done)
    quote = answer.value
    assert (quote.source_minor, quote.fee_minor, quote.target_minor) == (11_604, 97, 8_561)
    assert (quote.rate, quote.disabled) == (Decimal("0.743969"), "")
    assert quote.expires_at == datetime(2026, 7, 31, 9, 14, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(8_561, "GBP", "85.61"), (10, "EUR", "0.10"), (5_000_000_000_000_001, "USD", "50000000000000.01"),
     (700, "JPY", "700")],
)  # fmt: skip
def test_an_amount_goes_out_as_its_own_text(
    minor: int, currency: str, text: str, wise: Wise
) -> None:
    wise.says(200, QUOTE).rail.quote(Money(minor, currency), source_currency="USD", recipient="5")
    sent = json.loads(wise.seen[0].content, parse_float=str, parse_int=str)
    assert sent["targetAmount"] == text
    assert (sent["targetAccount"], sent["sourceCurrency"]) == ("5", "USD")


def test_a_disabled_option_says_why() -> None:
    body = json.loads(QUOTE, parse_float=Decimal)
    body["paymentOptions"][1] |= {
        "disabled": True,
        "disabledReason": {"message": "Open a balance."},
    }
    assert parse_quote(body).disabled == "Open a balance."
    del body["paymentOptions"][1]
    with pytest.raises(ValueError, match="balance"):
        parse_quote(body)


def test_a_transfer_is_read_exactly(wise: Wise) -> None:
    answer = wise.says(200, TRANSFER).rail.create({"customerTransactionId": CTID})
    assert isinstance(answer, Done)
    transfer = answer.value
    assert (transfer.id, transfer.target_account, transfer.ctid) == (
        "2148014126",
        "701058983",
        CTID,
    )
    assert (transfer.target_minor, transfer.target_currency) == (8_561, "GBP")


def test_calls_carry_their_headers(wise: Wise) -> None:
    answer = wise.says(200, TRANSFER, {"x-trace-id": "trace"}).rail.create({"a": 1})
    (request,) = wise.seen
    assert request.headers["Authorization"] == "Bearer t"
    assert request.headers["Content-Type"] == "application/json"
    correlation = request.headers["X-External-Correlation-Id"]
    assert len(correlation) <= 36
    assert isinstance(answer, Done)
    assert answer.evidence["correlation_id"] == correlation
    assert answer.evidence["trace_id"] == "trace"


@pytest.mark.parametrize("family", ["legacy", "calendar"])
def test_every_operation_has_a_path_in_both_families(family: Family) -> None:
    for operation in OPERATIONS:
        path = path_of(family, operation, profile="7", transfer="1", balance="2")
        assert path.startswith("/2026Q3/" if family == "calendar" else "/v")
        assert "{" not in path


@pytest.mark.parametrize(
    ("answer", "meaning", "word"),
    [
        ((201, {"type": "BALANCE", "status": "COMPLETED", "balanceTransactionId": 6}), Done, ""),
        ((201, {"type": "BALANCE", "status": "CREATED"}), Unclear, "CREATED"),
        ((201, {"type": "BALANCE", "status": "SOMETHING"}), Unclear, "SOMETHING"),
        ((201, '{"type": "BALANCE", "sta'), Unclear, "unreadable"),
        ((201, "<html>"), Unclear, "unreadable"),
        ((201, rejected("balance.insufficient-funds")), NotNow, "balance.insufficient-funds"),
        ((422, rejected("balance.insufficient-funds")), NotNow, "balance.insufficient-funds"),
        ((422, "balance.insufficient-funds"), NotNow, "balance.insufficient-funds"),
        ((422, rejected("transfer.insufficient_funds")), NotNow, "transfer.insufficient_funds"),
        ((201, rejected("transfer.invalid-state")), Unclear, "transfer.invalid-state"),
        ((422, rejected("transfer.invalid-state")), Unclear, "transfer.invalid-state"),
        ((409, rejected("payment.exists")), Unclear, "payment.exists"),
        ((409, "payment.exists"), Unclear, "payment.exists"),
        ((409, ""), Unclear, "409"),
        ((201, rejected("unexpected.error")), Unclear, "unexpected.error"),
        ((404, rejected("transfer.not-found")), Unclear, "transfer.not-found"),
        ((422, ""), Unclear, "422"),
        ((400, "<html>no</html>"), Unclear, "400"),
        ((422, rejected("payment.option-unavailable")), Declined, "payment.option-unavailable"),
        ((201, rejected("brand.new-code")), Declined, "brand.new-code"),
        ((403, "", SCA), NotNow, "strong_customer_authentication"),
        ((403, {"error": "x"}, SCA), NotNow, "strong_customer_authentication"),
        ((403, ""), NotNow, "forbidden"),
        ((401, {"error": "invalid_token"}), NotNow, "bad_credentials"),
        ((429, "", {"Retry-After": "7"}), NotNow, "rate_limit"),
        ((500, listed("internal.server.error")), Unclear, "500"),
        ((502, "<html>"), Unclear, "502"),
        ((503, ""), Unclear, "503"),
        ((408, ""), Unclear, "408"),
        ((302, ""), Unclear, "302"),
    ],
)  # fmt: skip
def test_each_answer_to_a_funding_has_one_meaning(
    answer: tuple[Any, ...], meaning: type, word: str, wise: Wise
) -> None:
    found = wise.says(*answer).rail.fund("5")
    assert type(found) is meaning
    said = found.code if isinstance(found, Declined) else getattr(found, "reason", "")
    assert word in said
    assert found.evidence["http_status"] == answer[0]
    assert len(wise.seen) == 1  # nothing is repeated down here
    assert json.loads(wise.seen[0].content) == {"type": "BALANCE"}


def test_a_rate_limit_says_how_long(wise: Wise) -> None:
    answer = wise.says(429, "", {"Retry-After": "7"}).rail.fund("5")
    assert isinstance(answer, NotNow)
    assert answer.retry_after_seconds == 7


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (httpx2.ConnectError("refused"), NotNow),
        (httpx2.ConnectTimeout("slow"), NotNow),
        (httpx2.PoolTimeout("busy"), NotNow),
        (httpx2.ReadTimeout("silence"), Unclear),
        (httpx2.WriteTimeout("stuck"), Unclear),
        (httpx2.ReadError("reset"), Unclear),
        (httpx2.WriteError("reset"), Unclear),
        (httpx2.RemoteProtocolError("cut off"), Unclear),
    ],
)
def test_only_a_call_that_never_left_is_certain_to_have_done_nothing(
    error: Exception, meaning: type, wise: Wise
) -> None:
    wise.breaks(error)
    assert type(wise.rail.fund("5")) is meaning
    assert type(wise.rail.create({})) is meaning
    assert isinstance(wise.rail.read("5"), Unreachable)


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ((422, listed("NOT_VALID", "quoteUuid")), Declined),
        ((400, listed("NOT_VALID")), Declined),
        ((409, listed("transfer.already.exists")), Declined),
        ((422, "text"), Declined),
        ((200, "{"), Unclear),
        ((200, '{"id": 1}'), Unclear),
        ((200, TRANSFER.replace("85.61", "85.617")), Unclear),
        ((500, ""), Unclear),
        ((429, ""), NotNow),
        ((403, "", SCA), NotNow),
    ],
)
def test_each_answer_to_a_create_has_one_meaning(
    answer: tuple[Any, ...], meaning: type, wise: Wise
) -> None:
    assert type(wise.says(*answer).rail.create({})) is meaning


def test_a_refusal_names_its_fields(wise: Wise) -> None:
    answer = wise.says(422, listed("NOT_VALID", "quoteUuid", "Quote has expired.")).rail.create({})
    assert isinstance(answer, Declined)
    assert (answer.code, answer.message) == ("NOT_VALID", "Quote has expired.")
    assert answer.evidence["fields"] == ["quoteUuid"]


def test_a_refused_recipient_is_told_without_its_details(wise: Wise) -> None:
    body = listed("NOT_VALID", "IBAN", "DE00 is not valid")
    answer = wise.says(422, body).rail.add_recipient({"details": {"IBAN": "DE00"}})
    assert isinstance(answer, Declined)
    assert answer.message == "Wise does not accept: IBAN."
    assert "DE00" not in repr(answer)
    assert "secret" not in repr(answer)


def test_a_read_tells_absent_from_unreachable(wise: Wise) -> None:
    absent = wise.says(404, "").rail.read("5")
    assert isinstance(absent, Done)
    assert absent.value is None
    for status in (401, 403, 429, 500, 503):
        wise.answers.clear()
        assert isinstance(wise.says(status, "").rail.read("5"), Unreachable)
    wise.answers.clear()
    assert isinstance(wise.says(200, "<html>").rail.payments("5"), Unreachable)


def test_payments_are_counted(wise: Wise) -> None:
    wise.says(200, "[]").says(200, '[{"id": 1, "amount": 116.04}]')
    none, one = wise.rail.payments("5"), wise.rail.payments("5")
    assert isinstance(none, Done)
    assert isinstance(one, Done)
    assert (none.value, one.value) == (0, 1)
    wise.answers.clear()
    assert isinstance(wise.says(404, "").rail.payments("5"), Unreachable)


def test_the_list_is_read_to_its_empty_end_in_our_profile(wise: Wise) -> None:
    other = TRANSFER.replace(CTID, "00000000-0000-0000-0000-000000000000")
    wise.says(200, f"[{other}]").says(200, f"[{other}, {TRANSFER}]").says(200, "[]")
    turns: list[int] = []
    since = datetime(2026, 7, 31, 1, tzinfo=UTC)
    found = wise.rail.find(CTID, since=since, before_page=lambda: turns.append(1))
    assert isinstance(found, Done)
    assert [transfer.id for transfer in found.value] == ["2148014126"]
    assert len(turns) == 3
    asked = [dict(request.url.params) for request in wise.seen]
    assert [one["offset"] for one in asked] == ["0", "1", "3"]
    assert {(one["profile"], one["createdDateStart"]) for one in asked} == {("7", "2026-07-30")}


def test_half_a_list_proves_no_absence(wise: Wise) -> None:
    wise.says(200, f"[{TRANSFER}]").says(500, "")
    found = wise.rail.find("x", since=datetime.now(UTC), before_page=lambda: None)
    assert isinstance(found, Unreachable)
