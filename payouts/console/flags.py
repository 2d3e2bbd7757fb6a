"""What a reviewer must not overlook: new bank details, an account others use too, an unusual amount.

Read for a whole page at once: three queries, however many requests are on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from access.regions import Regions
from money import Money
from payouts.models import KycStatus, PayoutRequest
from transfers.console.formats import age, money_text

RECENTLY: Final = timedelta(days=14)
UNUSUAL_TIMES: Final = 3
# Fewer earlier payouts say nothing about what is usual.
ENOUGH_PAYOUTS: Final = 3

# The median of each payee's last 50 earlier requests in the same currency; rejected ones were never usual.
_USUAL: Final = """
    SELECT asked.id, earlier.median::bigint, earlier.count
    FROM payouts_payoutrequest AS asked
    CROSS JOIN LATERAL (
        SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY amount_minor) AS median, count(*) AS count
        FROM (
            SELECT amount_minor FROM payouts_payoutrequest AS other
            WHERE other.payee_id = asked.payee_id AND other.id < asked.id
              AND other.currency = asked.currency AND other.status <> 'rejected'
            ORDER BY other.id DESC LIMIT 50) AS recent) AS earlier
    WHERE asked.id = ANY(%s)
"""
_NEWEST: Final = """
    SELECT DISTINCT ON (payee_id, type) payee_id, type, id, version, created_at,
           EXISTS (SELECT 1 FROM payouts_recipient AS older
                   WHERE older.payee_id = newest.payee_id AND older.version < newest.version)
    FROM payouts_recipient AS newest
    WHERE payee_id = ANY(%s) ORDER BY payee_id, type, version DESC
"""
_ELSEWHERE: Final = """
    SELECT mine.id, min(payee.external_id) FILTER (WHERE %(all)s OR payee.region = ANY(%(regions)s)),
           count(DISTINCT other.payee_id)
    FROM payouts_recipient AS mine
    JOIN payouts_recipient AS other ON other.blind_index = mine.blind_index AND other.payee_id <> mine.payee_id
    JOIN payouts_payee AS payee ON payee.id = other.payee_id
    WHERE mine.id = ANY(%(ids)s) GROUP BY mine.id
"""


@dataclass(frozen=True, slots=True)
class Flag:
    """One warning: a short label for the list, a sentence for the sheet."""

    label: str
    tone: str
    icon: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Background:
    """What is known around some requests. Keys are request ids, recipient ids, and (payee, type)."""

    usual: Mapping[int, tuple[int | None, int]] = field(default_factory=dict)
    newest: Mapping[tuple[int, str], tuple[int, int, datetime, bool]] = field(default_factory=dict)
    elsewhere: Mapping[int, tuple[str | None, int]] = field(default_factory=dict)

    def newest_recipient(self, payout: PayoutRequest) -> int:
        """The payee's newest details of the type this request is paid into."""
        found = self.newest.get((payout.payee_id, payout.recipient.type))
        return found[0] if found else payout.recipient_id


def background(payouts: Sequence[PayoutRequest], regions: Regions) -> Background:
    """Three queries; none for an empty page. Nobody is named to whoever does not see them."""
    if not payouts:
        return Background()
    with connection.cursor() as cursor:
        cursor.execute(_USUAL, [[one.pk for one in payouts]])
        usual = {row[0]: (row[1], row[2]) for row in cursor.fetchall()}
        cursor.execute(_NEWEST, [list({one.payee_id for one in payouts})])
        newest = {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in cursor.fetchall()}
        ids = list({one.recipient_id for one in payouts})
        cursor.execute(
            _ELSEWHERE, {"ids": ids, "all": regions is None, "regions": list(regions or ())}
        )
        elsewhere = {row[0]: (row[1], row[2]) for row in cursor.fetchall()}
    return Background(usual, newest, elsewhere)


def flags_of(
    payout: PayoutRequest, around: Background, *, reviewer_id: int | None, now: datetime
) -> list[Flag]:
    """Gravest first."""
    found = [
        _kyc(payout),
        _own(payout, reviewer_id),
        _newer_details(payout, around),
        _elsewhere(payout, around),
        _changed(payout, around, now),
        _unusual(payout, around),
    ]
    return [flag for flag in found if flag is not None]


def _kyc(payout: PayoutRequest) -> Flag | None:
    status = payout.payee.status
    if status == KycStatus.APPROVED:
        return None
    label = KycStatus(status).label.lower()
    return Flag(
        f"KYC {label}",
        "red",
        "gpp_maybe",
        f"The payee's KYC is {label}: nobody can approve this before it is approved.",
    )


def _own(payout: PayoutRequest, reviewer_id: int | None) -> Flag | None:
    if reviewer_id is None or payout.created_by_id != reviewer_id:
        return None
    return Flag("Yours", "grey", "person", "You made this request, so somebody else approves it.")


def _newer_details(payout: PayoutRequest, around: Background) -> Flag | None:
    if around.newest_recipient(payout) == payout.recipient_id:
        return None
    return Flag(
        "Newer details exist",
        "red",
        "swap_horiz",
        "The payee gave newer bank details after this request. It would be paid into the older ones.",
    )


def _changed(payout: PayoutRequest, around: Background, now: datetime) -> Flag | None:
    found = around.newest.get((payout.payee_id, payout.recipient.type))
    if found is None or not found[3] or now - found[2] > RECENTLY:
        return None
    when = age(found[2], now=now)
    return Flag(
        "Details changed",
        "amber",
        "published_with_changes",
        f"The payee's bank details were changed {when}. Ask them by a way you already knew before it.",
    )


def _elsewhere(payout: PayoutRequest, around: Background) -> Flag | None:
    found = around.elsewhere.get(payout.recipient_id)
    if found is None:
        return None
    first, count = found
    others = f" and {count - 1} more" if count > 1 else ""
    whose = f"{first}'s{others}" if first else "that of somebody in another region"
    return Flag(
        "Same account elsewhere",
        "red",
        "group",
        f"The same account is also {whose}. Find out why before you sign.",
    )


def _unusual(payout: PayoutRequest, around: Background) -> Flag | None:
    median, count = around.usual.get(payout.pk, (None, 0))
    if not count:
        return Flag(
            "First payout", "grey", "fiber_new", "The first request of this payee in this currency."
        )
    if median is None or count < ENOUGH_PAYOUTS or payout.amount_minor <= UNUSUAL_TIMES * median:
        return None
    usual = money_text(Money(median, payout.currency))
    return Flag(
        f"{payout.amount_minor // median} times the usual",
        "amber",
        "trending_up",
        f"Half of this payee's last {count} requests were {usual} or less.",
    )
