"""Pay somebody after all, into other details, once the first payout is proven dead. GET shows the form."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from access.actors import actor_from_request
from guard.errors import Invalid, Refused
from payouts.console.detail import payout_or_404, sheet_context
from payouts.models import PayoutRequest, RecipientType
from payouts.policy import RECIPIENTS_OF_RAIL
from payouts.services.reissue_payout import reissue_payout
from transfers.console.gate import require
from transfers.console.notices import Notice, refusal

# type -> (name, label) of its fields
_FIELDS: dict[str, tuple[tuple[str, str], ...]] = {
    "iban": (("iban", "IBAN"), ("account_holder", "Account holder")),
    "sort_code": (
        ("sort_code", "Sort code"),
        ("account_number", "Account number"),
        ("account_holder", "Account holder"),
    ),
    "aba": (
        ("routing_number", "Routing number"),
        ("account_number", "Account number"),
        ("account_type", "Account type (CHECKING or SAVINGS)"),
        ("account_holder", "Account holder"),
        ("address.first_line", "Street"),
        ("address.city", "City"),
        ("address.state", "State"),
        ("address.post_code", "Post code"),
        ("address.country", "Country (US)"),
    ),
    "stellar": (("address", "Stellar address"), ("memo", "Memo")),
}


def reissue_view(request: HttpRequest, payout_id: int) -> HttpResponse:
    """GET: the form. POST: a successor that waits for its own approval, or the refusal with what holds it up."""
    require(request, "payout.create", f"payout:{payout_id}")
    if request.method not in ("GET", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    payout = payout_or_404(payout_id)
    if request.method == "GET":
        return _page(request, payout)
    reason = request.POST.get("reason", "").strip()
    try:
        if not reason:
            raise Invalid("Say why it is paid again.", field="reason", code="required")
        successor = reissue_payout(
            payout_id=payout_id,
            recipient=_details(request, _kind(request, payout)),
            reason=reason[:1_000],
            actor=actor_from_request(request),
        )
    except Refused as error:
        return _page(request, payout, refusal(error))
    Notice(
        "done", f"Reissued as request {successor.pk}", "It waits for its own approval"
    ).to_next_page(request)
    return redirect(reverse("admin:payouts_payoutrequest_change", args=[successor.pk]))


def _kind(request: HttpRequest, payout: PayoutRequest) -> str:
    asked = request.POST.get("type") or request.GET.get("type") or payout.recipient.type
    allowed = RECIPIENTS_OF_RAIL[payout.rail]
    return asked if asked in allowed else sorted(allowed)[0]


def _details(request: HttpRequest, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind}
    for name, _ in _FIELDS[kind]:
        value = request.POST.get(name, "").strip()
        outer, _, inner = name.partition(".")
        if inner and value:
            found.setdefault(outer, {})[inner] = value
        elif not inner and value:
            found[outer] = value
    return found


def _page(
    request: HttpRequest, payout: PayoutRequest, notice: Notice | None = None
) -> HttpResponse:
    kind = _kind(request, payout)
    labels = dict(RecipientType.choices)
    kinds = [(one, labels[one]) for one in _FIELDS if one in RECIPIENTS_OF_RAIL[payout.rail]]
    # What was typed is bank details: it is not written back into the page.
    context = admin.site.each_context(request) | sheet_context(request, payout)
    context |= {
        "title": f"Reissue payout request {payout.pk}",
        "kind": kind,
        "kinds": kinds,
        "fields": _FIELDS[kind],
        "reason": request.POST.get("reason", ""),
        "notice": notice,
    }
    status = notice.status if notice else 200
    return TemplateResponse(request, "payouts/reissue.html", context, status=status)
