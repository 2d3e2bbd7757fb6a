"""Pay All and Pay Rest: one transfer for everybody on the booking who has none, at once, without touching a rail.

Any number of requests at the same moment make one row a person: the unique constraint `one_transfer_per_debt`
decides, and each request is told what became of every person it named.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction

from audit.actor import Actor
from audit.record import COLUMNS
from guard.belief import require_version
from guard.errors import Refused
from transfers.models import Booking, Transfer, TransferStatus
from transfers.selectors import crew_preview, get_booking, transfers_of
from transfers.services.retry_transfer import booking_cancelled
from transfers.shown import ShownTransfer, shown_transfers
from transfers.wake import wake_after_commit


class NotOnBooking(Refused):
    """Somebody named is not on this booking's crew; nobody was enqueued."""

    code = "not_on_booking"
    http_status = 422
    title = "Not on this booking"


class PreviewStale(Refused):
    """What would be paid is no longer what the preview showed; nobody was enqueued."""

    code = "preview_stale"
    title = "The preview is out of date"


@dataclass(frozen=True, slots=True)
class CrewPay:
    """What became of one person: an outcome of the contract's list, and the transfer as it is now."""

    user_id: str
    outcome: str
    transfer: ShownTransfer


# Rows come straight from the crew, in one order for every caller: two callers that insert the same people wait for
# each other on the first of them instead of deadlocking. ON CONFLICT decides, since it sees what a concurrent caller
# committed; NOT IN only spares a repeated call the making of ten thousand rows that are not wanted. It is hashed
# whatever the planner believes; as NOT EXISTS it took a second while a new crew was not in the statistics yet.
_ENQUEUE = f"""
    WITH enqueued AS (
        INSERT INTO transfers_transfer (
            debt_key, source_type, source_id, source_reference, user_id, payee_name, amount_minor, currency,
            rail, destination, status, outcome_unknown, reversed_minor, attempt_count)
        SELECT gen_random_uuid(), 'booking', %(booking)s, %(reference)s, user_id, name, amount_minor, currency,
            'stripe', stripe_account, 'pending', false, 0, 0
        FROM transfers_crewmember
        WHERE booking_id = %(booking)s AND (%(everybody)s OR user_id = ANY(%(user_ids)s))
            AND user_id NOT IN (
                SELECT user_id FROM transfers_transfer
                WHERE source_type = 'booking' AND source_id = %(booking)s)
        ORDER BY id
        ON CONFLICT ON CONSTRAINT one_transfer_per_debt DO NOTHING
        RETURNING id, user_id, amount_minor, currency
    ), entries AS (
        INSERT INTO audit_entry ({COLUMNS}, seq, prev_hash, entry_hash)
        SELECT 'transfer:' || id, 'transfer.pending', 'won', '', 'pending', %(actor_kind)s, %(actor_name)s,
            %(actor_user_id)s::bigint, '', %(request_id)s,
            jsonb_build_object('booking', %(reference)s::text, 'user_id', user_id,
                               'amount_minor', amount_minor, 'currency', currency), 0, '', ''
        FROM enqueued
    )
    SELECT id FROM enqueued ORDER BY id
"""


def pay_crew(
    *,
    reference: str,
    actor: Actor,
    user_ids: Sequence[str] | None = None,
    preview_token: str | None = None,
    expected_version: int | None = None,
) -> tuple[Booking, list[CrewPay]]:
    """Enqueue a transfer for everybody named (None = the whole crew) who has none. Opens its own transaction.

    Workers are woken after the commit. Raises NotFound, NotOnBooking (422), PreviewStale, BookingCancelled and
    Conflicted (409: the booking is at another version than `expected_version`); in each case nobody was enqueued. A
    person who has a transfer gets `already_paid`, `in_progress`, `outcome_unknown` or `failed_needs_retry` instead of
    a second one.
    """
    wanted = None if user_ids is None else list(dict.fromkeys(user_ids))
    try:
        booking, new_ids = _enqueue_all(reference, wanted, preview_token, actor, expected_version)
    except IntegrityError as error:
        raise booking_cancelled(error) from error
    return _outcomes(booking, wanted, set(new_ids))


def _enqueue_all(
    reference: str,
    wanted: Sequence[str] | None,
    preview_token: str | None,
    actor: Actor,
    expected_version: int | None,
) -> tuple[Booking, list[int]]:
    with transaction.atomic():
        booking = get_booking(reference)
        require_version(booking, expected_version)
        if wanted is not None:
            _refuse_strangers(booking, wanted)
        if preview_token is not None and preview_token != crew_preview(booking, wanted).token:
            raise PreviewStale(
                "Somebody was paid or changed since you looked. Look again, then pay."
            )
        new_ids = enqueue(booking, wanted, actor)
        wake_after_commit(new_ids)
    return booking, new_ids


def enqueue(booking: Booking, user_ids: Sequence[str] | None, actor: Actor) -> list[int]:
    """Insert the missing transfers and their audit entries in one statement; the new ids. Needs no transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            _ENQUEUE,
            {
                "booking": booking.pk,
                "reference": booking.reference,
                "everybody": user_ids is None,
                "user_ids": list(user_ids or ()),
                "actor_kind": actor.kind,
                "actor_name": actor.name[:150],
                "actor_user_id": actor.user_id,
                "request_id": actor.request_id[:64],
            },
        )
        return [row[0] for row in cursor.fetchall()]


def _refuse_strangers(booking: Booking, wanted: Sequence[str]) -> None:
    known = set(booking.crew.filter(user_id__in=wanted).values_list("user_id", flat=True))
    strangers = [user_id for user_id in wanted if user_id not in known]
    if strangers:
        raise NotOnBooking(
            f"Not on booking {booking.reference}: {', '.join(strangers[:20])}.", user_ids=strangers
        )


def _outcomes(
    booking: Booking, wanted: Sequence[str] | None, new_ids: set[int]
) -> tuple[Booking, list[CrewPay]]:
    rows = transfers_of(booking)
    if wanted is not None:
        rows = rows.filter(user_id__in=wanted)
    pays = [
        CrewPay(row.user_id, "enqueued" if row.pk in new_ids else outcome_of(row), row)
        for row in shown_transfers(rows.order_by("id"))
    ]
    booking.refresh_from_db()
    return booking, pays


def outcome_of(transfer: Transfer | ShownTransfer) -> str:
    """The contract's word for a person who already has this transfer.

    A reversed or returned transfer counts as `already_paid`: it is not paid again by pressing a button twice.
    """
    if transfer.outcome_unknown:
        return "outcome_unknown"
    if transfer.status in (TransferStatus.PENDING, TransferStatus.PROCESSING):
        return "in_progress"
    if transfer.status == TransferStatus.FAILED:
        return "failed_needs_retry"
    return "already_paid"
