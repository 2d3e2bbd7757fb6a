"""Payout review on the overview: what waits, how long, what was decided and refused, what is not known or came back.

Every figure is read through an index and capped, like the transfers' own.
"""

from datetime import UTC, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from access.regions import Regions, narrowed, seen_regions
from audit.models import Entry, Outcome
from money import Money
from payouts.console.formats import payout_chip
from payouts.models import PayoutRequest, PayoutStatus
from transfers.console.dashboard import MOST_LISTED, Card, capped
from transfers.console.dashboard import dashboard_context as transfers_context
from transfers.console.formats import money_text, span
from transfers.console.gate import sees
from transfers.models import Rail, RailBalance, SourceType, Transfer

DAYS: Final = 30
SLOW: Final = timedelta(days=1)
MOST_SUMMED: Final = 100_000
# By the prices that were signed. A payout on its way may have been funded already: rather too much than too little.
_COMMITTED: Final = """
    SELECT coalesce(sum((quote ->> 'source_minor')::bigint)
               FILTER (WHERE quote ->> 'source_currency' = %s), 0)::bigint,
           count(*) FILTER (WHERE quote IS NULL)
    FROM (SELECT quote FROM payouts_payoutrequest
          WHERE status IN ('approved', 'processing') AND rail = 'wise' LIMIT %s) AS committed
"""


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The transfers' cards, then those of payout review, and what failed and has no successor."""
    context = transfers_context(request, context)
    if sees(request, "payout.read"):
        regions = seen_regions(request)
        context["review_cards"] = review_cards(regions)
        failed = narrowed(PayoutRequest.objects.filter(status=PayoutStatus.FAILED), regions)
        context["failed_payouts"] = [
            (one, payout_chip(one))
            for one in failed.filter(superseded_by=None)
            .select_related("payee")
            .order_by("-id")[:MOST_LISTED]
        ]
    return context


def review_cards(regions: Regions = None) -> list[Card]:
    """Ten queries. What belongs to other regions is not counted, and their common balance is not shown."""
    now = timezone.now()
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    month = now - timedelta(days=DAYS)
    payouts = narrowed(Transfer.objects.filter(source_type=SourceType.PAYOUT), regions)
    entries = narrowed(Entry.objects.all(), regions)
    requests = narrowed(PayoutRequest.objects.all(), regions)
    waiting = requests.filter(status=PayoutStatus.REQUESTED)
    return [
        _waiting(waiting),
        _oldest(waiting),
        _decided(entries.filter(at__gte=midnight, outcome=Outcome.WON)),
        _entries("Lost races", f"too late, in {DAYS} days", "sports_score",
                 entries.filter(at__gte=month, outcome=Outcome.CONFLICT), "conflict"),
        _entries("Refused steps", f"in {DAYS} days", "block",
                 entries.filter(at__gte=month, outcome__in=(Outcome.ILLEGAL, Outcome.DENIED)),
                 "denied"),
        _unknown(payouts.filter(outcome_unknown=True)),
        _returns(requests.filter(returned_at__isnull=False)),
        *(_balance() if regions is None else []),
    ]  # fmt: skip


def _waiting(waiting: QuerySet[PayoutRequest]) -> Card:
    count = capped(waiting)
    tone = "grey" if count == "0" else "amber"
    return Card("Waiting", count, "for a decision", "inbox", tone, _queue())


def _oldest(waiting: QuerySet[PayoutRequest]) -> Card:
    created = waiting.order_by("pk").values_list("created_at", flat=True).first()
    if created is None:
        return Card("Oldest", "none", "the queue is empty", "hourglass_empty", "emerald")
    waits = timezone.now() - created
    tone = "red" if waits > SLOW else "grey"
    return Card(
        "Oldest", span(waits.total_seconds()), "waits longest", "hourglass_top", tone, _queue()
    )


def _decided(entries: QuerySet[Entry]) -> Card:
    approved = capped(entries.filter(action="payout.approved"))
    rejected = capped(entries.filter(action="payout.rejected"))
    return Card(
        "Decided today",
        f"{approved} / {rejected}",
        "approved / rejected",
        "how_to_reg",
        "emerald",
        f"{_queue()}?status=any",
    )


def _entries(title: str, note: str, icon: str, entries: QuerySet[Entry], outcome: str) -> Card:
    count = capped(entries.filter(subject__startswith="payout:"))
    url = f"{reverse('admin:audit_entry_changelist')}?outcome={outcome}"
    return Card(title, count, note, icon, "grey", url)


def _unknown(transfers: QuerySet[Transfer]) -> Card:
    count = capped(transfers)
    url = f"{reverse('admin:transfers_transfer_changelist')}?status=unknown"
    tone = "grey" if count == "0" else "unknown"
    return Card("Unknown", count, "asked again", "help", tone, url)


def _returns(payouts: QuerySet[PayoutRequest]) -> Card:
    count = capped(payouts)
    tone = "grey" if count == "0" else "red"
    url = f"{_queue()}?status=returned"
    return Card("Returns", count, "money came back", "u_turn_left", tone, url)


def _balance() -> list[Card]:
    """What Wise last said against what was approved and has not left; no card where Wise was never asked."""
    found = RailBalance.objects.filter(rail=Rail.WISE).first()
    if found is None:
        return []
    currency = settings.WISE_SOURCE_CURRENCY
    with connection.cursor() as cursor:
        cursor.execute(_COMMITTED, [currency, MOST_SUMMED])
        minor, unpriced = cursor.fetchone()
    committed = money_text(Money(minor, currency))
    note = f"{committed} approved" + (f", {unpriced} without a price" if unpriced else "")
    if found.read_at is None:
        return [Card("Wise balance", "not read", found.problem, "account_balance", "unknown")]
    left = Money(int(found.amounts.get(currency, 0)), currency)
    age = span((timezone.now() - found.read_at).total_seconds())
    if found.problem:
        note = f"{note}; {age} old, Wise could not be asked: {found.problem}"
        tone = "unknown"
    else:
        note = f"{note}; read {age} ago"
        tone = "red" if left.minor < minor else "grey"
    return [Card("Wise balance", money_text(left), note, "account_balance", tone)]


def _queue() -> str:
    return reverse("admin:payouts_payoutrequest_changelist")
