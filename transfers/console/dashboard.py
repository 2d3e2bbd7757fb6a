"""The first page: what was paid today, what is moving, what needs a person, and whether the machinery keeps up.

Every figure is read through an index and capped, so that the page stays quick at millions of transfers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from access.regions import Regions, narrowed, seen_regions
from audit.models import Entry, Seal
from money import Money
from transfers.console.formats import money_text, span
from transfers.console.gate import sees
from transfers.console.rails import rail_rows
from transfers.models import Booking, Finding, FindingState, PaymentState, Transfer

MOST_COUNTED: Final = 1_000
MOST_LISTED: Final = 6
HOURS: Final = 24

_PAID_BY_HOUR: Final = """
    SELECT date_trunc('hour', entry.at AT TIME ZONE 'UTC') AS hour, transfer.currency,
           count(*), sum(transfer.amount_minor)::bigint, entry.at >= %(today)s AS is_today
    FROM audit_entry AS entry
    JOIN transfers_transfer AS transfer ON transfer.id = split_part(entry.subject, ':', 2)::bigint
    WHERE entry.at >= %(since)s AND entry.action = 'transfer.success' AND entry.outcome = 'won' {seen}
    GROUP BY 1, 2, 5
"""
MOST_SUMMED: Final = 100_000
_IN_MOTION: Final = """
    SELECT currency, count(*), sum(amount_minor)::bigint FROM ({moving}) AS moving
    GROUP BY 1 ORDER BY 2 DESC
"""


@dataclass(frozen=True, slots=True)
class Card:
    """One figure, what it means, and where it leads."""

    title: str
    figure: str
    note: str
    icon: str
    tone: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of the chart; `height` in percent of the tallest."""

    label: str
    count: int
    height: int
    show_label: bool


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK."""
    now = timezone.now()
    context["title"] = "Overview"
    context["now"] = now
    if sees(request, "transfer.read"):
        regions = seen_regions(request)
        transfers = narrowed(Transfer.objects.all(), regions)
        paid = _paid_by_hour(now, regions)
        context["cards"] = [
            _paid_card(paid),
            _motion_card(transfers),
            _attention_card(regions),
            _unknown_card(transfers, now),
            _due_card(transfers, now),
        ]
        context["bars"] = _bars(paid, now)
        context["attention"] = _listed(Booking.objects.filter(payment_state="attention"))
        context["unknown"] = transfers.filter(outcome_unknown=True).order_by("updated_at")[
            :MOST_LISTED
        ]
        context["recent"] = _listed(Booking.objects.all())
        context["rails"] = rail_rows(request)
    if sees(request, "audit.read"):
        context["seal"] = Seal.objects.order_by("-id").first()
    return context


def _listed(bookings: QuerySet[Booking]) -> list[Booking]:
    return list(bookings.order_by("-id")[:MOST_LISTED])


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _paid_by_hour(now: datetime, regions: Regions) -> list[tuple[datetime, str, int, int, bool]]:
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    since = min(_midnight(now), hour - timedelta(hours=HOURS - 1))
    seen = "" if regions is None else "AND entry.id = ANY(%(seen)s)"
    values: dict[str, Any] = {"since": since, "today": _midnight(now)}
    if regions is not None:
        values["seen"] = _paid_and_seen(since, regions)
    with connection.cursor() as cursor:
        cursor.execute(_PAID_BY_HOUR.format(seen=seen), values)
        rows: list[tuple[datetime, str, int, int, bool]] = cursor.fetchall()
    return rows


def _paid_and_seen(since: datetime, regions: Regions) -> list[int]:
    paid = Entry.objects.filter(at__gte=since, action="transfer.success", outcome="won")
    return list(narrowed(paid, regions).values_list("pk", flat=True)[:MOST_SUMMED])


def _paid_card(paid: Sequence[tuple[datetime, str, int, int, bool]]) -> Card:
    sums: dict[str, int] = {}
    people = 0
    for _, currency, count, minor, is_today in paid:
        if is_today:
            sums[currency] = sums.get(currency, 0) + minor
            people += count
    return Card(
        "Paid today",
        _amounts(sums),
        f"{people:,} transfer{'' if people == 1 else 's'} since midnight UTC",
        "check_circle",
        "emerald",
        _list("transfer", "status=success"),
    )


def _motion_card(transfers: QuerySet[Transfer]) -> Card:
    moving = transfers.filter(status__in=("pending", "processing")).order_by()
    summed = moving.values("currency", "amount_minor")[:MOST_SUMMED]
    text, values = summed.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_IN_MOTION.format(moving=text), values)
        rows = cursor.fetchall()
    count = sum(row[1] for row in rows)
    return Card(
        "On the way",
        _amounts({currency: minor for currency, _, minor in rows}),
        f"{count:,} transfer{'' if count == 1 else 's'} pending or processing",
        "autorenew",
        "amber" if count else "grey",
        _list("transfer", "status=processing"),
    )


def _attention_card(regions: Regions) -> Card:
    bookings = capped(Booking.objects.filter(payment_state=PaymentState.ATTENTION))
    findings = capped(narrowed(Finding.objects.filter(state=FindingState.OPEN), regions))
    note = f"{findings} open finding{'' if findings == '1' else 's'}"
    return Card(
        "Needs attention",
        bookings,
        f"booking{'' if bookings == '1' else 's'}, {note}",
        "error",
        "grey" if bookings == findings == "0" else "red",
        _list("booking", "payment_state=attention"),
    )


def _unknown_card(transfers: QuerySet[Transfer], now: datetime) -> Card:
    unknown = transfers.filter(outcome_unknown=True)
    count = capped(unknown)
    next_check = unknown.order_by("due_at").values_list("due_at", flat=True).first()
    note = "every outcome is known"
    if count != "0":
        seconds = (next_check - now).total_seconds() if next_check else 0
        note = f"next check in {span(seconds)}" if seconds > 0 else "asked now"
    return Card(
        "Unknown outcomes",
        count,
        note,
        "help",
        "grey" if count == "0" else "unknown",
        _list("transfer", "status=unknown"),
    )


def _due_card(transfers: QuerySet[Transfer], now: datetime) -> Card:
    oldest = (
        transfers.filter(due_at__lte=now)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
    late = (now - oldest).total_seconds() if oldest else 0.0
    return Card(
        "Oldest due work",
        span(late) if oldest else "none",
        "waiting for a worker: is one running?" if late > 60 else "workers keep up",
        "hourglass_top",
        "red" if late > 60 else "grey",
    )


def _bars(paid: Sequence[tuple[datetime, str, int, int, bool]], now: datetime) -> list[Bar]:
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    hours = [this_hour - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]
    counts = dict.fromkeys(hours, 0)
    for hour, _, count, _, _ in paid:
        if hour in counts:
            counts[hour] += count
    tallest = max(counts.values())
    if not tallest:
        return []
    return [
        Bar(
            f"{hour:%H:%M}",
            count,
            max(4, count * 100 // tallest) if count else 0,
            hour.hour % 6 == 0,
        )
        for hour, count in counts.items()
    ]


def _amounts(sums: dict[str, int]) -> str:
    if not sums:
        return "none"
    texts = [money_text(Money(minor, currency)) for currency, minor in sums.items()]
    return "\n".join([*texts[:3], *(["…"] if len(texts) > 3 else [])])


def capped(rows: QuerySet[Any]) -> str:
    """How many, and never more than `MOST_COUNTED` of them are counted."""
    count = rows.order_by()[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED:,}+" if count > MOST_COUNTED else f"{count:,}"


def _list(model: str, query: str) -> str:
    return f"{reverse(f'admin:transfers_{model}_changelist')}?{query}"
