"""What a person types as an amount is never read as another one."""

import pytest

from money import InvalidAmount
from transfers.console.typed import typed_amount


@pytest.mark.parametrize(
    ("typed", "currency", "read"),
    [
        (" 12.50 ", "USD", "12.50"),
        ("1,234.50", "USD", "1234.50"),
        ("1,234,567.1234567", "XLM", "1234567.1234567"),
        ("1,500", "JPY", "1500"),
        ("", "USD", ""),
    ],
)
def test_commas_between_thousands_are_left_out(typed: str, currency: str, read: str) -> None:
    assert typed_amount(typed, currency) == read


@pytest.mark.parametrize(
    ("typed", "currency"),
    [
        ("1,50", "USD"),
        ("1,5", "XLM"),
        ("1,500", "XLM"),
        ("1.234,50", "EUR"),
        ("1,00.00", "USD"),
        ("1,50", "JPY"),
        (",5", "USD"),
    ],
)
def test_a_comma_that_may_be_a_decimal_point_is_refused(typed: str, currency: str) -> None:
    with pytest.raises(InvalidAmount, match="without commas"):
        typed_amount(typed, currency)
