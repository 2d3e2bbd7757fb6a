"""Wise's two families of paths behind one table: legacy versions per resource, or one calendar version for all.

Source: Wise's API reference 2026Q3 and responses of the legacy paths recorded in July 2026.
"""

from typing import Final, Literal

Family = Literal["legacy", "calendar"]

CALENDAR_VERSION: Final = "2026Q3"

_LEGACY: Final = {
    "quote": "/v3/profiles/{profile}/quotes",
    "recipient": "/v1/accounts",
    "create": "/v1/transfers",
    "list": "/v1/transfers",
    "read": "/v1/transfers/{transfer}",
    "cancel": "/v1/transfers/{transfer}/cancel",
    "fund": "/v3/profiles/{profile}/transfers/{transfer}/payments",
    # Documented for the calendar family only; which legacy prefix serves it is not.
    "payments": "/v1/transfers/{transfer}/payments",
    "balances": "/v4/profiles/{profile}/balances",
    "statement": "/v1/profiles/{profile}/balance-statements/{balance}/statement.json",
}
_CALENDAR: Final = {
    "quote": "/profiles/{profile}/quotes",
    "recipient": "/accounts",
    "create": "/transfers",
    "list": "/transfers",
    "read": "/transfers/{transfer}",
    "cancel": "/transfers/{transfer}/cancel",
    "fund": "/profiles/{profile}/transfers/{transfer}/payments",
    "payments": "/transfers/{transfer}/payments",
    "balances": "/profiles/{profile}/balances",
    "statement": "/profiles/{profile}/balance-statements/{balance}/statement.json",
}
OPERATIONS: Final = tuple(_LEGACY)


def path_of(family: Family, operation: str, **ids: str) -> str:
    """The path of `operation`, below the base address."""
    if family == "legacy":
        return _LEGACY[operation].format(**ids)
    return f"/{CALENDAR_VERSION}{_CALENDAR[operation].format(**ids)}"
