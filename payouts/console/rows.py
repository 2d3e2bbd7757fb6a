"""One request as the queue and the sheet show it: its numbers, flags, claim, and the fingerprint that is signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from access.regions import Regions, seen_regions
from money import Money
from payouts.console.flags import Background, Flag, background, flags_of
from payouts.console.formats import QuoteText, payout_chip, quote_text
from payouts.console.step_up import needs_step_up
from payouts.models import PayoutRequest, PayoutStatus
from payouts.selectors import approval_limit, approved_in_window, facts_with, transfers_of
from transfers.console.formats import Chip
from transfers.console.gate import sees
from transfers.models import Transfer

MOST_REGIONS: Final = 40
# Jumps from one region to the next through the index payout_by_region.
_REGIONS: Final = """
    WITH RECURSIVE known AS (
        (SELECT region FROM payouts_payoutrequest ORDER BY region LIMIT 1)
        UNION ALL
        SELECT (SELECT next.region FROM payouts_payoutrequest AS next
                WHERE next.region > known.region ORDER BY next.region LIMIT 1)
        FROM known WHERE known.region IS NOT NULL)
    SELECT region FROM known WHERE region IS NOT NULL LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A request with everything around it. `fingerprint` is what an approval from this screen is bound to."""

    payout: PayoutRequest
    transfer: Transfer | None
    chip: Chip
    quote: QuoteText | None
    flags: list[Flag]
    fingerprint: str
    claimed_by: str
    claimed_by_me: bool
    step_up: bool

    @property
    def waits(self) -> bool:
        """Is there something to decide?"""
        return str(self.payout.status) == PayoutStatus.REQUESTED.value


@dataclass(frozen=True, slots=True)
class Room:
    """What this reviewer may still approve in the rolling 24 hours."""

    limit: Money
    used: Money

    @property
    def remaining(self) -> Money:
        """Never below zero."""
        return Money(max(self.limit.minor - self.used.minor, 0), self.limit.currency)

    @property
    def percent(self) -> int:
        """Of the limit, used; 100 only when nothing is left."""
        if not self.remaining.minor:
            return 100
        return min(99, self.used.minor * 100 // self.limit.minor)

    @property
    def tone(self) -> str:
        """Red when used up, amber when nearly."""
        return "red" if self.percent == 100 else "amber" if self.percent >= 80 else "emerald"


def review_rows(request: HttpRequest, payouts: Sequence[PayoutRequest]) -> list[ReviewRow]:
    """In the order given: four queries for a page, whatever its length."""
    around = background(payouts, seen_regions(request))
    transfers = transfers_of(payouts) if payouts else {}
    now = timezone.now()
    return [_row(request, one, around, transfers.get(one.pk), now) for one in payouts]


def _row(
    request: HttpRequest,
    payout: PayoutRequest,
    around: Background,
    transfer: Transfer | None,
    now: datetime,
) -> ReviewRow:
    claimed = payout.claimed_until is not None and payout.claimed_until > now
    waits = payout.status == PayoutStatus.REQUESTED
    mine = payout.claimed_by == request.user.get_username()
    return ReviewRow(
        payout=payout,
        transfer=transfer,
        chip=payout_chip(payout, transfer),
        quote=quote_text(payout, now=now),
        flags=flags_of(payout, around, reviewer_id=request.user.pk, now=now) if waits else [],
        fingerprint=facts_with(payout, around.newest_recipient(payout)).fingerprint(),
        claimed_by=payout.claimed_by if claimed and waits else "",
        claimed_by_me=mine,
        step_up=needs_step_up(payout),
    )


def room_of(request: HttpRequest) -> Room | None:
    """None for whoever does not review. One query."""
    if not sees(request, "payout.review") or request.user.pk is None:
        return None
    limit = approval_limit()
    return Room(limit, Money(approved_in_window(request.user.pk), limit.currency))


def known_regions(regions: Regions) -> list[str]:
    """Every region that a request ever had, of those that are seen. One query, one index look a region."""
    with connection.cursor() as cursor:
        cursor.execute(_REGIONS, [MOST_REGIONS])
        known = [row[0] for row in cursor.fetchall()]
    return known if regions is None else [one for one in known if one in regions]
