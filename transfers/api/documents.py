"""Models into the contract's JSON, by plain functions: a crew of 10,000 people is one answer.

Amounts are strings with their currency beside them, times are RFC 3339 in UTC, nothing here asks the database.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from money import Money
from transfers.models import (
    AttemptOutcome,
    Booking,
    Finding,
    Transfer,
    TransferAttempt,
    TransferStatus,
    rail_key,
    waiting_for,
)
from transfers.selectors import CrewPreview, CrewRow
from transfers.services.pay_crew import CrewPay, outcome_of
from transfers.shown import Attempts, ShownAttempt, ShownTransfer

Document = dict[str, Any]


def moment(at: datetime | str | None) -> str | None:
    """`2026-11-20T13:05:59.120000Z`; None stays None, and so does what the database has written already."""
    if at is None or isinstance(at, str):
        return at
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def transfer_document(
    transfer: Transfer | ShownTransfer, attempts: Iterable[TransferAttempt | ShownAttempt]
) -> Document:
    """One debt with its attempts, as the contract names its fields."""
    failed = transfer.status == TransferStatus.FAILED
    attempts = list(attempts)
    currency = transfer.currency
    return {
        "id": transfer.pk,
        "source": {"type": transfer.source_type, "reference": transfer.source_reference},
        "user_id": transfer.user_id or None,
        "payee_name": transfer.payee_name,
        "amount": Money(transfer.amount_minor, currency).format(),
        "currency": currency,
        "rail": transfer.rail,
        "status": transfer.status,
        "version": transfer.version,
        "outcome_unknown": transfer.outcome_unknown,
        "next_check_at": moment(transfer.due_at) if transfer.outcome_unknown else None,
        "failure": {"code": transfer.failure_code, "message": transfer.failure_message}
        if failed
        else None,
        "rail_reference": transfer.rail_reference or None,
        "reversed_amount": Money(transfer.reversed_minor, currency).format(),
        "returned": _returned(transfer),
        "waiting_for": _waiting_for(attempts),
        "supersedes": transfer.supersedes_id,
        "attempts": [attempt_document(attempt) for attempt in attempts],
        "created_at": moment(transfer.created_at),
        "updated_at": moment(transfer.updated_at),
    }


def _returned(transfer: Transfer | ShownTransfer) -> Document | None:
    if not transfer.returned_minor:
        return None
    amount = Money(transfer.returned_minor, transfer.returned_currency)
    return {"amount": amount.format(), "currency": amount.currency}


def _waiting_for(attempts: Iterable[TransferAttempt | ShownAttempt]) -> Document | None:
    told = (waiting_for(attempt.outcome, attempt.progress) for attempt in attempts)
    waiting = [one for one in told if one]
    return {name: waiting[-1][name] for name in ("code", "message")} if waiting else None


def attempt_document(attempt: TransferAttempt | ShownAttempt) -> Document:
    """One try. While it is in flight there is no outcome yet: null."""
    return {
        "number": attempt.number,
        "idempotency_key": rail_key(attempt.idempotency_key, attempt.funding_reference),
        "outcome": None if attempt.outcome == AttemptOutcome.LIVE else attempt.outcome,
        "sent_at": moment(attempt.first_sent_at),
        "resolved_at": moment(attempt.resolved_at),
        "evidence": attempt.evidence,
    }


def payment_summary(booking: Booking) -> Document:
    """Where a booking's pay stands. Every crew member is in exactly one of the counts."""
    counted = (
        booking.processing_count
        + booking.unknown_count
        + booking.success_count
        + booking.failed_count
        + booking.undone_count
    )
    return {
        "state": booking.payment_state,
        "total": booking.total.format(),
        "paid": booking.paid.format(),
        "remaining": booking.remaining.format(),
        "currency": booking.currency,
        "counts": {
            "pending": booking.crew_count - counted,
            "processing": booking.processing_count,
            "success": booking.success_count,
            "failed": booking.failed_count,
            "outcome_unknown": booking.unknown_count,
            "undone": booking.undone_count,
        },
    }


def booking_row(booking: Booking) -> Document:
    """A booking without its crew, for lists: one row of one table."""
    return {
        "reference": booking.reference,
        "customer_name": booking.customer_name,
        "status": booking.status,
        "version": booking.version,
        "total_amount": booking.total.format(),
        "currency": booking.currency,
        "crew_count": booking.crew_count,
        "payment_summary": payment_summary(booking),
        "is_paid": booking.is_paid,
        "created_at": moment(booking.created_at),
        "updated_at": moment(booking.updated_at),
    }


def booking_document(booking: Booking, rows: Iterable[CrewRow], attempts: Attempts) -> Document:
    """A booking with everybody on its crew and what became of their pay."""
    return booking_row(booking) | {"crew": [crew_document(row, attempts) for row in rows]}


def crew_document(row: CrewRow, attempts: Attempts) -> Document:
    """One person, with their transfer or null."""
    member, transfer = row.member, row.transfer
    return {
        "user_id": member.user_id,
        "name": member.name,
        "role": member.role,
        "amount": member.amount.format(),
        "currency": member.currency,
        "stripe_account": member.stripe_account,
        "transfer": transfer and transfer_document(transfer, attempts.get(transfer.pk, ())),
    }


def booking_transfers_document(
    booking: Booking, rows: Iterable[CrewRow], attempts: Attempts
) -> Document:
    """Every person's transfer and the summary."""
    return {
        "booking": booking.reference,
        "results": [crew_document(row, attempts) for row in rows],
        "payment_summary": payment_summary(booking),
    }


def preview_document(booking: Booking, preview: CrewPreview) -> Document:
    """What Pay All would do now."""
    return {
        "booking": booking.reference,
        "results": [_preview_row(row) for row in preview.rows],
        "total": preview.total.format(),
        "currency": preview.total.currency,
        "preview_token": preview.token,
    }


def _preview_row(row: CrewRow) -> Document:
    return {
        "user_id": row.member.user_id,
        "name": row.member.name,
        "role": row.member.role,
        "amount": row.member.amount.format(),
        "currency": row.member.currency,
        "payable": row.payable,
        "outcome": "enqueued" if row.transfer is None else outcome_of(row.transfer),
        "why": row.why or None,
    }


def bulk_document(booking: Booking, pays: Iterable[CrewPay], attempts: Attempts) -> Document:
    """What became of every person who was named. `status` is that of the request, not of any one transfer."""
    return {
        "booking": booking.reference,
        "status": "processing",
        "results": [
            {
                "user_id": pay.user_id,
                "outcome": pay.outcome,
                "transfer": transfer_document(pay.transfer, attempts.get(pay.transfer.pk, ())),
            }
            for pay in pays
        ],
        "payment_summary": payment_summary(booking),
    }


def finding_document(finding: Finding) -> Document:
    """One disagreement."""
    return {
        "id": finding.pk,
        "subject": finding.subject,
        "kind": finding.kind,
        "detail": finding.detail,
        "evidence": finding.evidence,
        "state": finding.state,
        "status": finding.state,
        "version": finding.version,
        "resolution": finding.resolution or None,
        "note": finding.note or None,
        "resolved_by": finding.resolved_by or None,
        "resolved_at": moment(finding.resolved_at),
        "created_at": moment(finding.created_at),
    }
