"""Retry, ask the rail, reverse, resolve: a GET shows what would happen, a POST does it through one service."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from access.actors import actor_from_request
from access.roles import Capability
from guard.errors import Invalid, NotFound, Refused
from money import InvalidAmount, Money
from transfers.console.gate import require
from transfers.console.notices import Notice, refusal
from transfers.console.typed import typed_amount
from transfers.models import Rail, Transfer, TransferStatus
from transfers.selectors import get_transfer
from transfers.services.confirm_transfer import confirm_transfer
from transfers.services.retry_transfer import retry_transfer
from transfers.services.reverse_transfer import reverse_transfer
from transfers.sources import source_of


@dataclass(frozen=True, slots=True)
class TransferAction:
    """One button on a transfer's page, its confirmation and the service behind it."""

    name: str
    label: str
    icon: str
    capability: Capability
    title: str
    explanation: str
    button: str
    run: Callable[[HttpRequest, Transfer], Notice]
    possible: Callable[[Transfer], bool]
    danger: bool = False
    asks_reason: bool = False


def _retry(request: HttpRequest, transfer: Transfer) -> Notice:
    version = request.POST.get("version", "")
    retry_transfer(
        transfer_id=transfer.pk,
        actor=actor_from_request(request),
        version=int(version) if version.isdecimal() else None,
    )
    return Notice("done", f"{transfer.payee_name} is being paid again")


def _ask(request: HttpRequest, transfer: Transfer) -> Notice:
    _, found = confirm_transfer(transfer_id=transfer.pk, actor=actor_from_request(request))
    return Notice("done", f"{transfer.get_rail_display()} was asked", f"{found}.".capitalize())


def _reverse(request: HttpRequest, transfer: Transfer) -> Notice:
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise Invalid("Say why it is taken back.", field="reason", code="required")
    try:
        text = typed_amount(request.POST.get("amount", ""), transfer.currency)
        amount = Money.parse(text, transfer.currency) if text else None
    except InvalidAmount as error:
        raise Invalid(str(error), field="amount", code=error.code) from error
    reverse_transfer(
        transfer_id=transfer.pk, reason=reason, actor=actor_from_request(request), amount=amount
    )
    return Notice(
        "done", "The reversal is on its way", "It shows below as soon as the rail answers"
    )


ACTIONS: dict[str, TransferAction] = {
    action.name: action
    for action in (
        TransferAction(
            name="retry",
            label="Retry",
            icon="replay",
            capability="transfer.retry",
            title="Try to pay again?",
            explanation=(
                "The last attempt is proven to have moved no money. A new attempt with a new idempotency key is sent "
                "to the account that the booking names now."
            ),
            button="Retry",
            run=_retry,
            possible=lambda transfer: (
                transfer.status == TransferStatus.FAILED and source_of(transfer) is None
            ),
        ),
        TransferAction(
            name="ask",
            label="Ask the rail now",
            icon="fact_check",
            capability="transfer.confirm",
            title="Ask the rail what it knows?",
            explanation=(
                "The rail's books are read once, now, and what they prove is applied. Finding nothing changes nothing. "
                "No money moves by asking."
            ),
            button="Ask now",
            run=_ask,
            possible=lambda transfer: transfer.attempt_count > 0,
        ),
        TransferAction(
            name="reverse",
            label="Reverse…",
            icon="undo",
            capability="transfer.reverse",
            title="Take the money back?",
            explanation=(
                "Stripe takes it from the person's connected account. This is not undone by paying again: "
                "a reversed debt stays reversed."
            ),
            button="Reverse",
            run=_reverse,
            possible=lambda transfer: (
                transfer.rail == Rail.STRIPE and transfer.status == TransferStatus.SUCCESS
            ),
            danger=True,
            asks_reason=True,
        ),
    )
}


def transfer_action_view(request: HttpRequest, transfer_id: int, name: str) -> HttpResponse:
    """GET: what it would do. POST: do it, and back to the transfer with what came of it."""
    action = ACTIONS[name]
    require(request, action.capability, f"transfer:{transfer_id}")
    if request.method not in ("GET", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    try:
        transfer = get_transfer(transfer_id)
    except NotFound as error:
        raise Http404(error.detail) from error
    if request.method == "GET":
        return _page(request, action, transfer)
    try:
        notice = action.run(request, transfer)
    except Refused as error:
        return _page(request, action, get_transfer(transfer_id), refusal(error))
    notice.to_next_page(request)
    return redirect(reverse("admin:transfers_transfer_change", args=[transfer_id]))


def _page(
    request: HttpRequest,
    action: TransferAction,
    transfer: Transfer,
    notice: Notice | None = None,
) -> HttpResponse:
    left = transfer.amount - Money(transfer.reversed_minor, transfer.currency)
    context: dict[str, Any] = admin.site.each_context(request) | {
        "title": action.label.rstrip("…"),
        "action": action,
        "transfer": transfer,
        "possible": action.possible(transfer),
        "left": left,
        "notice": notice,
        "reason": request.POST.get("reason", ""),
        "amount": request.POST.get("amount", ""),
    }
    status = notice.status if notice else 200
    return TemplateResponse(request, "console/confirm_action.html", context, status=status)
