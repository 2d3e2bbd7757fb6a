"""What a person may do about one transfer: a GET shows what would happen, a POST does it through one service."""

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
from transfers.console.typed import typed_amount, version_of
from transfers.models import (
    Rail,
    Release,
    ReleaseDecision,
    ReleaseState,
    Transfer,
    TransferStatus,
)
from transfers.selectors import get_transfer
from transfers.services.confirm_transfer import confirm_transfer
from transfers.services.release_transfer import release_transfer
from transfers.services.retry_transfer import retry_transfer
from transfers.services.reverse_transfer import reverse_transfer
from transfers.services.withdraw_release import withdraw_release
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
    asks_amount: bool = False
    asks_outcome: bool = False


def _retry(request: HttpRequest, transfer: Transfer) -> Notice:
    retry_transfer(
        transfer_id=transfer.pk,
        actor=actor_from_request(request),
        version=version_of(request.POST.get("version", "")),
    )
    return Notice("done", f"{transfer.payee_name} is being paid again")


def _ask(request: HttpRequest, transfer: Transfer) -> Notice:
    _, found = confirm_transfer(transfer_id=transfer.pk, actor=actor_from_request(request))
    return Notice("done", f"{transfer.get_rail_display()} was asked", f"{found}.".capitalize())


def _reverse(request: HttpRequest, transfer: Transfer) -> Notice:
    reason = _reason(request)
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


def _release(request: HttpRequest, transfer: Transfer) -> Notice:
    release = release_transfer(
        transfer_id=transfer.pk,
        decision=request.POST.get("decision", ""),
        reason=_reason(request),
        actor=actor_from_request(request),
        rail_reference=request.POST.get("rail_reference", ""),
    )
    if release.state == ReleaseState.CONFIRMED:
        both = f"{release.proposed_by} and {release.closed_by} decided"
        return Notice("done", both, release.get_decision_display())
    return Notice("done", "Proposed", "It counts when another person confirms it")


def _withdraw(request: HttpRequest, transfer: Transfer) -> Notice:
    release = _proposed(transfer)
    if release is None:
        raise Invalid("Nothing is proposed.", field="release")
    withdraw_release(
        release_id=release.pk, reason=_reason(request), actor=actor_from_request(request)
    )
    return Notice("done", "The proposal is withdrawn", "The outcome stays unknown")


def _proposed(transfer: Transfer) -> Release | None:
    if not transfer.outcome_unknown:
        return None
    return transfer.releases.filter(state=ReleaseState.PROPOSED).first()


def _is_released_here(transfer: Transfer) -> bool:
    """A payout's outcome is decided at its request, which shows what else is known of it."""
    return transfer.outcome_unknown and source_of(transfer) is None


def _reason(request: HttpRequest) -> str:
    reason = request.POST.get("reason", "").strip()[:1_000]
    if not reason:
        raise Invalid("Say why.", field="reason", code="required")
    return reason


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
                "The last attempt moved no money. The rail is asked once more. Only if it shows nothing, a new attempt "
                "with a new key is sent, to the account that the booking names now."
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
            asks_amount=True,
        ),
        TransferAction(
            name="release",
            label="Decide the outcome…",
            icon="group",
            capability="transfer.release",
            title="What became of it?",
            explanation=(
                "Nobody knows whether this moved, and the rail is asked by itself. Say what became of it only if you "
                "saw proof that the rail does not show here. A second person must say the same before it counts."
            ),
            button="Propose",
            run=_release,
            possible=_is_released_here,
            danger=True,
            asks_reason=True,
            asks_outcome=True,
        ),
        TransferAction(
            name="withdraw",
            label="Withdraw the proposal…",
            icon="block",
            capability="transfer.release",
            title="Take the proposal back?",
            explanation="Nothing counts then, and the outcome stays unknown until the rail or two people tell it.",
            button="Withdraw it",
            run=_withdraw,
            possible=lambda transfer: (
                _is_released_here(transfer) and _proposed(transfer) is not None
            ),
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
        notice = refusal(error)
        if action.capability == "transfer.release":
            # What the rail says otherwise is more than that it changed.
            notice = Notice("refused", error.title, error.detail, error.http_status)
        return _page(request, action, get_transfer(transfer_id), notice)
    notice.to_next_page(request)
    return redirect(reverse("admin:transfers_transfer_change", args=[transfer_id]))


def _page(
    request: HttpRequest,
    action: TransferAction,
    transfer: Transfer,
    notice: Notice | None = None,
) -> HttpResponse:
    left = transfer.amount - Money(transfer.reversed_minor, transfer.currency)
    release = _proposed(transfer) if action.asks_outcome else None
    context: dict[str, Any] = admin.site.each_context(request) | {
        "title": action.label.rstrip("…"),
        "action": action,
        "transfer": transfer,
        "possible": action.possible(transfer),
        "left": left,
        "notice": notice,
        "release": release,
        "is_mine": release is not None and release.proposed_by_id == request.user.pk,
        "decisions": ReleaseDecision.choices,
        "decision": request.POST.get("decision", ""),
        "reason": request.POST.get("reason", ""),
        "amount": request.POST.get("amount", ""),
    }
    status = notice.status if notice else 200
    return TemplateResponse(request, "console/confirm_action.html", context, status=status)
