"""Amounts of money: integer minor units with their currency, never a float, never two currencies in a sum."""

from money.amount import CurrencyMismatch, InvalidAmount, Money, total
from money.currencies import MAX_MINOR, UnknownCurrency, exponent, is_bare_asset

__all__ = [
    "MAX_MINOR",
    "CurrencyMismatch",
    "InvalidAmount",
    "Money",
    "UnknownCurrency",
    "exponent",
    "is_bare_asset",
    "total",
]
