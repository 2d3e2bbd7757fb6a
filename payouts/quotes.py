"""Quotes: what a payout costs, as its rail says. A rail plugs in through `register_quoter`; payouts know no rail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from money import Money
from payouts.models import PayoutRequest


class QuoteUnavailable(Exception):
    """The rail did not say; the request keeps the quote it has, and the rail is asked again."""


@dataclass(frozen=True, slots=True)
class Quote:
    """`rate` is units of the payout's currency for one of the source's, as the rail wrote it."""

    rate: str
    fee: Money
    source: Money
    expires_at: datetime
    reference: str = ""

    def stored(self) -> dict[str, Any]:
        """As kept on the request. Amounts are minor units of the source currency."""
        return {
            "rate": self.rate,
            "fee_minor": self.fee.minor,
            "source_minor": self.source.minor,
            "source_currency": self.source.currency,
            "expires_at": self.expires_at.isoformat(),
            "reference": self.reference,
        }


class Quoter(Protocol):
    """Asks a rail. Makes an HTTP call, so it is never called in a transaction."""

    def __call__(self, payout: PayoutRequest, /) -> Quote:
        """Raises QuoteUnavailable."""
        ...


_quoters: dict[str, Quoter] = {}


def register_quoter(rail: str, quoter: Quoter) -> None:
    """Name who asks `rail` for quotes."""
    _quoters[rail] = quoter


def quoter_for(rail: str) -> Quoter | None:
    """None for a rail that gives no quotes."""
    return _quoters.get(rail)
