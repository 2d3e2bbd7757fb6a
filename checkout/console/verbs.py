"""What a person may do about a session, a receipt, a refund or a dispute: each verb is one service call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from access.actors import actor_from_request
from access.roles import Capability
from checkout.models import DisputeStatus, ReceiptState, RefundStatus, SessionStatus
from checkout.services.apply_receipt import apply_receipt
from checkout.services.approve_refund import approve_refund
from checkout.services.create_refund import create_refund, refund_receipt
from checkout.services.open_dispute import open_dispute
from checkout.services.reject_refund import reject_refund
from checkout.services.resolve_dispute import resolve_dispute
from guard.errors import Invalid
from transfers.console.notices import Notice
from transfers.console.typed import typed_amount

_MONEY = (ReceiptState.SURPLUS, ReceiptState.UNMATCHED, ReceiptState.APPLIED)
_PAYS_NOTHING = (ReceiptState.SURPLUS, ReceiptState.UNMATCHED)


@dataclass(frozen=True, slots=True)
class Verb:
    """One button, its question and the service behind it. `asks`: a field of the form besides the reason."""

    name: str
    label: str
    icon: str
    capability: Capability
    title: str
    explanation: str
    run: Callable[[HttpRequest, Any], Notice]
    possible: Callable[[Any], bool]
    asks: str = ""
    danger: bool = False


def _refund_session(request: HttpRequest, session: Any) -> Notice:
    create_refund(
        session_id=session.pk,
        amount=_amount(request, session),
        reason=_reason(request),
        actor=actor_from_request(request),
    )
    return Notice("done", "The refund is requested", "Another person approves it")


def _dispute_session(request: HttpRequest, session: Any) -> Notice:
    open_dispute(
        session_id=session.pk,
        amount=_amount(request, session) or None,
        reason=_reason(request),
        actor=actor_from_request(request),
    )
    return Notice("done", "The dispute is open", "Its money is held until it is resolved")


def _refund_receipt(request: HttpRequest, receipt: Any) -> Notice:
    refund_receipt(
        receipt_id=receipt.pk,
        amount=_amount(request, receipt) or None,
        reason=_reason(request),
        actor=actor_from_request(request),
    )
    return Notice("done", "The refund is requested", "Another person approves it")


def _apply_receipt(request: HttpRequest, receipt: Any) -> Notice:
    session = _text(request, "session").lstrip("#")
    if not session.isdecimal() or len(session) > 18:
        raise Invalid("Say which session it pays, by its number.", field="session")
    apply_receipt(
        receipt_id=receipt.pk,
        session_id=int(session),
        reason=_reason(request),
        actor=actor_from_request(request),
    )
    return Notice("done", f"It pays session {session} now")


def _approve_refund(request: HttpRequest, refund: Any) -> Notice:
    approve_refund(
        refund_id=refund.pk,
        reason=_text(request, "reason"),
        expected_version=_version(request),
        actor=actor_from_request(request),
    )
    return Notice("done", "Approved", "A worker sends the money within seconds")


def _reject_refund(request: HttpRequest, refund: Any) -> Notice:
    reject_refund(
        refund_id=refund.pk,
        reason=_reason(request),
        expected_version=_version(request),
        actor=actor_from_request(request),
    )
    return Notice("done", "Rejected", "What it held is free again")


def _win_dispute(request: HttpRequest, dispute: Any) -> Notice:
    actor = actor_from_request(request)
    resolve_dispute(dispute_id=dispute.pk, outcome="won", note=_reason(request), actor=actor)
    return Notice("done", "The dispute is won", "Its money is free again")


def _lose_dispute(request: HttpRequest, dispute: Any) -> Notice:
    actor = actor_from_request(request)
    resolve_dispute(dispute_id=dispute.pk, outcome="lost", note=_reason(request), actor=actor)
    return Notice("done", "The dispute is lost", "Its refund waits for another person's approval")


def _text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").strip()


def _amount(request: HttpRequest, about: Any) -> str:
    return typed_amount(_text(request, "amount"), about.currency)


def _reason(request: HttpRequest) -> str:
    reason = _text(request, "reason")[:500]
    if not reason:
        raise Invalid("Say why: it is written into the audit log.", field="reason")
    return reason


def _version(request: HttpRequest) -> int | None:
    version = _text(request, "version")
    return int(version) if version.isdecimal() and len(version) < 10 else None


def _may_be_disputed(session: Any) -> bool:
    is_open = session.disputes.filter(status=DisputeStatus.OPEN).exists()
    return session.status == SessionStatus.PAID and not is_open


VERBS: dict[str, tuple[Verb, ...]] = {
    "session": (
        Verb(
            "refund",
            "Refund…",
            "undo",
            "refund.create",
            "Give money back?",
            "It goes to the account that paid. It is held from now on, and leaves after another person approves it.",
            _refund_session,
            lambda session: session.receipts.exclude(status=ReceiptState.FAILED).exists(),
            "amount",
        ),
        Verb(
            "dispute",
            "Open a dispute…",
            "gavel",
            "dispute.open",
            "Open a dispute?",
            "What it is about is held: no refund pays the same money meanwhile. No amount means all that is left.",
            _dispute_session,
            _may_be_disputed,
            "amount",
        ),
    ),
    "receipt": (
        Verb(
            "refund",
            "Refund to its sender…",
            "undo",
            "refund.create",
            "Give this back to who sent it?",
            "It is held from now on, and leaves after another person approves it. No amount means all that is left.",
            _refund_receipt,
            lambda receipt: receipt.status in _MONEY and receipt.left_minor > 0,
            "amount",
        ),
        Verb(
            "apply",
            "Apply to a session…",
            "link",
            "receipt.apply",
            "Which session does it pay?",
            "Memo and lateness are overlooked; asset and amount are not. The session must still be open.",
            _apply_receipt,
            lambda receipt: (
                receipt.status in _PAYS_NOTHING
                and receipt.held_minor == 0
                and receipt.amount_minor > 0
            ),
            "session",
        ),
    ),
    "refund": (
        Verb(
            "approve",
            "Approve…",
            "task_alt",
            "refund.review",
            "Send this money back?",
            "A worker sends it, once, to the account that paid. This cannot be undone.",
            _approve_refund,
            lambda refund: refund.status == RefundStatus.REQUESTED,
        ),
        Verb(
            "reject",
            "Reject…",
            "block",
            "refund.review",
            "Reject this refund?",
            "Nothing leaves, and what it held is free again.",
            _reject_refund,
            lambda refund: refund.status == RefundStatus.REQUESTED and refund.dispute_id is None,
            danger=True,
        ),
    ),
    "dispute": (
        Verb(
            "won",
            "Won…",
            "check_circle",
            "dispute.resolve",
            "Was it won?",
            "The money stays here, and what the dispute held is free again.",
            _win_dispute,
            lambda dispute: dispute.status == DisputeStatus.OPEN,
        ),
        Verb(
            "lost",
            "Lost…",
            "undo",
            "dispute.resolve",
            "Was it lost?",
            "Exactly what the dispute holds becomes a refund, which another person approves.",
            _lose_dispute,
            lambda dispute: dispute.status == DisputeStatus.OPEN,
            danger=True,
        ),
    ),
}
