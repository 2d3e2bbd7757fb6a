"""How many decimals a currency has: ISO 4217 for national currencies, 7 for every Stellar asset.

ISO 4217 decides, not a display library: Babel says 0 decimals for IQD, MGA or RSD where the standard says 3 or 2.
"""

import re
from functools import cache

import iso4217

# Stellar amounts are int64 stroops, 10^-7 of a unit, for XLM and for every issued asset alike.
STELLAR_EXPONENT = 7
# PostgreSQL's bigint and Stellar's int64 end at the same number.
MAX_MINOR = 2**63 - 1


class UnknownCurrency(ValueError):
    """Not an ISO 4217 currency with minor units, not XLM, not a Stellar `CODE:ISSUER`."""

    code = "unknown_currency"


# A bare asset code of this shape cannot be a national currency's, so that stored amounts stay readable whatever is
# configured today. Codes of one to three characters could be: those are written CODE:ISSUER.
_BARE_CODE = re.compile(r"[A-Z0-9]{4,12}")


@cache
def exponent(currency: str) -> int:
    """Decimals of `currency`: an upper-case ISO 4217 code, `XLM`, a Stellar asset `CODE:ISSUER`, or its code alone.

    Raises UnknownCurrency, also for codes without minor units such as XAU (gold).
    """
    if currency == "XLM" or _BARE_CODE.fullmatch(currency):
        return STELLAR_EXPONENT
    code, separator, issuer = currency.partition(":")
    if separator:
        if code.isalnum() and 1 <= len(code) <= 12 and len(issuer) == 56 and issuer[0] == "G":
            return STELLAR_EXPONENT
        raise UnknownCurrency(f"{currency!r} is not a Stellar asset of the form CODE:ISSUER")
    try:
        digits = iso4217.Currency(currency).exponent
    except ValueError:
        digits = None
    if digits is None or currency != currency.upper():
        raise UnknownCurrency(f"{currency!r} is not a currency that money can be paid in")
    return digits


def is_bare_asset(currency: str) -> bool:
    """Is it a Stellar asset's code without its issuer? Whose asset it is must then be configured."""
    return _BARE_CODE.fullmatch(currency) is not None
