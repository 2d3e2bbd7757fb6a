"""Promising money that came in, once. The database keeps the total of each receipt and refuses to exceed it.

Lock order: session, then its receipts by id. Everything here runs in the caller's transaction.
"""

from collections.abc import Iterable, Sequence

from checkout.models import (
    CheckoutSession,
    Dispute,
    Hold,
    Receipt,
    ReceiptState,
    Refund,
    RefundStatus,
)
from guard.errors import NotFound

# What is given back first: what pays nothing.
_ORDER = {ReceiptState.SURPLUS: 0, ReceiptState.UNMATCHED: 1, ReceiptState.APPLIED: 2}


def lock_session(session_id: int) -> CheckoutSession:
    """Raises NotFound."""
    session = CheckoutSession.objects.select_for_update().filter(pk=session_id).first()
    if session is None:
        raise NotFound(f"There is no checkout session {session_id}.")
    return session


def lock_receipts(session: CheckoutSession) -> list[Receipt]:
    """What came in for a session in the asset it asks for, with something left, in the order of giving back."""
    rows = (
        Receipt.objects.select_for_update()
        .filter(session=session, currency=session.currency)
        .exclude(status=ReceiptState.FAILED)
        .order_by("id")
    )
    return sorted((one for one in rows if one.left_minor > 0), key=lambda one: _ORDER[one.status])


def left_of(receipts: Iterable[Receipt]) -> int:
    """Stroops that no refund and no dispute has taken."""
    return sum(one.left_minor for one in receipts)


def take(
    receipts: Sequence[Receipt],
    amount_minor: int,
    *,
    refund: Refund | None = None,
    dispute: Dispute | None = None,
) -> None:
    """Hold `amount_minor` of these locked receipts, one after the other. Raises ValueError when they have less."""
    missing = amount_minor
    for receipt in receipts:
        part = min(missing, receipt.left_minor)
        if part > 0:
            Hold.objects.create(receipt=receipt, refund=refund, dispute=dispute, amount_minor=part)
            missing -= part
    if missing:
        raise ValueError(f"{missing} stroops are missing")


def release(holds: Iterable[Hold]) -> None:
    """Free what these hold. A hold that is released already stays so."""
    ids = [one.pk for one in sorted(holds, key=lambda one: one.receipt_id)]
    for pk in ids:
        Hold.objects.filter(pk=pk, released=False).update(released=True)


def refunded_minor(refunds: Iterable[Refund]) -> int:
    """What has really gone back."""
    return sum(one.amount_minor for one in refunds if one.status == RefundStatus.REFUNDED)
