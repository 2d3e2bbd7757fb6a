"""Take over one row of an older table that had one transfer per booking and no person.

The person is the booking's only crew member. Whatever is not certain is refused with its reason and changes nothing.
"""

from dataclasses import dataclass

from django.db import transaction

from audit.actor import Actor
from audit.record import Note, record
from money import InvalidAmount, Money, UnknownCurrency
from transfers.models import Booking, CrewMember, Rail, SourceType, Transfer, TransferStatus

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
    try:
        with transaction.atomic():
            return _import(row, actor, dry_run=dry_run)
    except _NotCertainError as reason:
        return Imported("refused", str(reason))


class _NotCertainError(Exception):
    """Why this row cannot be taken over without a person."""


def _import(row: LegacyRow, actor: Actor, *, dry_run: bool) -> Imported:
    booking, member = _whose(row)
    if not _was_paid(row, member.amount):
        return Imported("nothing_paid", "it was not paid; Pay All will pay it")
    reference = row.stripe_transfer.strip() or f"legacy:{row.booking}"
    existing = Transfer.objects.filter(
        source_type=SourceType.BOOKING, source_id=booking.pk, user_id=member.user_id
    ).first()
    if existing is not None:
        if existing.rail_reference != reference:
            raise _NotCertainError(f"transfer {existing.pk} is {existing.status} here already")
        return Imported("already_imported", f"transfer {existing.pk}")
    if Transfer.objects.filter(rail=Rail.STRIPE, rail_reference=reference).exists():
        raise _NotCertainError(f"{reference} belongs to another transfer")
    if not dry_run:
        _write_down(booking, member, reference, actor)
    return Imported("imported", f"{member.name} ({member.user_id}), {member.amount}")


def _whose(row: LegacyRow) -> tuple[Booking, CrewMember]:
    booking = Booking.objects.select_for_update(no_key=True).filter(reference=row.booking).first()
    if booking is None:
        raise _NotCertainError("there is no such booking")
    if booking.crew_count != 1:
        raise _NotCertainError(f"the booking has {booking.crew_count} crew members: whose was it?")
    return booking, booking.crew.get()


def _was_paid(row: LegacyRow, owed: Money) -> bool:
    status = row.status.strip().lower()
    if status in _NOT_PAID:
        return False
    if status not in _PAID:
        raise _NotCertainError(f"status {row.status!r} does not say whether money moved")
    try:
        paid = Money.parse(row.amount.strip(), row.currency.strip().upper())
    except (InvalidAmount, UnknownCurrency) as error:
        raise _NotCertainError(str(error)) from error
    if paid != owed:
        raise _NotCertainError(f"{paid} was paid, {owed} is owed")
    return True


def _write_down(booking: Booking, member: CrewMember, reference: str, actor: Actor) -> None:
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
