"""Sessions whose time is over, once the ledger has been read up to then: a payment made in time is never too late."""

from datetime import datetime
from functools import partial

from audit.actor import Actor
from checkout.models import CheckoutSession, Receipt, ReceiptState, SessionStatus
from checkout.parts import waiting_parts
from checkout.services.settle_session import settle_by_parts, step
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
    parts = waiting_parts(session)
    if settle_by_parts(session, parts, actor=actor, reason="its parts came in time"):
        return False
    reason = "its time is over"
    step(session, SessionStatus.PENDING, SessionStatus.EXPIRED, actor=actor, reason=reason)
    leave_parts(parts, actor=actor)
    return True


def leave_parts(parts: list[Receipt], *, actor: Actor, why: str = "expired") -> int:
    """Unmatched -> surplus for the parts of a session that waits no more; how many moved.

    `why`: `expired` or `already_paid`, how the session ended.
    """
    moved = 0
    for part in parts:
        change_status(
            Receipt,
            part.pk,
            believed=ReceiptState.UNMATCHED,
            to=ReceiptState.SURPLUS,
            actor=actor,
            reason="its session is over",
            changes={"reason": why},
            audit_loss=False,
        )
        moved += 1
    return moved
