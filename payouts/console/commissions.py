"""A commission's page, and what a reviewer may do about it there: POST only, each through one service."""

from dataclasses import replace
from typing import Any, Final

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from access.actors import actor_from_request
from access.regions import seen_regions
from audit.models import Entry
from guard.errors import Invalid, NotFound, Refused
from guard.table import transition_table
from money import Money, total
from payouts.commissions import Verb, get_commission
from payouts.models import Commission, CommissionStatus, Recipient
from payouts.selectors import newest_recipient
from payouts.services.approve_commission import approve_commission
from payouts.services.claw_back_commission import claw_back_commission
from payouts.services.include_commissions import include_commissions_in_payout
from payouts.services.void_commission import void_commission
from transfers.console.formats import Chip
from transfers.console.gate import require, sees
from transfers.console.notices import Notice, refusal
from transfers.console.story import MOST_MOMENTS, Moment, entry_moment
from transfers.console.typed import row_ids, version_of

MOST_INCLUDED: Final = 200
_BANK: Final = ("iban", "sort_code", "aba")
_CHIPS: Final = {
    CommissionStatus.ACCRUED: Chip("Accrued", "grey", "hourglass_top"),
    CommissionStatus.APPROVED: Chip("Approved", "sky", "how_to_reg"),
    CommissionStatus.INCLUDED: Chip("In a payout", "amber", "inbox"),
    CommissionStatus.PAID: Chip("Paid", "emerald", "check_circle"),
    CommissionStatus.VOIDED: Chip("Voided", "grey", "block"),
    CommissionStatus.CLAWED_BACK: Chip("Clawed back", "red", "undo"),
}
_ACTIONS: Final = {
    "commission.accrued": ("Accrued", "grey", "percent"),
    "commission.approved": ("Approved: it may be paid", "sky", "how_to_reg"),
    "commission.included": ("Included in a payout request", "amber", "inbox"),
    "commission.paid": ("Paid with its payout request", "emerald", "check_circle"),
    "commission.voided": ("Voided", "grey", "block"),
    "commission.clawed_back": ("Clawed back: it is owed back", "red", "undo"),
}


def commission_chip(commission: Commission) -> Chip:
    """Where it stands."""
    return _CHIPS[CommissionStatus(commission.status)]


@require_POST
def approve_view(request: HttpRequest, commission_id: int) -> HttpResponse:
    """It is owed."""
    done = "Approved: a payout request may include it"
    return _decide(request, commission_id, approve_commission, done, needs_reason=False)


@require_POST
def void_view(request: HttpRequest, commission_id: int) -> HttpResponse:
    """It is not owed after all."""
    return _decide(request, commission_id, void_commission, "Voided")


@require_POST
def claw_back_view(request: HttpRequest, commission_id: int) -> HttpResponse:
    """It was paid and is owed back."""
    done = "Clawed back: the debt is written down"
    return _decide(request, commission_id, claw_back_commission, done)


@require_POST
def include_view(request: HttpRequest, commission_id: int) -> HttpResponse:
    """One payout request over the commissions that were listed, into the payee's newest account."""
    require(request, "payout.create", f"commission:{commission_id}")
    commission = _found(commission_id)
    account = _account(commission)
    try:
        if account is None:
            raise Invalid("The payee has no bank details yet.", field="recipient", code="required")
        payout = include_commissions_in_payout(
            commission_ids=row_ids(",".join(request.POST.getlist("commission")))[:MOST_INCLUDED],
            rail="wise",
            recipient={"type": account.type, **account.details()},
            actor=actor_from_request(request),
            regions=seen_regions(request),
        )
    except Refused as error:
        return commission_page(request, _found(commission_id), refusal(error))
    Notice("done", f"Request #{payout.pk} waits for a reviewer").to_next_page(request)
    return redirect(reverse("admin:payouts_payoutrequest_change", args=[payout.pk]))


def commission_page(
    request: HttpRequest, commission: Commission, notice: Notice | None = None
) -> HttpResponse:
    """One commission with its story and what can be done."""
    allowed = transition_table(Commission).allowed_from(commission.status)
    reviews = sees(request, "commission.review")
    payable = list(
        Commission.objects.filter(
            payee_id=commission.payee_id,
            currency=commission.currency,
            status=CommissionStatus.APPROVED,
        ).order_by("id")[:MOST_INCLUDED]
    )
    entries = Entry.objects.filter(subject=f"commission:{commission.pk}").order_by("id")
    context: dict[str, Any] = admin.site.each_context(request) | {
        "title": f"Commission {commission.reference}",
        "commission": commission,
        "clawback": getattr(commission, "clawback", None),
        "state_chip": commission_chip(commission),
        "may_approve": reviews
        and CommissionStatus.APPROVED in allowed
        and commission.status == CommissionStatus.ACCRUED,
        "may_void": reviews and CommissionStatus.VOIDED in allowed,
        "may_claw_back": reviews and CommissionStatus.CLAWED_BACK in allowed,
        "may_include": sees(request, "payout.create")
        and commission.status == CommissionStatus.APPROVED,
        "payable": payable,
        "payable_total": total((one.amount for one in payable), commission.currency)
        if payable
        else Money(0, commission.currency),
        "account": _account(commission),
        "moments": [told(entry) for entry in entries[:MOST_MOMENTS]],
        "notice": notice,
        "reason": request.POST.get("reason", ""),
    }
    status = notice.status if notice else 200
    return TemplateResponse(request, "payouts/commission.html", context, status=status)


def told(entry: Entry) -> Moment:
    """One entry about a commission."""
    moment = entry_moment(entry)
    title, tone, icon = _ACTIONS.get(entry.action, (moment.title, moment.tone, moment.icon))
    if moment.refused:
        return replace(moment, title=title)
    if entry.action == "commission.approved" and entry.prior_status == CommissionStatus.INCLUDED:
        title = "Free again: its payout request ended without paying it"
    return replace(moment, title=title, tone=tone, icon=icon)


def _account(commission: Commission) -> Recipient | None:
    found = [newest_recipient(commission.payee_id, kind) for kind in _BANK]
    known = [one for one in found if one is not None]
    return max(known, key=lambda one: one.version, default=None)


def _decide(
    request: HttpRequest, commission_id: int, verb: Verb, done: str, *, needs_reason: bool = True
) -> HttpResponse:
    """One verb, and back to the page: with what was done, or with why it was not."""
    require(request, "commission.review", f"commission:{commission_id}")
    _found(commission_id)
    reason = request.POST.get("reason", "").strip()[:1_000]
    try:
        if needs_reason and not reason:
            raise Invalid("Say why.", field="reason", code="required")
        verb(
            commission_id=commission_id,
            actor=actor_from_request(request),
            reason=reason,
            expected_version=version_of(request.POST.get("version", "")),
        )
    except Refused as error:
        return commission_page(request, _found(commission_id), refusal(error))
    Notice("done", done).to_next_page(request)
    return redirect(reverse("admin:payouts_commission_change", args=[commission_id]))


def _found(commission_id: int) -> Commission:
    try:
        return get_commission(commission_id)
    except NotFound as error:
        raise Http404(error.detail) from error
