"""What moves by itself on the queue: claims, decisions of others, new requests, one's own room; and soft claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET, require_POST

from access.actors import actor_from_request
from access.regions import Regions, narrowed, seen_regions
from audit.models import Entry
from guard.errors import Conflicted, NotFound
from payouts.console.formats import status_label
from payouts.console.rows import review_rows, room_of
from payouts.models import PayoutRequest, PayoutStatus
from payouts.selectors import payouts_seen
from payouts.services.claim_payout import claim_payout
from payouts.services.release_claim import release_claim
from transfers.console.gate import require, sees

MOST_ROWS: Final = 50
MOST_NEW: Final = 100
MOST_ENTRIES: Final = 500
MOST_NAMED: Final = 6


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to a request since somebody last looked."""

    payout_id: int
    payee: str
    what: str
    who: str
    at: datetime


def newest_id(regions: Regions) -> int:
    """The youngest request that is seen, waiting or not; 0 for none."""
    newest = (
        narrowed(PayoutRequest.objects.all(), regions)
        .order_by("-pk")
        .values_list("pk", flat=True)
        .first()
    )
    return newest or 0


@require_GET
def live_view(request: HttpRequest) -> HttpResponse:
    """The moving cells of the rows on somebody's screen, their room, and how many requests are new."""
    if not sees(request, "payout.read"):
        return HttpResponse(status=403)
    regions = seen_regions(request)
    ids = [int(one[:18]) for one in request.GET.get("ids", "").split(",") if one.isdecimal()]
    payouts = list(payouts_seen(regions).filter(pk__in=ids[:MOST_ROWS]))
    newest = request.GET.get("newest", "")
    context = {
        "rows": review_rows(request, payouts),
        "room": room_of(request),
        "new_count": _new_count(int(newest[:18]), regions) if newest.isdecimal() else 0,
        "most_new": MOST_NEW,
        "oob": True,
    }
    return TemplateResponse(request, "payouts/live.html", context)


def _new_count(newest: int, regions: Regions) -> int:
    rows = PayoutRequest.objects.filter(status=PayoutStatus.REQUESTED, pk__gt=newest)
    rows = narrowed(rows, regions)
    return rows.order_by()[:MOST_NEW].count()


@require_GET
def changes_view(request: HttpRequest) -> HttpResponse:
    """What happened since audit entry `since`, which the browser remembers from its last look."""
    if not sees(request, "payout.read"):
        return HttpResponse(status=403)
    last = Entry.objects.order_by("-id").values_list("id", flat=True).first() or 0
    since = request.GET.get("since", "")
    entries: list[Entry] = []
    if since.isdecimal() and int(since[:18]) < last:
        entries = [
            entry
            for entry in _since(int(since[:18]), seen_regions(request))
            if entry.subject.startswith("payout:")
            and entry.new_status
            and entry.outcome != "denied"
        ]
    won = [entry for entry in entries if entry.outcome in ("won", "noted")]
    others = [one for one in won if one.actor_user_id != request.user.pk]
    named = _named(others[:MOST_NAMED])
    context = {
        "last": last,
        "changes": named,
        "created": _count(others, PayoutStatus.REQUESTED),
        "approved": _count(others, PayoutStatus.APPROVED),
        "rejected": _count(others, PayoutStatus.REJECTED),
        "total": len(others),
    }
    return TemplateResponse(request, "payouts/changes.html", context)


def _since(entry_id: int, regions: Regions) -> QuerySet[Entry]:
    return narrowed(Entry.objects.filter(id__gt=entry_id), regions).order_by("-id")[:MOST_ENTRIES]


def _count(entries: Sequence[Entry], status: str) -> int:
    return sum(entry.new_status == status for entry in entries)


def _named(entries: Sequence[Entry]) -> list[Change]:
    ids = {int(entry.subject.partition(":")[2]) for entry in entries}
    names = dict(PayoutRequest.objects.filter(pk__in=ids).values_list("pk", "payee__name"))
    return [
        Change(
            payout_id=(pk := int(entry.subject.partition(":")[2])),
            payee=names.get(pk, ""),
            what="asked for" if entry.new_status == "requested" else status_label(entry.new_status),
            who=entry.actor_name,
            at=entry.at,
        )
        for entry in entries
    ]


@require_POST
def claim_view(request: HttpRequest, payout_id: int) -> HttpResponse:
    """Say that one is looking, for a minute; the answer is who else is. It binds nobody."""
    require(request, "payout.review", f"payout:{payout_id}")
    somebody = ""
    try:
        claim_payout(payout_id=payout_id, actor=actor_from_request(request))
    except NotFound:
        return HttpResponse(status=404)
    except Conflicted as error:
        somebody = str(error.extra["claimed_by"])
    return TemplateResponse(request, "payouts/claim.html", {"claimed_by": somebody})


@require_POST
def release_view(request: HttpRequest, payout_id: int) -> HttpResponse:
    """Looked away."""
    require(request, "payout.review", f"payout:{payout_id}")
    try:
        release_claim(payout_id=payout_id, actor=actor_from_request(request))
    except NotFound:
        return HttpResponse(status=404)
    return HttpResponse(status=204)
