"""A person says which session an unmatched or surplus receipt pays."""

from typing import Final

from audit.actor import Actor
from checkout.decision import audit_refusal
from checkout.errors import NotNeeded
from checkout.models import CheckoutSession, Receipt, ReceiptState
from checkout.parts import asked_of, waiting_parts
from checkout.policy import OPEN
from checkout.services.settle_session import apply_part, settle
from guard.belief import require_version
from guard.errors import NotFound, Refused
from guard.serializable import in_serializable

BY_HAND: Final = "applied_by_hand"


def apply_receipt(
    *,
    receipt_id: int,
    session_id: int,
    reason: str,
    actor: Actor,
    expected_version: int | None = None,
) -> Receipt:
    """Pay an open session with a receipt that pays none, by hand: memo and lateness are overlooked, amounts are not.

    Once it pays this session by hand, doing it again changes nothing.

    Own SERIALIZABLE transaction, session locked first. Raises NotFound, and NotNeeded (409, audited) when the session
    is not open, the receipt pays or has been given back, or asset or amount do not fit; Conflicted
    (409) when the receipt is at another version than `expected_version`.
    """
    refused = in_serializable(
        lambda: _apply(receipt_id, session_id, reason, actor, expected_version)
    )
    if refused is not None:
        raise refused
    return Receipt.objects.select_related("payment").get(pk=receipt_id)


def _apply(
    receipt_id: int, session_id: int, reason: str, actor: Actor, expected_version: int | None
) -> Refused | None:
    session = CheckoutSession.objects.select_for_update().filter(pk=session_id).first()
    receipt = Receipt.objects.select_for_update().filter(pk=receipt_id).first()
    if session is None:
        raise NotFound(f"There is no checkout session {session_id}.")
    if receipt is None:
        raise NotFound(f"There is no receipt {receipt_id}.")
    if (receipt.session_id, receipt.reason) == (session.pk, BY_HAND):
        # Somebody did this a moment ago: a person who pressed twice, a program whose answer was lost.
        return None
    require_version(receipt, expected_version)
    parts = [part for part in waiting_parts(session) if part.pk != receipt.pk]
    missing = asked_of(session, parts).missing_minor
    why = _why_not(session, receipt, missing)
    if why:
        error = NotNeeded(why)
        return audit_refusal(error, Receipt, receipt_id, to=ReceiptState.APPLIED, actor=actor)
    apply_part(receipt, session=session, actor=actor, reason=reason, why=BY_HAND)
    settle(
        session,
        newest=receipt,
        pays_minor=missing,
        parts=parts,
        actor=actor,
        reason=reason,
    )
    return None


def _why_not(session: CheckoutSession, receipt: Receipt, missing: int) -> str:
    if session.status not in OPEN:
        return f"The session is {session.status}."
    if receipt.status not in (ReceiptState.UNMATCHED, ReceiptState.SURPLUS):
        return f"The receipt is {receipt.status}."
    if receipt.held_minor:
        return "Some of it was given back or is disputed."
    if receipt.currency != session.currency:
        return "The session asks for another asset."
    if receipt.amount_minor < missing:
        return "It is less than what is missing."
    return ""
