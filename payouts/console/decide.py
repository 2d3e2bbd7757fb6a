"""Approve, reject, cancel, retry, KYC: POST only, each through one service with the person who pressed it."""

from collections.abc import Callable

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from access.actors import actor_from_request
from guard.errors import Invalid, Refused
from payouts.console.detail import is_htmx, page, payout_or_404, sheet
from payouts.console.outcome import Outcome, done, lost
from payouts.console.step_up import FIELD, check_typed, confirm_first, needs_step_up
from payouts.errors import AlreadyDecided
from payouts.models import KycStatus, PayoutStatus
from payouts.services.approve_payout import approve_payout
from payouts.services.cancel_payout import cancel_payout
from payouts.services.reject_payout import reject_payout
from payouts.services.retry_payout import retry_payout
from payouts.services.set_kyc import set_kyc
from transfers.console.gate import require
from transfers.console.notices import Notice, refusal

MOST_TEXT = 1_000
_OWN_WORDS = {"approval_stale", "obligation_live", "conflict"}


@require_POST
def approve_view(request: HttpRequest, payout_id: int) -> HttpResponse:
    """Sign exactly what was on the screen; above the step-up amount only with the amount typed."""
    require(request, "payout.review", f"payout:{payout_id}")
    payout = payout_or_404(payout_id)
    if payout.status == PayoutStatus.REQUESTED and needs_step_up(payout):
        first = confirm_first(request, payout_id)
        if first is not None:
            return first

    def verb() -> Outcome:
        # Who comes too late is told so, whatever they typed.
        if payout.status == PayoutStatus.REQUESTED:
            check_typed(payout, request.POST.get(FIELD, ""))
        decided = approve_payout(
            payout_id=payout_id,
            actor=actor_from_request(request),
            reason=_reason(request),
            seen_fingerprint=request.POST.get("seen", ""),
        )
        return done(decided, PayoutStatus.APPROVED)

    return _decide(request, payout_id, verb, wanted="approve")


@require_POST
def reject_view(request: HttpRequest, payout_id: int) -> HttpResponse:
    """No, and why."""
    require(request, "payout.review", f"payout:{payout_id}")
    payout = payout_or_404(payout_id)

    def verb() -> Outcome:
        reason = _reason(request)
        if not reason and payout.status == PayoutStatus.REQUESTED:
            raise Invalid("Say why it is rejected.", field="reason", code="required")
        decided = reject_payout(
            payout_id=payout_id, actor=actor_from_request(request), reason=reason
        )
        return done(decided, PayoutStatus.REJECTED)

    return _decide(request, payout_id, verb, wanted="reject")


@require_POST
def cancel_view(request: HttpRequest, payout_id: int) -> HttpResponse:
    """Stop an approved one before anything left."""
    return _step(request, payout_id, cancel_payout, PayoutStatus.APPROVED, "Cancelled")


@require_POST
def retry_view(request: HttpRequest, payout_id: int) -> HttpResponse:
    """Back into the queue."""
    require(request, "payout.review", f"payout:{payout_id}")
    payout = payout_or_404(payout_id)
    return _step(request, payout_id, retry_payout, payout.status, "It waits for a new decision")


@require_POST
def kyc_view(request: HttpRequest, payout_id: int) -> HttpResponse:
    """What a check of the payee came to, where a reviewer meets it."""
    require(request, "kyc.set", f"payout:{payout_id}")
    payout = payout_or_404(payout_id)
    status, note = request.POST.get("status", ""), request.POST.get("note", "").strip()
    try:
        if status not in KycStatus.values or not note:
            raise Invalid("Choose a result and say what was checked.", field="note")
        set_kyc(
            external_id=payout.payee.external_id,
            status=status,
            actor=actor_from_request(request),
            note=note[:MOST_TEXT],
        )
    except Refused as error:
        return page(request, payout_or_404(payout_id), notice=refusal(error))
    Notice("done", f"KYC of {payout.payee.name}: {status}").to_next_page(request)
    return _to_page(payout_id)


def _decide(
    request: HttpRequest, payout_id: int, verb: Callable[[], Outcome], *, wanted: str
) -> HttpResponse:
    try:
        outcome = verb()
    except AlreadyDecided as error:
        fresh = payout_or_404(payout_id)
        outcome = lost(fresh, error, wanted=wanted, me=request.user.get_username())
    except Refused as error:
        notice = _notice(error)
        fresh = payout_or_404(payout_id)
        return (
            sheet(request, fresh, notice)
            if is_htmx(request)
            else page(request, fresh, notice=notice)
        )
    return _panel(request, outcome)


def _panel(request: HttpRequest, outcome: Outcome) -> HttpResponse:
    context = {"outcome": outcome, "payout": outcome.payout}
    if is_htmx(request):
        context |= {"over_table": True}
        return TemplateResponse(request, "payouts/outcome.html", context, status=outcome.status)
    if outcome.won:
        Notice("done", outcome.title, outcome.text).to_next_page(request)
        return _to_page(outcome.payout.pk)
    context |= admin.site.each_context(request) | {"title": f"Payout request {outcome.payout.pk}"}
    return TemplateResponse(request, "payouts/outcome_page.html", context, status=outcome.status)


def _step(
    request: HttpRequest,
    payout_id: int,
    service: Callable[..., object],
    believed: str,
    title: str,
) -> HttpResponse:
    require(request, "payout.review", f"payout:{payout_id}")
    try:
        if not _reason(request):
            raise Invalid("Say why.", field="reason", code="required")
        service(
            payout_id=payout_id,
            actor=actor_from_request(request),
            reason=_reason(request),
            expected_status=request.POST.get("expected_status") or believed,
        )
    except Refused as error:
        return page(request, payout_or_404(payout_id), notice=_notice(error))
    Notice("done", title).to_next_page(request)
    return _to_page(payout_id)


def _notice(error: Refused) -> Notice:
    if error.code in _OWN_WORDS:
        return Notice("refused", error.title, f"{error.detail} Below is how it is now.", 409)
    return refusal(error)


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()[:MOST_TEXT]


def _to_page(payout_id: int) -> HttpResponse:
    return redirect(reverse("admin:payouts_payoutrequest_change", args=[payout_id]))
