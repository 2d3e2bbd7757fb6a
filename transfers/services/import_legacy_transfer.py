"""Take over one row of an older table that had one transfer per booking and no person.

The person is the booking's only crew member. Whatever is not certain is refused with its reason and changes nothing.
"""

from dataclasses import dataclass

from django.db import transaction

from audit.actor import Actor
from audit.record import Note, record
from money import InvalidAmount, Money, UnknownCurrency
from transfers.models import Booking, Rail, SourceType, Transfer, TransferStatus

_PAID = {"paid", "success", "succeeded", "completed"}
_NOT_PAID = {"unpaid", "pending", "failed", "cancelled", ""}


@dataclass(frozen=True, slots=True)
class LegacyRow:
    """A line of the old table, as text."""

    booking: str
    amount: str
    currency: str
    status: str
    stripe_transfer: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a row: `imported`, `already_imported`, `nothing_paid` or `refused`, and why."""

    result: str
    detail: str


def import_legacy_transfer(*, row: LegacyRow, actor: Actor, dry_run: bool = False) -> Imported:
    """Write a paid row down as a transfer that succeeded; nothing is sent anywhere. Own transaction.

    Safe to repeat, also while the booking is being paid: the unique constraint per debt decides. A row that says
    "paid" without a Stripe transfer id is kept under "legacy:<booking>".
    """
    with transaction.atomic():
        booking = (
            Booking.objects.select_for_update(no_key=True).filter(reference=row.booking).first()
        )
        if booking is None:
            return Imported("refused", "there is no such booking")
        crew = list(booking.crew.all()[:2])
        if len(crew) != 1:
            return Imported(
                "refused", f"the booking has {booking.crew_count} crew members: whose was it?"
            )
        status = row.status.strip().lower()
        if status in _NOT_PAID:
            return Imported("nothing_paid", "it was not paid; Pay All will pay it")
        if status not in _PAID:
            return Imported("refused", f"status {row.status!r} does not say whether money moved")
        problem = _amount_problem(row, crew[0].amount)
        if problem:
            return Imported("refused", problem)
        reference = row.stripe_transfer.strip() or f"legacy:{row.booking}"
        existing = Transfer.objects.filter(
            source_type=SourceType.BOOKING, source_id=booking.pk, user_id=crew[0].user_id
        ).first()
        if existing is not None:
            return _already(existing, reference)
        if Transfer.objects.filter(rail=Rail.STRIPE, rail_reference=reference).exists():
            return Imported("refused", f"{reference} belongs to another transfer")
        if not dry_run:
            _write_down(booking, reference, actor)
        return Imported("imported", f"{crew[0].name} ({crew[0].user_id}), {crew[0].amount}")


def _amount_problem(row: LegacyRow, owed: Money) -> str:
    try:
        paid = Money.parse(row.amount.strip(), row.currency.strip().upper())
    except (InvalidAmount, UnknownCurrency) as error:
        return str(error)
    return "" if paid == owed else f"{paid} was paid, {owed} is owed"


def _already(existing: Transfer, reference: str) -> Imported:
    if existing.rail_reference == reference:
        return Imported("already_imported", f"transfer {existing.pk}")
    return Imported("refused", f"transfer {existing.pk} is {existing.status} here already")


def _write_down(booking: Booking, reference: str, actor: Actor) -> None:
    member = booking.crew.get()
    transfer = Transfer.objects.create(
        source_type=SourceType.BOOKING,
        source_id=booking.pk,
        source_reference=booking.reference,
        user_id=member.user_id,
        payee_name=member.name,
        amount_minor=member.amount_minor,
        currency=member.currency,
        rail=Rail.STRIPE,
        destination=member.stripe_account,
        status=TransferStatus.SUCCESS,
        rail_reference=reference,
        due_at=None,
    )
    record(
        Note(
            f"transfer:{transfer.pk}",
            "transfer.imported",
            actor,
            new_status=TransferStatus.SUCCESS,
            reason="paid before PaidOnce",
            snapshot={"booking": booking.reference, "rail_reference": reference},
        )
    )
