"""Amounts of money: integer minor units with their currency, never a float, never two currencies in a sum."""

from money.amount import CurrencyMismatch, InvalidAmount, Money, total
from money.currencies import MAX_MINOR, UnknownCurrency, exponent

__all__ = [
    "MAX_MINOR",
    "CurrencyMismatch",
    "InvalidAmount",
    "Money",
    "UnknownCurrency",
    "exponent",
    "total",
]
