"""Fresh numbers for a waiting request, so that a reviewer signs what it will cost."""

from datetime import timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from audit.actor import SWEEP, Actor
from guard.door import change_in_place
from guard.statement import SecondsFromNow
from payouts.models import PayoutRequest, PayoutStatus
from payouts.policy import base_minor
from payouts.quotes import Quoter, QuoteUnavailable
from payouts.selectors import get_payout

log = structlog.get_logger(__name__)

# Asked again so long before the old numbers expire, and so long after the rail did not answer.
MARGIN = timedelta(minutes=2)
AGAIN_SECONDS = 60.0


def refresh_quote(*, payout_id: int, quoter: Quoter, actor: Actor = SWEEP) -> PayoutRequest:
    """Ask `quoter` and keep its quote if the request still waits as it was read. Calls a rail: not in a transaction.

    A decision of the same moment wins: what was signed is not replaced. Raises NotFound.
    """
    payout = get_payout(payout_id)
    if payout.status != PayoutStatus.REQUESTED:
        return payout
    try:
        quote = quoter(payout)
    except QuoteUnavailable as error:
        log.warning("payouts.no_quote", payout=payout_id, why=str(error))
        later = timezone.now() + timedelta(seconds=AGAIN_SECONDS)
        PayoutRequest.objects.filter(pk=payout_id).update(quote_due_at=later)
        return get_payout(payout_id)
    stored = quote.stored()
    seconds = (quote.expires_at - timezone.now() - MARGIN).total_seconds()
    change_in_place(
        PayoutRequest,
        payout_id,
        status=PayoutStatus.REQUESTED,
        version=payout.version,
        action="quoted",
        actor=actor,
        changes={
            "quote": stored,
            "quote_expires_at": quote.expires_at,
            "quote_due_at": SecondsFromNow(max(seconds, AGAIN_SECONDS)),
            "base_minor": base_minor(
                payout.amount, stored, base=settings.BASE_CURRENCY, rates=settings.BASE_RATES
            ),
        },
        snapshot={"quote": stored},
    )
    return get_payout(payout_id)
