"""The repair of one session, in transactions of its own, audited with what the ledger said.

Every repair is a step through the door that loses quietly when somebody was faster, so that overlapping runs, the
watcher and people are harmless. Where nothing can be repaired and the ledger's silence is proof, a finding is raised.
"""

from dataclasses import dataclass
from typing import Any, Final

from audit.actor import Actor
from audit.record import Note, record
from checkout.models import CheckoutSession, Payment, Receipt, ReceiptState, SessionStatus
from checkout.parts import asked_of, waiting_parts
from checkout.policy import OPEN, judge
from checkout.reconcile import suspects
from checkout.reconcile.ledger import Told
from checkout.services.expire_sessions import leave_parts
from checkout.services.process_operation import process_operation
from checkout.services.settle_session import apply_part, finish, settle_by_parts
from guard.door import Won, change_status
from guard.serializable import in_serializable
from transfers.models import Finding, FindingState
from transfers.services.raise_finding import raise_finding


@dataclass(frozen=True, slots=True)
class Repair:
    """`action`: finished, rolled_back, payment_inserted, paid, left_over, finding, held_off or nothing."""

    action: str
    detail: str

    @property
    def changed(self) -> bool:
        """Is a session, payment or receipt different now?"""
        return self.action not in ("finding", "held_off", "nothing")


NOTHING = Repair("nothing", "It is in order by now.")


def repair(session_id: int, case: str, told: Told, actor: Actor) -> Repair:
    """Bring one session in order, or say why not."""
    if case == suspects.STALE_PROCESSING:
        return _finish_or_roll_back(session_id, told, actor)
    if case == suspects.PAID_WITHOUT_PAYMENT:
        return _insert_the_payment(session_id, told, actor)
    if case == suspects.PAYMENTS_BUT_NOT_PAID:
        return _mark_paid(session_id, told, actor)
    if case == suspects.COVERED_BY_PARTS:
        return in_serializable(lambda: _pay_by_parts(session_id, actor))
    return in_serializable(lambda: _leave_over(session_id, actor))


def _finish_or_roll_back(session_id: int, told: Told, actor: Actor) -> Repair:
    for one in told.operations:
        process_operation(operation=one, actor=actor, evidence=told.evidence)
    session = CheckoutSession.objects.get(pk=session_id)
    if session.status == SessionStatus.PAID:
        return Repair("finished", "The ledger holds its payment.")
    if session.status != SessionStatus.PROCESSING:
        return Repair("rolled_back", f"What came in does not pay it; it is {session.status}.")
    if told.doubt:
        return Repair("held_off", told.doubt)
    result = change_status(
        CheckoutSession,
        session_id,
        believed=SessionStatus.PROCESSING,
        to=SessionStatus.PENDING,
        version=session.version,
        actor=actor,
        reason="no ledger holds a payment of it",
        snapshot=told.evidence,
        audit_loss=False,
    )
    if not isinstance(result, Won):
        return NOTHING
    return Repair("rolled_back", "No ledger holds a payment of it.")


def _insert_the_payment(session_id: int, told: Told, actor: Actor) -> Repair:
    for one in told.operations:
        process_operation(operation=one, actor=actor, evidence=told.evidence)
    repaired = in_serializable(lambda: _attach(session_id, told, actor))
    if repaired is not None:
        return repaired
    if told.doubt:
        return Repair("held_off", told.doubt)
    return _finding(
        session_id, "paid_without_payment", "It is paid, and no payment came in.", told, actor
    )


def _attach(session_id: int, told: Told, actor: Actor) -> Repair | None:
    """Let what came in for it be its payment; None when that is not enough."""
    session = CheckoutSession.objects.select_for_update().get(pk=session_id)
    if session.status != SessionStatus.PAID or session.payments.exists():
        return NOTHING
    receipts = Receipt.objects.filter(
        session=session, currency=session.currency, held_minor=0, payment__isnull=True
    ).exclude(status=ReceiptState.FAILED)
    missing = session.amount_minor
    taken: list[tuple[Receipt, int]] = []
    for receipt in receipts.order_by("operation_id"):
        if missing and receipt.amount_minor:
            taken.append((receipt, min(missing, receipt.amount_minor)))
            missing -= taken[-1][1]
    if missing:
        return None
    for receipt, pays in taken:
        if receipt.status != ReceiptState.APPLIED:
            why = "found_by_reconciler"
            apply_part(receipt, session=session, actor=actor, reason=why, why=why)
        Payment.objects.create(receipt=receipt, session=session, amount_minor=pays)
    _say(session, "payment_inserted", told, actor, receipts=[one.pk for one, _ in taken])
    return Repair("payment_inserted", f"{len(taken)} receipt(s) are its payment.")


def _mark_paid(session_id: int, told: Told, actor: Actor) -> Repair:
    on_ledger = {(one.tx_hash, one.operation_index) for one in told.operations if one.successful}
    payments = Payment.objects.filter(session=session_id).select_related("receipt")
    unknown = [
        one.receipt_id
        for one in payments
        if (one.receipt.tx_hash, one.receipt.operation_index) not in on_ledger
    ]
    if unknown:
        if told.doubt:
            return Repair("held_off", told.doubt)
        detail = f"Its payment rests on receipts {unknown}, which no ledger holds for it."
        return _finding(session_id, "payment_not_on_the_ledger", detail, told, actor)
    repaired = in_serializable(lambda: _pay(session_id, told, actor))
    if repaired is not None:
        return repaired
    detail = "It has payments that are not all of it, or came after it had expired."
    return _finding(session_id, "payments_do_not_fit", detail, told, actor)


def _pay(session_id: int, told: Told, actor: Actor) -> Repair | None:
    session = CheckoutSession.objects.select_for_update().get(pk=session_id)
    if session.status == SessionStatus.PAID:
        return NOTHING
    paid = sum(one.amount_minor for one in session.payments.all())
    if session.status == SessionStatus.EXPIRED or paid < session.amount_minor:
        return None
    for receipt in Receipt.objects.filter(payment__session=session):
        if receipt.status != ReceiptState.APPLIED:
            why = "found_by_reconciler"
            apply_part(receipt, session=session, actor=actor, reason=why, why=why)
    reason = "all of its payments are there"
    finish(session, causes=[], actor=actor, reason=reason, snapshot=told.evidence)
    return Repair("paid", "All of its payments are on the ledger.")


def _pay_by_parts(session_id: int, actor: Actor) -> Repair:
    session = CheckoutSession.objects.select_for_update().get(pk=session_id)
    reason = "the parts that came in are all of it"
    if session.status in OPEN and settle_by_parts(
        session, waiting_parts(session), actor=actor, reason=reason
    ):
        return Repair("paid", "The parts that came in are all of it.")
    return NOTHING


def _leave_over(session_id: int, actor: Actor) -> Repair:
    session = CheckoutSession.objects.select_for_update().get(pk=session_id)
    waiting = Receipt.objects.filter(
        session=session, status=ReceiptState.UNMATCHED, currency=session.currency
    )
    if session.status == SessionStatus.EXPIRED:
        moved = leave_parts(list(waiting), actor=actor)
    elif session.status == SessionStatus.PAID:
        parts = list(waiting.filter(reason="underpaid"))
        moved = leave_parts(parts, actor=actor, why="already_paid")
    else:
        return NOTHING
    return Repair("left_over", f"{moved} receipt(s) are surplus.") if moved else NOTHING


def _say(session: CheckoutSession, action: str, told: Told, actor: Actor, **more: Any) -> None:
    record(
        Note(
            f"checkout_session:{session.pk}",
            f"checkout_session.{action}",
            actor,
            prior_status=session.status,
            new_status=session.status,
            snapshot=told.evidence | more,
        )
    )


def _finding(session_id: int, kind: str, detail: str, told: Told, actor: Actor) -> Repair:
    subject = f"checkout_session:{session_id}"
    known = Finding.objects.filter(subject=subject, kind=kind, state=FindingState.OPEN).exists()
    if known:
        return Repair("nothing", f"A finding is open: {kind}.")
    raise_finding(subject=subject, kind=kind, detail=detail, actor=actor, evidence=told.evidence)
    return Repair("finding", detail)


_LEFT_OVER: Final = Repair("left_over", "Its receipts would be surplus.")
# What does not depend on what the ledger says.
_FORESEEN: Final = {
    suspects.EXPIRED_WITH_MONEY: _LEFT_OVER,
    suspects.PAID_WITH_A_PART: _LEFT_OVER,
    suspects.COVERED_BY_PARTS: Repair("paid", "It would be paid by its parts."),
    suspects.PAYMENTS_BUT_NOT_PAID: Repair(
        "paid", "It would be paid, if its payments are on the ledger."
    ),
}


def foresee(session: CheckoutSession, case: str, told: Told) -> Repair:
    """What `repair` would do, judged without changing anything."""
    if case in _FORESEEN:
        return _FORESEEN[case]
    asked = asked_of(session, waiting_parts(session))
    came = [one for one in told.operations if one.successful]
    if case == suspects.STALE_PROCESSING:
        if any(judge(one, asked).state == ReceiptState.APPLIED for one in came):
            return Repair("finished", "It would be paid.")
        return Repair(
            "held_off" if told.doubt else "rolled_back", told.doubt or "It would wait again."
        )
    if sum(one.amount_minor for one in came) >= session.amount_minor:
        return Repair("payment_inserted", "Its payment would be inserted.")
    return Repair(
        "held_off" if told.doubt else "finding", told.doubt or "A finding would be raised."
    )
