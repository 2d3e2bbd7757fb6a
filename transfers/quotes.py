"""What a payment would cost now, for a person who has to decide about it. Moves nothing and writes nothing."""

from django.conf import settings

from guard.errors import Invalid
from money import Money
from rails.answers import Declined, Done
from rails.wise_values import WiseQuote
from transfers.pace import TurnTooFar, wait_for_turn
from transfers.rail_access import wise_rail
from transfers.services.confirm_transfer import PATIENCE_SECONDS, RailUnavailable


def quote_for_review(target: Money) -> WiseQuote:
    """Wise's price for `target` to arrive, from the balance in WISE_SOURCE_CURRENCY, good for about 30 minutes.

    The payment itself is made from a quote of its own: this one knows no recipient. One HTTP call, so not in a
    transaction. Raises Invalid (422: Wise cannot pay this), RailUnavailable and RailNotConfigured (503).
    """
    rail = wise_rail()
    try:
        wait_for_turn("wise", patience_seconds=PATIENCE_SECONDS)
    except TurnTooFar as later:
        raise RailUnavailable(f"{later}.", retry_after=later.seconds) from later
    answer = rail.quote(target, source_currency=settings.WISE_SOURCE_CURRENCY)
    if isinstance(answer, Done):
        return answer.value
    if isinstance(answer, Declined):
        raise Invalid(
            f"Wise does not quote this: {answer.message}", field="amount", code="no_quote"
        )
    raise RailUnavailable(f"wise did not answer: {answer.reason}.", retry_after=5)
