"""Cancel at the rail, prove one payment, decide an unknown outcome: a GET is the dry run, a POST does it.

The same services as the commands, with the person who pressed it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from access.actors import actor_from_request
from guard.errors import Invalid, Refused
from payouts.cancel_plan import Step, plan_cancel
from payouts.console.at_rail import HANDS, Hand
from payouts.console.detail import payout_or_404, sheet_context
from payouts.one_payment import Verdict, look_for_one
from payouts.selectors import open_release
from payouts.services.cancel_payout_transfer import cancel_payout_transfer
from payouts.services.confirm_payout import confirm_payout
from payouts.services.release_payout import release_payout, transfer_to_release
from transfers.console.gate import require
from transfers.console.notices import Notice
from transfers.console.story import facts
from transfers.models import Release, ReleaseDecision, ReleaseState
from transfers.services.withdraw_release import withdraw_release

MOST_TEXT: Final = 1_000


@dataclass(frozen=True, slots=True)
class Preview:
    """What pressing the button would do; `possible` False: nothing, and `text` says why."""

    text: str
    possible: bool
    facts: list[tuple[str, str]] = field(default_factory=list)
    release: Release | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One page: its words, its dry run, and the service behind its button."""

    name: str
    title: str
    button: str
    preview: Callable[[int], Preview]
    run: Callable[[HttpRequest, int, str], Notice]
    danger: bool = False
    lead: str = "What would happen:"

    @property
    def hand(self) -> Hand:
        """How its button on the request's page looks."""
        return HANDS[self.name]


def _facts(evidence: dict[str, Any]) -> list[tuple[str, str]]:
    """What was read at the rail, a line for each payment found."""
    rest = {name: value for name, value in evidence.items() if name not in ("transfers", "found")}
    return facts(rest) + [
        (f"Payment {one['id']}", f"{one['status']}, {one['payments']} completed")
        for one in evidence.get("transfers", [])
    ]


def _preview_cancel(payout_id: int) -> Preview:
    plan = plan_cancel(payout_id)
    return Preview(plan.text, not plan.step.is_end, _facts(plan.evidence))


def _cancel(request: HttpRequest, payout_id: int, reason: str) -> Notice:
    done = cancel_payout_transfer(
        payout_id=payout_id, reason=reason, actor=actor_from_request(request)
    )
    if done.step is Step.REFUSED:
        return Notice("refused", "It cannot be cancelled at the rail", done.said[-1], 409)
    where = f"request {done.payout.pk} is {done.payout.get_status_display().lower()} now"
    return Notice("done", done.said[-1].rstrip("."), where.capitalize())


def _preview_confirm(payout_id: int) -> Preview:
    proof = look_for_one(payout_id)
    text = proof.text
    if proof.closed_by:
        text += f" {proof.closed_by} confirmed that before."
    found = _facts(proof.evidence)
    if proof.findings:
        found.append(("Findings that it answers", ", ".join(str(pk) for pk in proof.findings)))
    return Preview(text, proof.verdict in (Verdict.ONE, Verdict.ONE_AND_STRAYS), found)


def _confirm(request: HttpRequest, payout_id: int, reason: str) -> Notice:
    proof = confirm_payout(payout_id=payout_id, reason=reason, actor=actor_from_request(request))
    return Notice("done", "One payment is proven", proof.text)


def _preview_release(payout_id: int) -> Preview:
    release = open_release(transfer_to_release(payout_id))
    if release is None:
        text = (
            "Nobody knows whether this moved. Say what became of it only if you saw proof that the rail does not show "
            "here. A second person must say the same before it counts."
        )
    else:
        text = (
            f"{release.proposed_by} says: {release.get_decision_display().lower()}, "
            f"because “{release.proposed_reason}”. It counts when another person confirms it."
        )
    return Preview(text, possible=True, release=release)


def _release(request: HttpRequest, payout_id: int, reason: str) -> Notice:
    release = release_payout(
        payout_id=payout_id,
        decision=request.POST.get("decision", ""),
        reason=reason,
        actor=actor_from_request(request),
        rail_reference=request.POST.get("rail_reference", ""),
    )
    if release.state == ReleaseState.CONFIRMED:
        both = f"{release.proposed_by} and {release.closed_by} decided"
        return Notice("done", both, release.get_decision_display())
    return Notice("done", "Proposed", "It counts when another person confirms it")


ACTIONS: Final[dict[str, Action]] = {
    action.name: action
    for action in (
        Action(
            name="cancel_transfer",
            title="Get it back from the rail?",
            button="Cancel it there",
            preview=_preview_cancel,
            run=_cancel,
            danger=True,
        ),
        Action(
            name="confirm",
            title="Is there exactly one payment?",
            button="Confirm and close",
            preview=_preview_confirm,
            run=_confirm,
            lead="What the rail's books say:",
        ),
        Action(
            name="release_outcome",
            title="What became of it?",
            button="Propose",
            preview=_preview_release,
            run=_release,
            lead="What is known:",
            danger=True,
        ),
    )
}


def _view(request: HttpRequest, payout_id: int, name: str) -> HttpResponse:
    action = ACTIONS[name]
    require(request, "payout.review", f"payout:{payout_id}")
    if request.method not in ("GET", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    payout_or_404(payout_id)
    if request.method == "GET":
        return _page(request, action, payout_id)
    reason = request.POST.get("reason", "").strip()[:MOST_TEXT]
    try:
        if not reason:
            raise Invalid("Say why: it is written into the audit log.", field="reason")
        notice = action.run(request, payout_id, reason)
    except Refused as error:
        notice = Notice("refused", error.title, error.detail, error.http_status)
    if notice.status != 200:
        return _page(request, action, payout_id, notice)
    notice.to_next_page(request)
    return redirect(reverse("admin:payouts_payoutrequest_change", args=[payout_id]))


cancel_transfer_view = partial(_view, name="cancel_transfer")
confirm_view = partial(_view, name="confirm")
release_view = partial(_view, name="release_outcome")


@require_POST
def withdraw_view(request: HttpRequest, payout_id: int) -> HttpResponse:
    """Take a proposed release back."""
    require(request, "payout.review", f"payout:{payout_id}")
    payout_or_404(payout_id)
    try:
        release = open_release(transfer_to_release(payout_id))
        if release is None:
            raise Invalid("Nothing is proposed.", field="release")
        withdraw_release(
            release_id=release.pk,
            reason=request.POST.get("reason", "").strip()[:MOST_TEXT],
            actor=actor_from_request(request),
        )
    except Refused as error:
        refused = Notice("refused", error.title, error.detail, error.http_status)
        return _page(request, ACTIONS["release_outcome"], payout_id, refused)
    Notice("done", "The proposal is withdrawn").to_next_page(request)
    return redirect(reverse("admin:payouts_payoutrequest_change", args=[payout_id]))


def _page(
    request: HttpRequest, action: Action, payout_id: int, notice: Notice | None = None
) -> HttpResponse:
    try:
        preview = action.preview(payout_id)
    except Refused as error:
        preview = Preview(error.detail, possible=False)
    payout = payout_or_404(payout_id)
    release = preview.release
    mine = release is not None and release.proposed_by_id == request.user.pk
    context: dict[str, Any] = admin.site.each_context(request) | sheet_context(request, payout)
    context |= {
        "title": f"{action.hand.label.rstrip('…')}: payout request {payout_id}",
        "action": action,
        "preview": preview,
        "decisions": ReleaseDecision.choices,
        "is_mine": mine,
        "reason": request.POST.get("reason", ""),
        "decision": request.POST.get("decision", ""),
        "notice": notice,
    }
    status = notice.status if notice else 200
    return TemplateResponse(request, "payouts/reconcile.html", context, status=status)
