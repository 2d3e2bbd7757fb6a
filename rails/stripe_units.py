"""Stripe's "smallest unit" of a currency: ISO 4217's minor unit, except where Stripe says otherwise.

Source: Stripe's documentation of supported currencies (zero-decimal, three-decimal and special cases).
"""

from typing import Final

# ISO 4217 gives these no decimals; on Stripe's wire they have two, which are zero.
_HUNDREDFOLD: Final = frozenset({"ISK", "UGX"})
# ISO 4217 gives the ariary two decimals and Stripe none: sent as it is stored, an amount would be paid a hundredfold.
_HUNDREDTH: Final = frozenset({"MGA"})
# Three decimals, of which Stripe wants the last to be zero.
_IN_TENS: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


class NotPayable(ValueError):
    """Stripe cannot express this amount of this currency exactly."""

    code = "not_payable_by_rail"


def to_wire(amount_minor: int, currency: str) -> int:
    """What is sent for `amount_minor` ISO 4217 minor units. Raises NotPayable where Stripe has no such amount."""
    if currency in _HUNDREDFOLD:
        return amount_minor * 100
    if currency in _HUNDREDTH:
        units, rest = divmod(amount_minor, 100)
        if rest:
            raise NotPayable(f"Stripe pays whole {currency} only.")
        return units
    if currency in _IN_TENS and amount_minor % 10:
        raise NotPayable(f"Stripe pays {currency} with two decimals only.")
    return amount_minor


def from_wire(amount: int, currency: str) -> int:
    """ISO 4217 minor units of what Stripe says."""
    if currency in _HUNDREDFOLD:
        return amount // 100
    return amount * 100 if currency in _HUNDREDTH else amount
