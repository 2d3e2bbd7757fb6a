"""Sessions whose time is over, once the ledger has been read up to then: a payment made in time is never too late."""

from datetime import datetime
from functools import partial

from audit.actor import Actor
from checkout.models import CheckoutSession, Receipt, ReceiptState, SessionStatus
from checkout.parts import waiting_parts
from checkout.services.settle_session import step
from guard.door import change_status
from guard.serializable import in_serializable

MOST_IN_A_ROUND = 500


def expire_sessions(*, account: str, known_until: datetime, actor: Actor) -> int:
    """Pending -> expired for every session of `account` that ended before `known_until`; how many.

    `known_until`: everything in ledgers closed until then has been processed. A transaction for each.
    """
    over = CheckoutSession.objects.filter(
        status=SessionStatus.PENDING, account=account, expires_at__lt=known_until
    )
    ids = list(over.order_by("expires_at").values_list("pk", flat=True)[:MOST_IN_A_ROUND])
    return sum(in_serializable(partial(_expire, pk, actor)) for pk in ids)


def _expire(session_id: int, actor: Actor) -> bool:
    session = (
        CheckoutSession.objects.select_for_update()
        .filter(pk=session_id, status=SessionStatus.PENDING)
        .first()
    )
    if session is None:
        return False
    expire_locked(session, actor=actor, reason="its time is over")
    return True


def expire_locked(session: CheckoutSession, *, actor: Actor, reason: str) -> None:
    """In the caller's transaction, the pending row being locked: expired, its parts surplus."""
    step(session, SessionStatus.PENDING, SessionStatus.EXPIRED, actor=actor, reason=reason)
    leave_parts(waiting_parts(session), actor=actor)


def leave_parts(parts: list[Receipt], *, actor: Actor) -> int:
    """Unmatched -> surplus for the parts of an expired session; how many moved."""
    moved = 0
    for part in parts:
        change_status(
            Receipt,
            part.pk,
            believed=ReceiptState.UNMATCHED,
            to=ReceiptState.SURPLUS,
            actor=actor,
            reason="its session expired",
            changes={"reason": "expired"},
            audit_loss=False,
        )
        moved += 1
    return moved
