"""The Wise adapter alone: each shape of an answer has one meaning, amounts are exact, moments come in any format."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from money import Money
from rails.answers import Declined, Done, NotNow, Unclear, Unreachable
from rails.stripe import BadSignature
from rails.wise import WiseRail
from rails.wise_paths import OPERATIONS, Family, path_of
from rails.wise_values import minor_units, parse_moment, parse_quote, recipient_body
from rails.wise_webhooks import notice_of, verify_notification

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

Handler = Callable[[httpx2.Request], httpx2.Response]


class Wise:
    """An adapter whose network is a function."""

    def __init__(self, family: Family = "legacy") -> None:
        self.seen: list[httpx2.Request] = []
        self.answers: list[httpx2.Response | Exception] = []
        self.rail = WiseRail(
            token="t",
            api_base="http://wise.test/",
            profile_id="7",
            family=family,
            timeout_seconds=1,
        )
        self.rail.close()
        self.rail._client = httpx2.Client(
            base_url="http://wise.test",
            headers={"Authorization": "Bearer t"},
            transport=httpx2.MockTransport(self._answer),
        )

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def says(self, status: int, body: Any = "", headers: dict[str, str] | None = None) -> "Wise":
        """The next answer; the last one is repeated."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.answers.append(httpx2.Response(status, text=text, headers=headers))
        return self

    def breaks(self, error: Exception) -> "Wise":
        """The next call ends like this."""
        self.answers.append(error)
        return self


@pytest.fixture
def wise() -> Iterator[Wise]:
    made = Wise()
    yield made
    made.rail.close()


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


def line(kind: str, value: str, day: int, reference: str = "TRANSFER-5") -> str:
    amount = f'{{"value": {value}, "currency": "USD"}}'
    date = f"2026-08-{day:02}T00:00:00.000Z"
    return f'{{"type": "{kind}", "date": "{date}", "amount": {amount}, "referenceNumber": "{reference}"}}'


@pytest.mark.parametrize(
    ("lines", "amount"),
    [
        ([line("DEBIT", "-116.04", 1)], None),
        ([line("CREDIT", "104.10", 3), line("DEBIT", "-116.04", 1)], 10_410),
        ([line("CREDIT", "104.10", 3, "TRANSFER-6"), line("DEBIT", "-116.04", 1)], None),
        ([line("CREDIT", "9.1", 5), line("DEBIT", "-104.10", 4), line("CREDIT", "104.10", 3),
          line("DEBIT", "-116.04", 1)], 910),
    ],
)  # fmt: skip
def test_what_came_back_is_read_from_the_statement(
    lines: list[str], amount: int | None, wise: Wise
) -> None:
    wise.says(200, '[{"id": 9, "currency": "EUR"}, {"id": 8, "currency": "USD"}]')
    wise.says(200, f'{{"transactions": [{", ".join(lines)}]}}')
    found = wise.rail.returned(
        "5", currency="USD", since=datetime(2026, 8, 1, tzinfo=UTC), before_call=lambda: None
    )
    assert isinstance(found, Done)
    assert found.value == amount
    assert "/balance-statements/8/" in str(wise.seen[1].url)


@pytest.mark.parametrize(
    "text",
    [
        "2026-07-31 08:44:19",
        "2026-07-31T08:44:19Z",
        "2026-07-31T08:44:19.000Z",
        "2026-07-31T08:44:19+0000",
        "2026-07-31T10:44:19+02:00",
    ],
)
def test_moments_are_read_in_every_format(text: str) -> None:
    assert parse_moment(text) == datetime(2026, 7, 31, 8, 44, 19, tzinfo=UTC)


@pytest.mark.parametrize("value", ["85.61", True, None, Decimal("85.617"), 0.1])
def test_an_amount_that_is_not_exact_is_none(value: object) -> None:
    with pytest.raises(ValueError, match="not a"):
        minor_units(value, "GBP")


@pytest.mark.parametrize(
    ("details", "sent"),
    [
        (
            {"type": "iban", "iban": "DE89370400440532013000"},
            {"legalType": "PRIVATE", "IBAN": "DE89370400440532013000"},
        ),
        (
            {"type": "sort_code", "sort_code": "231470", "account_number": "28821822"},
            {"legalType": "PRIVATE", "sortCode": "231470", "accountNumber": "28821822"},
        ),
        (
            {
                "type": "aba",
                "routing_number": "111000025",
                "account_number": "12345678",
                "account_type": "checking",
                "address": {
                    "country": "US",
                    "city": "A",
                    "first_line": "1 B",
                    "post_code": "10000",
                },
            },
            {
                "legalType": "PRIVATE",
                "abartn": "111000025",
                "accountNumber": "12345678",
                "accountType": "CHECKING",
                "address": {"country": "US", "city": "A", "firstLine": "1 B", "postCode": "10000"},
            },
        ),
    ],
)
def test_bank_details_are_put_in_wise_s_words(
    details: dict[str, Any], sent: dict[str, Any]
) -> None:
    body = recipient_body({**details, "account_holder": "Ann"}, profile="7", currency="EUR")
    assert body["details"] == sent
    assert (body["profile"], body["type"], body["accountHolderName"]) == (7, details["type"], "Ann")


def test_other_details_are_not_for_wise() -> None:
    with pytest.raises(ValueError, match="IBAN, sort code and routing number"):
        recipient_body({"type": "stellar", "address": "G"}, profile="7", currency="XLM")


def test_a_refund_notice_tells_its_amount_in_either_place() -> None:
    data = {
        "resource": {"type": "transfer", "id": 5},
        "refund_amount": 104.1,
        "refund_currency": "USD",
    }
    outer = notice_of({"event_type": "transfers#refund", "data": data})
    inner = notice_of({"data": {"resource": {**data.pop("resource"), **data}}})  # type: ignore[dict-item]
    assert (outer.refund_minor, outer.refund_currency) == (10_410, "USD")
    assert (inner.transfer, inner.refund_minor) == ("5", 10_410)


@pytest.mark.parametrize("payload", [{}, {"data": None}, {"data": []}, {"data": {"resource": 5}}])
def test_a_notice_of_another_shape_is_about_nothing(payload: dict[str, Any]) -> None:
    assert notice_of(payload).transfer == ""


def test_another_kind_of_key_verifies_nothing() -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for key in (pem, "not a key"):
        with pytest.raises(BadSignature):
            verify_notification(b"{}", "AAAA", key)
