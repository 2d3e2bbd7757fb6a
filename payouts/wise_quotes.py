"""Wise's price for a payout, in the terms that a reviewer signs."""

from guard.errors import Refused
from money import Money
from payouts.models import PayoutRequest
from payouts.quotes import Quote, QuoteUnavailable
from transfers.quotes import quote_for_review


def quote_from_wise(payout: PayoutRequest, /) -> Quote:
    """One HTTP call to Wise, never in a transaction. Raises QuoteUnavailable."""
    try:
        quote = quote_for_review(payout.amount)
    except Refused as refusal:
        raise QuoteUnavailable(refusal.detail) from refusal
    return Quote(
        rate=str(quote.rate),
        fee=Money(quote.fee_minor, quote.source_currency),
        source=Money(quote.source_minor, quote.source_currency),
        expires_at=quote.expires_at,
        reference=quote.id,
    )
