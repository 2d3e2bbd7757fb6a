"""Ask for money to go back to who sent it. It is held from now on; it leaves after another person's approval."""

from collections.abc import Sequence
from itertools import groupby

from django.db import transaction

from audit.actor import Actor
from audit.record import Note, record
from checkout.errors import RefundExceedsPayment
from checkout.holds import left_of, lock_receipts, lock_session, take
from checkout.models import CheckoutSession, Dispute, Receipt, ReceiptState, Refund
from checkout.people import person
from guard.belief import require_version
from guard.errors import Invalid, NotFound, Refused
from money import Money


def create_refund(
    *,
    session_id: int,
    amount: str,
    reason: str,
    actor: Actor,
    receipt_id: int | None = None,
    expected_version: int | None = None,
) -> Refund:
    """A requested refund of money that came in for a session. Joins the caller's transaction or opens one.

    `amount`: major units of the session's asset. It goes to one payer, who must have sent that much and not got it
    back: to the payer of `receipt_id`, else to the one whose payment was applied, else to another. Raises NotFound,
    InvalidAmount and Invalid (422), RefundExceedsPayment (422, audited), Conflicted (409: the session is at another
    version than `expected_version`).
    """
    with transaction.atomic():
        session = lock_session(session_id)
        require_version(session, expected_version)
        money = positive(amount, session.currency)
        receipts = lock_receipts(session)
        if receipt_id is not None:
            receipts = [one for one in receipts if one.pk == receipt_id]
        made = _ask(receipts, money, reason, actor, session=session)
    if isinstance(made, Refused):
        raise made
    return made


def refund_receipt(
    *,
    receipt_id: int,
    amount: str | None,
    reason: str,
    actor: Actor,
    expected_version: int | None = None,
) -> Refund:
    """The same for one receipt, also one that names no session; without `amount` all that is left of it.

    Joins the caller's transaction or opens one. `expected_version` is the receipt's. Raises as `create_refund`.
    """
    session_id = Receipt.objects.filter(pk=receipt_id).values_list("session", flat=True).first()
    with transaction.atomic():
        session = lock_session(session_id) if session_id is not None else None
        receipt = Receipt.objects.select_for_update().filter(pk=receipt_id).first()
        if receipt is None:
            raise NotFound(f"There is no receipt {receipt_id}.")
        require_version(receipt, expected_version)
        money = (
            Money(receipt.left_minor, receipt.currency)
            if amount is None
            else positive(amount, receipt.currency)
        )
        made = _ask([receipt], money, reason, actor, session=session)
    if isinstance(made, Refused):
        raise made
    return made


def positive(amount: str, currency: str) -> Money:
    """Raises InvalidAmount, Invalid (422)."""
    money = Money.parse(amount, currency)
    if money.minor <= 0:
        raise Invalid("The amount must be greater than zero.", field="amount", code="not_positive")
    return money


def _ask(
    receipts: Sequence[Receipt],
    money: Money,
    reason: str,
    actor: Actor,
    *,
    session: CheckoutSession | None,
) -> Refund | Refused:
    payer = _payer(receipts, money.minor)
    if payer is None:
        most = max((left_of(rows) for _, rows in by_sender(receipts)), default=0)
        refused = RefundExceedsPayment(
            f"At most {Money(most, money.currency)} can go back to one payer now.",
            left=Money(most, money.currency).format(),
            currency=money.currency,
        )
        _say_no(refused, session, receipts, money, actor)
        return refused
    return write_refund(
        payer, money, reason, actor, session=session, dispute=None, held_by_dispute=False
    )


def can_be_paid(sender: str) -> bool:
    """Is it an account, or a user of one? Contracts pay as well, and cannot be sent to."""
    return sender.startswith(("G", "M"))


def by_sender(receipts: Sequence[Receipt]) -> list[tuple[str, list[Receipt]]]:
    """Receipts of each payer, in their given order; who paid what was applied comes first."""
    order = sorted(receipts, key=lambda one: one.sender)
    groups = [(sender, list(rows)) for sender, rows in groupby(order, key=lambda one: one.sender)]
    return sorted(
        groups, key=lambda one: not any(row.status == ReceiptState.APPLIED for row in one[1])
    )


def _payer(receipts: Sequence[Receipt], amount_minor: int) -> list[Receipt] | None:
    if amount_minor <= 0:
        return None
    for _, rows in by_sender(receipts):
        if left_of(rows) >= amount_minor:
            return rows
    return None


def write_refund(
    receipts: Sequence[Receipt],
    money: Money,
    reason: str,
    actor: Actor,
    *,
    session: CheckoutSession | None,
    dispute: Dispute | None,
    held_by_dispute: bool,
) -> Refund:
    """The row and its holds, in the caller's transaction; all `receipts` have one sender.

    Raises Invalid when nothing can be sent to who paid.
    """
    destination = receipts[0].sender
    if not can_be_paid(destination):
        raise Invalid("A contract paid it: give it back by hand.", field="destination")
    refund = Refund.objects.create(
        session=session,
        dispute=dispute,
        destination=destination,
        amount_minor=money.minor,
        currency=money.currency,
        reason=reason,
        requested_by=person(actor),
        requested_by_id=actor.user_id,
    )
    if not held_by_dispute:
        take(receipts, money.minor, refund=refund)
    record(
        Note(
            f"refund:{refund.pk}",
            "refund.requested",
            actor,
            new_status=refund.status,
            reason=reason,
            snapshot={
                "amount": str(money),
                "session": session and session.pk,
                "receipts": [one.pk for one in receipts],
                "dispute": dispute and dispute.pk,
            },
        )
    )
    return refund


def _say_no(
    refused: Refused,
    session: CheckoutSession | None,
    receipts: Sequence[Receipt],
    money: Money,
    actor: Actor,
) -> None:
    subject = f"checkout_session:{session.pk}" if session else f"receipt:{receipts[0].pk}"
    record(
        Note(
            subject,
            "refund.requested",
            actor,
            outcome="conflict",
            reason=refused.code,
            snapshot={"asked": str(money), "detail": refused.detail},
        )
    )
