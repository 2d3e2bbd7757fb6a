"""Money at the edge: strings in, strings out, and every other form refused where it stands."""

from typing import Any

import pytest

from money import Money
from tests.api.urls import Crew, Member


def _errors(**values: Any) -> dict[str, list[str]]:
    member = Member(data={"name": "Ann"} | values)
    assert not member.is_valid()
    return {field: [one.code for one in errors] for field, errors in member.errors.items()}


def test_an_amount_becomes_money_and_money_becomes_a_string() -> None:
    member = Member(data={"name": "Ann", "amount": "450.5", "currency": "USD"})
    assert member.is_valid(), member.errors
    assert member.validated_data["amount"] == Money(45050, "USD")
    assert Member(member.validated_data).data["amount"] == "450.50"


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (450.0, "USD", "not_a_string"),
        (450, "USD", "not_a_string"),
        (True, "USD", "not_a_string"),
        (["1"], "USD", "not_a_string"),
        ("1.001", "USD", "too_many_decimals"),
        ("1.5", "JPY", "too_many_decimals"),
        ("1e3", "USD", "invalid_amount"),
        ("", "USD", "invalid_amount"),
        ("0.00", "USD", "not_positive"),
        ("-1.00", "USD", "not_positive"),
        ("9" * 19, "USD", "amount_too_large"),
        (None, "USD", "null"),
    ],
)
def test_what_is_not_an_amount_says_why(amount: Any, currency: str, code: str) -> None:
    assert _errors(amount=amount, currency=currency) == {"amount": [code]}


def test_a_bad_currency_is_reported_once_at_the_currency() -> None:
    assert _errors(amount="1.00", currency="ZZZ") == {"currency": ["unknown_currency"]}
    assert _errors(amount="1.00") == {"currency": ["required"]}
    assert _errors(amount="1.00", currency=None) == {"currency": ["null"]}
    assert _errors(currency="USD") == {"amount": ["required"]}


def test_part_of_an_amount_is_a_string_whatever_it_says() -> None:
    crew = [{"name": "Ann", "amount": "1.00", "currency": "USD"}]
    assert Crew(data={"crew": crew, "part": "1.00"}).is_valid()
    assert not Crew(data={"crew": crew, "part": 1.0}).is_valid()
