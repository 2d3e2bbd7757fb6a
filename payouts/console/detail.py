"""The sheet a reviewer signs, and the request's page around it. Nothing here changes anything but `reveal_view`,
which writes down that somebody looked at full bank details before it shows them.
"""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from access.actors import actor_from_request
from access.regions import narrowed, seen_regions
from guard.errors import NotFound, Refused
from money import Money
from payouts.commissions import included_in
from payouts.console.at_rail import at_rail, offered
from payouts.console.commissions import commission_chip
from payouts.console.formats import kyc_chip, payout_chip
from payouts.console.rows import ReviewRow, review_rows, room_of
from payouts.console.step_up import confirm_first
from payouts.console.story import payout_story
from payouts.models import PayoutRequest, PayoutStatus
from payouts.policy import is_proven_dead
from payouts.selectors import (
    get_payout,
    is_disputed,
    open_findings,
    open_release,
    returned_of,
)
from payouts.services.reveal_recipient import reveal_recipient
from transfers.console.gate import require, sees
from transfers.console.notices import Notice, refusal

MOST_EARLIER = 5
MOST_COMMISSIONS = 50


@require_GET
def sheet_view(request: HttpRequest, payout_id: int) -> HttpResponse:
    """The sheet alone, for the dialog over the queue; opened by itself it is the page."""
    require(request, "payout.read", f"payout:{payout_id}")
    payout = payout_or_404(payout_id)
    if not is_htmx(request):
        return page(request, payout)
    return sheet(request, payout)


@require_POST
@never_cache
def reveal_view(request: HttpRequest, payout_id: int) -> HttpResponse:
    """Full bank details, once, on this answer only. Audited before they are shown."""
    require(request, "recipient.reveal", f"payout:{payout_id}")
    payout = payout_or_404(payout_id)
    first = confirm_first(request, payout_id)
    if first is not None:
        return first
    reason = request.POST.get("reason", "").strip()
    details: dict[str, Any] = {}
    notice = None
    if not reason:
        notice = Notice("refused", "Say why you need the full details", "", 422)
    else:
        try:
            details = reveal_recipient(
                recipient_id=payout.recipient_id, actor=actor_from_request(request), reason=reason
            )
        except Refused as error:
            notice = refusal(error)
    if is_htmx(request):
        context = {"revealed": _flat(details), "payout": payout, "notice": notice}
        return TemplateResponse(request, "payouts/revealed.html", context)
    return page(request, payout, notice=notice, revealed=_flat(details))


def _flat(details: dict[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in details.items():
        if isinstance(value, dict):
            found += _flat(value)
        elif name != "type":
            found.append((name.replace("_", " ").capitalize(), str(value)))
    return found


def payout_or_404(payout_id: int) -> PayoutRequest:
    """With payee and masked recipient."""
    try:
        return get_payout(payout_id)
    except NotFound as error:
        raise Http404(error.detail) from error


def is_htmx(request: HttpRequest) -> bool:
    """Asked for by the dialog rather than by a browser's address bar?"""
    return request.headers.get("HX-Request") == "true"


def sheet(
    request: HttpRequest, payout: PayoutRequest, notice: Notice | None = None
) -> HttpResponse:
    """The sheet in the dialog."""
    context = sheet_context(request, payout) | {"notice": notice, "over_table": True}
    status = notice.status if notice else 200
    return TemplateResponse(request, "payouts/review.html", context, status=status)


def page(
    request: HttpRequest,
    payout: PayoutRequest,
    *,
    notice: Notice | None = None,
    revealed: list[tuple[str, str]] | None = None,
) -> HttpResponse:
    """The sheet with everything around it."""
    context = sheet_context(request, payout)
    row: ReviewRow = context["row"]
    others = PayoutRequest.objects.filter(payee_id=payout.payee_id).exclude(pk=payout.pk)
    earlier = narrowed(others, seen_regions(request))
    attempt = row.transfer.attempts.order_by("-number").first() if row.transfer else None
    context |= admin.site.each_context(request) | {
        "title": f"Payout request {payout.pk}",
        "at_rail": at_rail(row.transfer, attempt),
        "hands": offered(payout, row.transfer) if sees(request, "payout.review") else [],
        "findings": open_findings(payout.pk),
        "release": open_release(row.transfer) if row.transfer else None,
        "notice": notice,
        "revealed": revealed,
        "moments": payout_story(payout, row.transfer),
        "commissions": [
            (one.commission, commission_chip(one.commission), one.released_at)
            for one in included_in(payout.pk)[:MOST_COMMISSIONS]
        ],
        "earlier": [(one, payout_chip(one)) for one in earlier.order_by("-id")[:MOST_EARLIER]],
    }
    status = notice.status if notice else 200
    return TemplateResponse(request, "payouts/payout.html", context, status=status)


def sheet_context(request: HttpRequest, payout: PayoutRequest) -> dict[str, Any]:
    """What the sheet shows, and which of its forms this person has."""
    (row,) = review_rows(request, [payout])
    transfer_status = row.transfer.status if row.transfer else None
    reviews = sees(request, "payout.review")
    successor = getattr(payout, "superseded_by", None)
    dead = (
        is_proven_dead(payout.status, transfer_status)
        and successor is None
        and not is_disputed(payout.pk, row.transfer)
    )
    room = room_of(request)
    return {
        "row": row,
        "payout": payout,
        "returned": returned_of(row.transfer) if row.transfer else None,
        "kyc": kyc_chip(payout.payee.status),
        "room": room,
        "over_room": room is not None and (payout.base_minor or 0) > room.remaining.minor,
        "base": Money(payout.base_minor, room.limit.currency)
        if room is not None and payout.base_minor is not None
        else None,
        "successor": successor,
        "may_decide": reviews and row.waits,
        "may_cancel": reviews and payout.status == PayoutStatus.APPROVED,
        "may_retry": reviews and dead and payout.status in ("failed", "cancelled"),
        "may_reissue": sees(request, "payout.create") and dead,
        "may_reveal": sees(request, "recipient.reveal"),
        "may_set_kyc": sees(request, "kyc.set"),
    }
