"""Somebody who paid wants the money back: it is held until the dispute is resolved."""

from django.db import transaction

from audit.actor import Actor
from audit.record import Note, record
from checkout.decision import audit_refusal
from checkout.errors import NotNeeded, RefundExceedsPayment
from checkout.holds import left_of, lock_receipts, lock_session, take
from checkout.models import CheckoutSession, Dispute, DisputeStatus, SessionStatus
from checkout.people import person
from checkout.services.create_refund import positive
from guard.belief import require_version
from guard.errors import Refused
from money import Money


def open_dispute(
    *,
    session_id: int,
    actor: Actor,
    amount: str | None = None,
    reason: str = "",
    expected_version: int | None = None,
) -> Dispute:
    """An open dispute over `amount` (major units), or over all that was not given back, which may be nothing.

    What it is about is held: no refund pays the same money meanwhile. One open dispute per session. Joins the
    caller's transaction or opens one. Raises NotFound, NotNeeded (409), RefundExceedsPayment (422), InvalidAmount,
    Conflicted (409: the session is at another version than `expected_version`).
    """
    with transaction.atomic():
        session = lock_session(session_id)
        require_version(session, expected_version)
        asked = None if amount is None else positive(amount, session.currency)
        made = _refusal(session) or _open(session, asked, reason, actor)
        if isinstance(made, Refused):
            audit_refusal(made, CheckoutSession, session_id, to="disputed", actor=actor)
    if isinstance(made, Refused):
        raise made
    return made


def _refusal(session: CheckoutSession) -> Refused | None:
    if session.status != SessionStatus.PAID:
        return NotNeeded(f"It is {session.status}: only a paid session is disputed.")
    if session.disputes.filter(status=DisputeStatus.OPEN).exists():
        return NotNeeded("It is disputed already.")
    return None


def _open(
    session: CheckoutSession, asked: Money | None, reason: str, actor: Actor
) -> Dispute | Refused:
    receipts = lock_receipts(session)
    left = Money(left_of(receipts), session.currency)
    money = left if asked is None else asked
    if left < money:
        return RefundExceedsPayment(
            f"At most {left} can be disputed now.", left=left.format(), currency=left.currency
        )
    dispute = Dispute.objects.create(
        session=session,
        amount_minor=money.minor,
        currency=money.currency,
        reason=reason,
        opened_by=person(actor),
        opened_by_id=actor.user_id,
    )
    take(list(reversed(receipts)), money.minor, dispute=dispute)
    record(
        Note(
            f"dispute:{dispute.pk}",
            "dispute.open",
            actor,
            new_status=dispute.status,
            reason=reason,
            snapshot={"session": session.pk, "amount": str(money)},
        )
    )
    return dispute
