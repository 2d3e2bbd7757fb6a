"""Money is exact: strings at the edge, integers inside, one currency in a sum, and no float anywhere."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from money import (
    MAX_MINOR,
    CurrencyMismatch,
    InvalidAmount,
    Money,
    UnknownCurrency,
    exponent,
    total,
)

USDC = "USDC:GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN"
currencies = st.sampled_from(["USD", "EUR", "JPY", "KWD", "ISK", "UGX", "CLF", "XLM", USDC])
minors = st.integers(-MAX_MINOR, MAX_MINOR)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [
        ("USD", 2),
        ("JPY", 0),
        ("KWD", 3),
        ("ISK", 0),
        ("UGX", 0),
        ("CLF", 4),
        ("IQD", 3),
        ("MGA", 2),
        ("RSD", 2),
        ("XLM", 7),
        (USDC, 7),
        ("USDC", 7),
    ],
)
def test_decimals_are_iso_4217s_and_seven_on_stellar(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize(
    "currency",
    [
        "",
        "usd",
        "US",
        "XAU",
        "XXX",
        "ZZZ",
        "USD ",
        ":",
        "USDC:",
        "USDC:G123",
        "usdc",
        "A" * 13,
        f"{'A' * 13}{USDC[4:]}",
    ],
)
def test_what_money_cannot_be_paid_in(currency: str) -> None:
    with pytest.raises(UnknownCurrency):
        exponent(currency)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("450.00", "USD", 45_000),
        ("450", "USD", 45_000),
        ("450.5", "USD", 45_050),
        ("0.01", "USD", 1),
        ("-0.01", "USD", -1),
        ("007", "JPY", 7),
        ("1.234", "KWD", 1_234),
        ("12", "ISK", 12),
        ("0.0000001", "XLM", 1),
        ("922337203685.4775807", "XLM", MAX_MINOR),
        ("92233720368547758.07", "USD", MAX_MINOR),
    ],
)
def test_parse(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("0.001", "USD", "too_many_decimals"),
        ("0.00", "JPY", "too_many_decimals"),
        ("1.0", "ISK", "too_many_decimals"),
        ("1.2345", "KWD", "too_many_decimals"),
        ("0.00000001", "XLM", "too_many_decimals"),
        ("92233720368547758.08", "USD", "amount_too_large"),
        ("9" * 20, "JPY", "invalid_amount"),
        ("", "USD", "invalid_amount"),
        ("1,000.00", "USD", "invalid_amount"),
        ("1e3", "USD", "invalid_amount"),
        (" 1", "USD", "invalid_amount"),
        ("1\n", "USD", "invalid_amount"),
        ("+1", "USD", "invalid_amount"),
        (".5", "USD", "invalid_amount"),
        ("5.", "USD", "invalid_amount"),
        ("NaN", "USD", "invalid_amount"),
        ("Infinity", "USD", "invalid_amount"),
        ("٤٥٠", "USD", "invalid_amount"),
        (450.0, "USD", "invalid_amount"),
        (450, "USD", "invalid_amount"),
        (Decimal("450.00"), "USD", "invalid_amount"),
        (None, "USD", "invalid_amount"),
    ],
)
def test_what_is_not_an_amount(text: Any, currency: str, code: str) -> None:
    with pytest.raises(InvalidAmount) as refused:
        Money.parse(text, currency)
    assert refused.value.code == code


@pytest.mark.parametrize("minor", [1.0, True, "1", Decimal(1), None])
def test_minor_units_are_integers(minor: Any) -> None:
    with pytest.raises(TypeError):
        Money(minor, "USD")


def test_nothing_larger_than_a_bigint() -> None:
    with pytest.raises(InvalidAmount):
        Money(MAX_MINOR, "USD") + Money(1, "USD")
    assert Money(-MAX_MINOR, "USD").minor == -MAX_MINOR


def test_people_read_thousands() -> None:
    assert str(Money(180_000, "USD")) == "1,800.00 USD"
    assert str(Money(-123_456_789, "JPY")) == "-123,456,789 JPY"
    assert str(Money(5, "KWD")) == "0.005 KWD"


@given(minors, currencies)
def test_formatting_and_parsing_meet(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    text = money.format()
    assert Money.parse(text, currency) == money
    assert len(text.partition(".")[2]) == exponent(currency)
    assert Decimal(text).scaleb(exponent(currency)) == minor


@given(st.lists(st.integers(-(10**12), 10**12), max_size=20), currencies)
def test_sums_are_exact(parts: list[int], currency: str) -> None:
    assert total((Money(part, currency) for part in parts), currency).minor == sum(parts)


@given(st.integers(0, 10**9), st.integers(0, 10**9), currencies)
def test_order_and_difference_agree(one: int, other: int, currency: str) -> None:
    a, b = Money(one, currency), Money(other, currency)
    assert (a < b) == (one < other)
    assert (a <= b) == (one <= other)
    assert (a - b) + b == a


@given(currencies, currencies)
def test_two_currencies_never_meet(one: str, other: str) -> None:
    a, b = Money(1, one), Money(1, other)
    if one == other:
        assert (a + b).minor == 2
        return
    for mix in (
        lambda: a + b,
        lambda: a - b,
        lambda: a < b,
        lambda: a <= b,
        lambda: total([a, b], one),
    ):
        with pytest.raises(CurrencyMismatch):
            mix()
    assert a != b


def test_an_empty_sum_has_a_currency() -> None:
    assert total([], "JPY") == Money.zero("JPY") == Money(0, "JPY")
