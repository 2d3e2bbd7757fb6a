"""One incoming operation, judged once: the receipt, and what it pays, in one SERIALIZABLE transaction."""

from dataclasses import dataclass
from typing import Any

from audit.actor import Actor
from audit.record import Note, record
from checkout.models import CheckoutSession, Receipt, ReceiptState, SessionStatus
from checkout.parts import asked_of, waiting_parts
from checkout.policy import Verdict, address_named, judge
from checkout.services.settle_session import settle, step
from guard.serializable import in_serializable
from guard.statement import run
from rails.horizon_payments import UNREADABLE, IncomingOperation
from transfers.prepared import columns_of, from_row
from transfers.services.raise_finding import raise_finding

ONE_RECEIPT = "one_receipt_per_operation"


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of an operation. `is_new` is False when somebody brought it before: nothing was changed then."""

    receipt_id: int
    session_id: int | None
    state: str
    reason: str
    is_new: bool


def process_operation(
    *, operation: IncomingOperation, actor: Actor, evidence: dict[str, Any] | None = None
) -> Processed:
    """Write down an operation and let it pay the session it names, once, whoever brings it and how often.

    Own SERIALIZABLE transaction with the session's row locked, tried again a bounded number of times; call it
    outside of any other. Already seen: nothing is written. Session not open: surplus, the session is not touched.
    `evidence` goes into the audit entry of a session that is paid by it. Raises the database's error when every
    try lost.
    """
    return in_serializable(lambda: _process(operation, actor, evidence), unique=ONE_RECEIPT)


def _process(
    operation: IncomingOperation, actor: Actor, evidence: dict[str, Any] | None
) -> Processed:
    session, was_seen, has_parts = _lock_session(operation)
    known = _receipt_of(operation) if was_seen else None
    if known is not None:
        return Processed(known.pk, known.session_id, known.status, known.reason, is_new=False)
    parts = waiting_parts(session) if session is not None and has_parts else []
    verdict = judge(operation, None if session is None else asked_of(session, parts))
    receipt = keep_receipt(operation, session, verdict)
    _say(receipt, operation, actor)
    if session is not None:
        if verdict.state == ReceiptState.APPLIED:
            settle(
                session,
                newest=receipt,
                pays_minor=verdict.pays_minor,
                parts=parts,
                actor=actor,
                evidence=evidence,
            )
        else:
            _leave(session, operation, actor, verdict)
    return Processed(receipt.pk, receipt.session_id, receipt.status, receipt.reason, is_new=True)


# The session's row is locked, and what else is asked about it comes in the same round trip. All statements of a
# SERIALIZABLE transaction see the moment of its first one, so that it makes no difference when they are sent.
_LOCK = f"""
    SELECT {", ".join(f"session.{name}" for name in columns_of(CheckoutSession))},
        EXISTS (
            SELECT FROM checkout_receipt WHERE tx_hash = %s::text AND operation_index = %s::smallint
        ) AS was_seen,
        EXISTS (
            SELECT FROM checkout_receipt AS part WHERE part.session_id = session.id AND part.status = 'unmatched'
                AND part.reason = 'underpaid' AND part.held_minor = 0
        ) AS has_parts
    FROM checkout_checkoutsession AS session WHERE session.address = %s::bigint FOR UPDATE
"""


def _lock_session(operation: IncomingOperation) -> tuple[CheckoutSession | None, bool, bool]:
    """The session that is named, locked; whether the operation may have been seen, and the session hold parts."""
    address = address_named(operation)
    if address is None:
        return None, True, False
    rows = run(_LOCK, [operation.tx_hash, operation.operation_index, address])
    if not rows:
        return None, True, False
    return from_row(CheckoutSession, rows[0]), rows[0]["was_seen"], rows[0]["has_parts"]


def _receipt_of(operation: IncomingOperation) -> Receipt | None:
    return Receipt.objects.filter(
        tx_hash=operation.tx_hash, operation_index=operation.operation_index
    ).first()


def keep_receipt(
    operation: IncomingOperation, session: CheckoutSession | None, verdict: Verdict
) -> Receipt:
    """The row, in the caller's transaction. Raises IntegrityError when the operation was seen meanwhile."""
    (receipt,) = Receipt.objects.bulk_create([receipt_row(operation, session, verdict)])
    return receipt


def receipt_row(
    operation: IncomingOperation, session: CheckoutSession | None, verdict: Verdict
) -> Receipt:
    """The row, not written yet."""
    return Receipt(
        tx_hash=operation.tx_hash,
        operation_index=operation.operation_index,
        operation_id=operation.operation_id,
        kind=operation.kind,
        account=operation.account,
        sender=operation.sender,
        amount_minor=operation.amount_minor,
        currency=operation.currency,
        memo_type=operation.memo_type,
        memo=operation.memo,
        muxed_id=operation.muxed_id,
        closed_at=operation.closed_at,
        session=session,
        status=verdict.state,
        reason=verdict.reason,
    )


def _say(receipt: Receipt, operation: IncomingOperation, actor: Actor) -> None:
    """An entry for money that pays nothing; what pays is named by its session's own entry."""
    if receipt.status == ReceiptState.APPLIED:
        return
    record(
        Note(
            f"receipt:{receipt.pk}",
            f"receipt.{receipt.status}",
            actor,
            new_status=receipt.status,
            reason=receipt.reason,
            snapshot={
                "operation": f"{operation.tx_hash}/{operation.operation_index}",
                "amount": str(receipt.amount),
                "session": receipt.session_id,
            },
        )
    )
    if operation.kind == UNREADABLE:
        raise_finding(
            subject=f"receipt:{receipt.pk}",
            kind="unreadable_operation",
            detail="Money came in and Horizon does not say how much: look at the account.",
            actor=actor,
            evidence={"tx_hash": operation.tx_hash, "kind": operation.kind},
        )


def _leave(
    session: CheckoutSession, operation: IncomingOperation, actor: Actor, verdict: Verdict
) -> None:
    """A session whose named transaction pays nothing waits again.

    One that is paid too late expires as every other does, when the watcher has read all that came in time: whoever
    names a late payment may be ahead of it.
    """
    is_named = session.claimed_tx_hash == operation.tx_hash
    if session.status == SessionStatus.PROCESSING and (is_named or verdict.is_late):
        step(
            session,
            SessionStatus.PROCESSING,
            SessionStatus.PENDING,
            actor=actor,
            reason=verdict.reason,
        )
