"""Several decisions with one press: each is its own transaction with its own result, never all or nothing."""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from access.actors import actor_from_request
from access.regions import seen_regions
from audit.actor import Actor
from guard.errors import Refused
from money import Money
from payouts.console.detail import is_htmx
from payouts.console.outcome import lost
from payouts.console.rows import ReviewRow, review_rows, room_of
from payouts.errors import AlreadyDecided
from payouts.models import PayoutStatus
from payouts.selectors import payouts_seen, payouts_shown
from payouts.services.approve_payout import approve_payout
from payouts.services.reject_payout import reject_payout
from transfers.console.formats import Chip
from transfers.console.gate import require

MOST: Final = 50
_STEP_UP: Final = "It is a large amount: open it and type the amount to approve it."


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one of them."""

    row: ReviewRow
    chip: Chip
    text: str = ""
    lost: bool = False


@require_POST
def bulk_view(request: HttpRequest) -> HttpResponse:
    """`step=confirm` shows what would be decided and changes nothing; `step=do` decides one after the other."""
    verb = "reject" if request.POST.get("verb") == "reject" else "approve"
    require(request, "payout.review", "payout:bulk")
    rows = _chosen(request)
    seen = {row.payout.pk: request.POST.get(f"seen-{row.payout.pk}", "") for row in rows}
    reason = request.POST.get("reason", "").strip()[:1_000]
    context: dict[str, Any] = {"verb": verb, "reason": reason, "room": room_of(request)}
    if request.POST.get("step") != "do" or (verb == "reject" and not reason):
        context |= {
            "rows": rows,
            "seen": [(row, seen[row.payout.pk]) for row in rows],
            "sums": _sums(rows),
            "missing_reason": request.POST.get("step") == "do",
        }
        return _show(request, context)
    actor = actor_from_request(request)
    results = [_one(row, verb, reason, seen[row.payout.pk], actor) for row in rows]
    done = sum(not result.text or result.chip.tone == "emerald" for result in results)
    context |= {"results": results, "done": done, "left": len(results) - done}
    return _show(request, context)


def _chosen(request: HttpRequest) -> list[ReviewRow]:
    ids = [int(one[:18]) for one in request.POST.getlist("selected") if one.isdecimal()]
    seen = payouts_seen(seen_regions(request))
    return review_rows(request, list(seen.filter(pk__in=ids[:MOST]).order_by("pk")))


def _one(row: ReviewRow, verb: str, reason: str, seen: str, actor: Actor) -> Result:
    pk = row.payout.pk
    try:
        if verb == "reject":
            reject_payout(payout_id=pk, actor=actor, reason=reason)
            return Result(row, Chip("Rejected", "emerald", "check"))
        if row.step_up and row.payout.status == PayoutStatus.REQUESTED:
            return Result(row, Chip("Not approved", "amber-still", "password"), _STEP_UP)
        approve_payout(payout_id=pk, actor=actor, reason=reason, seen_fingerprint=seen)
    except AlreadyDecided as error:
        fresh = payouts_shown().get(pk=pk)
        found = lost(fresh, error, wanted=verb, me=actor.name)
        why = f" “{found.reason}”" if found.reason else ""
        who = f"{found.decision} by {found.winner}.{why}" if found.winner else found.title
        return Result(row, Chip("Too late", "red", "block"), who.capitalize(), lost=True)
    except Refused as error:
        return Result(row, Chip(error.title, "red", "block"), error.detail)
    return Result(row, Chip("Approved", "emerald", "check"))


def _sums(rows: list[ReviewRow]) -> list[Money]:
    sums: dict[str, int] = {}
    for row in rows:
        payout = row.payout
        sums[payout.currency] = sums.get(payout.currency, 0) + payout.amount_minor
    return [Money(minor, currency) for currency, minor in sums.items()]


def _show(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    if is_htmx(request):
        return TemplateResponse(request, "payouts/bulk.html", context | {"over_table": True})
    page = admin.site.each_context(request) | {"title": "Several requests"} | context
    return TemplateResponse(request, "payouts/bulk_page.html", page)
