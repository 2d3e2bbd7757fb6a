"""What the Wise adapter reads: statements, moments, amounts, bank details and notices."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rails.answers import Done
from rails.stripe import BadSignature
from rails.wise_values import minor_units, parse_moment, recipient_body
from rails.wise_webhooks import notice_of, verify_notification
from tests.rails.wise_network import Wise


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
