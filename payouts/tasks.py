"""Celery tasks: nothing in, service calls, nothing out. Losing or doubling one changes nothing but a moment."""

import structlog
from celery import shared_task

from payouts.models import PayoutRequest
from payouts.quotes import quoter_for
from payouts.selectors import due_quotes
from payouts.services.refresh_quote import refresh_quote

log = structlog.get_logger(__name__)

MOST_QUOTES_IN_A_ROUND = 100


@shared_task(name="payouts.refresh_quotes")
def refresh_quotes() -> None:
    """Ask the rails again about waiting requests whose numbers are due. One failure spoils nobody else's."""
    for payout in PayoutRequest.objects.filter(pk__in=due_quotes(MOST_QUOTES_IN_A_ROUND)):
        quoter = quoter_for(payout.rail)
        if quoter is None:
            continue
        try:
            refresh_quote(payout_id=payout.pk, quoter=quoter)
        except Exception:
            log.exception("payouts.quote_failed", payout=payout.pk)
