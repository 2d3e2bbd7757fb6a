"""`Money`: an exact amount. It parses from strings, formats to strings and refuses to mix currencies."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from money.currencies import MAX_MINOR, exponent

# ASCII digits only: str.isdigit() would accept other scripts' numerals.
_DECIMAL = re.compile(r"(?P<sign>-?)(?P<units>[0-9]{1,19})(?:\.(?P<fraction>[0-9]{1,18}))?")


class InvalidAmount(ValueError):
    """The text is not an amount of this currency. `code` names the reason for API callers."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum or comparison."""

    code = "currency_mismatch"


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` is in minor units (cents for USD, yen for JPY, stroops for XLM)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        # A float must not get in here either from code that no type checker sees.
        minor: object = self.minor
        if not isinstance(minor, int) or isinstance(minor, bool):
            raise TypeError(f"minor units are an int, not {type(minor).__name__}")
        exponent(self.currency)
        if abs(self.minor) > MAX_MINOR:
            raise InvalidAmount("The amount is too large.", "amount_too_large")

    @classmethod
    def parse(cls, text: object, currency: str) -> "Money":
        """Read a decimal string in major units, such as "450.00".

        Raises InvalidAmount (`invalid_amount`, `too_many_decimals`, `amount_too_large`) and UnknownCurrency.
        A float is refused: 0.1 has no exact binary form.
        """
        digits = exponent(currency)
        match = _DECIMAL.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise InvalidAmount('An amount is a decimal string such as "450.00".', "invalid_amount")
        fraction = match["fraction"] or ""
        if len(fraction) > digits:
            raise InvalidAmount(f"{currency} has {digits} decimals at most.", "too_many_decimals")
        minor = int(match["units"] + fraction.ljust(digits, "0"))
        return cls(-minor if match["sign"] else minor, currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Nothing, in `currency`."""
        return cls(0, currency)

    def format(self) -> str:
        """Major units as a decimal string with all of the currency's decimals: "450.00"."""
        digits = exponent(self.currency)
        sign, units = ("-" if self.minor < 0 else ""), str(abs(self.minor)).rjust(digits + 1, "0")
        return f"{sign}{units[:-digits]}.{units[-digits:]}" if digits else f"{sign}{units}"

    def __str__(self) -> str:
        sign = "-" if self.minor < 0 else ""
        whole, dot, fraction = self.format().lstrip("-").partition(".")
        return f"{sign}{int(whole):,}{dot}{fraction} {self.currency}"

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not add up")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor <= other.minor


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The exact sum of `amounts`; zero in `currency` when there are none. Raises CurrencyMismatch."""
    result = Money.zero(currency)
    for amount in amounts:
        result += amount
    return result
