"""Amounts and rates. Decimals throughout: in the books as strings, on the wire as JSON numbers."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

ZERO_DECIMAL = frozenset({"CLP", "ISK", "JPY", "KRW", "UGX", "VND"})
# What one unit is worth in US dollars, on a fresh sandbox.
IN_DOLLARS = {
    "USD": "1", "EUR": "1.0862", "GBP": "1.344142", "TRY": "0.0243", "PLN": "0.2542",
    "CHF": "1.1534", "SEK": "0.0969", "NOK": "0.0931", "DKK": "0.1456", "CZK": "0.0438",
    "HUF": "0.00274", "RON": "0.2183", "CAD": "0.7218", "AUD": "0.6534", "NZD": "0.5921",
    "JPY": "0.006711", "SGD": "0.7681", "INR": "0.01134", "BRL": "0.1867", "MXN": "0.0541",
    "AED": "0.2723", "ZAR": "0.0567",
}  # fmt: skip


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the currency's smallest unit, half up."""
    unit = Decimal(1) if currency in ZERO_DECIMAL else Decimal("0.01")
    return amount.quantize(unit, ROUND_HALF_UP)


def base_rate(source: str, target: str) -> Decimal:
    """Units of `target` for one of `source`, six decimals or six digits. Raises KeyError."""
    exact = Decimal(IN_DOLLARS[source]) / Decimal(IN_DOLLARS[target])
    return exact.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def dumps(value: Any) -> str:
    """JSON in which a Decimal is a plain number, never a binary float."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{dumps(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(dumps, value)) + "]"
    return json.dumps(value)


def loads(text: str | bytes) -> Any:
    """JSON with Decimals for numbers with a point. Raises ValueError."""
    return json.loads(text, parse_float=Decimal)
