"""Bring a session to paid with the receipts that pay it, in the caller's transaction, its row being locked."""

from collections.abc import Sequence
from typing import Any

from audit.actor import Actor
from checkout.models import CheckoutSession, Payment, Receipt, ReceiptState, SessionStatus
from guard.door import Won, change_status
from guard.statement import MOVED_PK, Cause, Insert, SecondsFromNow


def settle(
    session: CheckoutSession,
    *,
    newest: Receipt,
    pays_minor: int,
    parts: Sequence[Receipt],
    actor: Actor,
    reason: str = "",
    evidence: dict[str, Any] | None = None,
) -> None:
    """Pending | processing -> paid: `parts` in full, and `pays_minor` of `newest`; one event.

    `newest` is applied already. Raises RuntimeError if the session moved although its row was locked, and
    IntegrityError if the payments exceed what the session asks for.
    """
    for part in parts:
        apply_part(part, session=session, actor=actor, reason="topped up")
        Payment.objects.create(receipt=part, session=session, amount_minor=part.amount_minor)
    payment = Insert(
        Payment,
        {
            "receipt": newest.pk,
            "session": MOVED_PK,
            "amount_minor": pays_minor,
        },
    )
    receipts = [*parts, newest]
    # The audit log names every operation that the decision rests on.
    snapshot = {
        "amount": str(session.amount),
        "receipts": [one.pk for one in receipts],
        "operations": [f"{one.tx_hash}/{one.operation_index}" for one in receipts],
        **(evidence or {}),
    }
    finish(session, causes=[payment], actor=actor, reason=reason, snapshot=snapshot)


def settle_by_parts(
    session: CheckoutSession, parts: Sequence[Receipt], *, actor: Actor, reason: str
) -> bool:
    """Paid by parts that wait for it and are enough by now, oldest first; False when they are not.

    They become enough without a payment when somebody had asked for a part and did not get it back.
    """
    missing = session.amount_minor
    for place, part in enumerate(parts):
        if part.amount_minor >= missing:
            why = "overpaid" if part.amount_minor > missing else ""
            apply_part(part, session=session, actor=actor, reason=reason, why=why)
            settle(
                session,
                newest=part,
                pays_minor=missing,
                parts=parts[:place],
                actor=actor,
                reason=reason,
            )
            return True
        missing -= part.amount_minor
    return False


def finish(
    session: CheckoutSession,
    *,
    causes: Sequence[Cause],
    actor: Actor,
    reason: str,
    snapshot: dict[str, Any],
) -> None:
    """The two steps to paid, with what they cause; the database promises the event with the second."""
    if session.status == SessionStatus.PENDING:
        step(session, SessionStatus.PENDING, SessionStatus.PROCESSING, actor=actor, reason=reason)
    step(
        session,
        SessionStatus.PROCESSING,
        SessionStatus.PAID,
        actor=actor,
        reason=reason,
        changes={"paid_at": SecondsFromNow(0)},
        causes=causes,
        snapshot=snapshot,
    )


def apply_part(
    part: Receipt, *, session: CheckoutSession, actor: Actor, reason: str, why: str = ""
) -> None:
    """Unmatched | surplus -> applied, only while nobody asked any of it back."""
    result = change_status(
        Receipt,
        part.pk,
        believed=part.status,
        to=ReceiptState.APPLIED,
        actor=actor,
        reason=reason,
        changes={"session": session.pk, "reason": why},
        also={"held_minor": 0},
    )
    if not isinstance(result, Won):
        raise RuntimeError(f"receipt {part.pk} moved although its session was locked")


def step(
    session: CheckoutSession, believed: str, to: str, *, actor: Actor, reason: str = "", **door: Any
) -> None:
    """A step that cannot lose, because the row is locked and was read under that lock."""
    result = change_status(
        CheckoutSession, session.pk, believed=believed, to=to, actor=actor, reason=reason, **door
    )
    if not isinstance(result, Won):
        raise RuntimeError(f"session {session.pk} moved although its row was locked")
