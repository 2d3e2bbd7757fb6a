"""Columns as the API writes them, for payloads that the database itself puts together.

A payload is made by the statement that makes the fact true, so that it shows the row exactly as it was then. Tests
hold it against the API's own documents.
"""

from functools import cache

import iso4217

from money.currencies import STELLAR_EXPONENT, exponent

_USUAL = 2


@cache
def _unusual() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for currency in iso4217.Currency:
        digits = currency.exponent
        if digits is not None and digits != _USUAL:
            found.setdefault(exponent(currency.code), []).append(currency.code)
    return {digits: sorted(codes) for digits, codes in sorted(found.items())}


def amount_sql(minor: str, currency: str) -> str:
    """An expression for the amount in major units with all of the currency's decimals: '450.00'.

    Multiplied by a literal power of ten, which numeric does exactly, also at the ends of bigint.
    """
    # A national currency has three letters; every Stellar asset but XLM is written with more (money/currencies.py).
    cases = [
        f"WHEN {currency} = 'XLM' OR length({currency}) > 3 THEN {_in_units(minor, STELLAR_EXPONENT)}"
    ]
    for digits, codes in _unusual().items():
        listed = ", ".join(f"'{code}'" for code in codes)
        cases.append(f"WHEN {currency} IN ({listed}) THEN {_in_units(minor, digits)}")
    return f"CASE {' '.join(cases)} ELSE {_in_units(minor, _USUAL)} END"


def _in_units(minor: str, digits: int) -> str:
    return f"({minor} * {'0.' + '0' * (digits - 1) + '1'})::text" if digits else f"{minor}::text"


def moment_sql(at: str) -> str:
    """An expression for a time as the API writes it: 2026-11-20T13:05:59.120000Z; NULL stays NULL."""
    return f"""to_char({at} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def object_sql(members: dict[str, str]) -> str:
    """A JSON object whose members are these expressions, in this order."""
    listed = ", ".join(f"'{name}', {value}" for name, value in members.items())
    return f"json_build_object({listed})"
