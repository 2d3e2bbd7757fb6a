"""Reads. No function here writes, locks or calls a rail."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from guard.errors import NotFound
from money import Money, total
from transfers.models import (
    Booking,
    CrewMember,
    Finding,
    RailEvent,
    SourceType,
    Transfer,
    TransferAttempt,
    TransferStatus,
)
from transfers.models.rail_event import EVENT_REFERENCE
from transfers.shown import ShownTransfer, shown_transfers

MOST_EVENTS_OF_A_RAIL = 200


def rail_events_about(rail: str, reference: str) -> QuerySet[RailEvent]:
    """The rail's messages about the payment that it calls so, the newest first (index rail_event_by_reference)."""
    events = RailEvent.objects.alias(about=EVENT_REFERENCE).filter(rail=rail, about=reference)
    return events.order_by("-id")[:MOST_EVENTS_OF_A_RAIL]


@dataclass(frozen=True, slots=True)
class CrewRow:
    """One person on a booking, with their transfer if there is one."""

    member: CrewMember
    transfer: ShownTransfer | None

    @property
    def payable(self) -> bool:
        """Would Pay All enqueue this person?"""
        return self.transfer is None

    @property
    def why(self) -> str:
        """Why this person would not be enqueued; empty when they would."""
        transfer = self.transfer
        if transfer is None:
            return ""
        if transfer.outcome_unknown:
            return "The outcome of their transfer is not known yet."
        return {
            TransferStatus.PENDING: "Their transfer is waiting to be sent.",
            TransferStatus.PROCESSING: "Their transfer is being sent.",
            TransferStatus.SUCCESS: "They have been paid.",
            TransferStatus.FAILED: "Their transfer failed: retry it.",
        }.get(TransferStatus(transfer.status), "Their transfer was undone.")


@dataclass(frozen=True, slots=True)
class CrewPreview:
    """What Pay All would do now; `token` changes when that does."""

    rows: list[CrewRow]
    total: Money
    token: str


def get_booking(reference: str) -> Booking:
    """Raises NotFound."""
    try:
        return Booking.objects.get(reference=reference)
    except Booking.DoesNotExist as error:
        raise NotFound(f"There is no booking {reference}.") from error


def transfers_with_attempts() -> QuerySet[Transfer]:
    """Transfers as the API shows them: two queries however many."""
    return Transfer.objects.prefetch_related(
        Prefetch("attempts", TransferAttempt.objects.order_by("number"))
    )


def get_transfer(transfer_id: int) -> Transfer:
    """With its attempts. Raises NotFound."""
    try:
        return transfers_with_attempts().get(pk=transfer_id)
    except Transfer.DoesNotExist as error:
        raise NotFound(f"There is no transfer {transfer_id}.") from error


def get_finding(finding_id: int) -> Finding:
    """Raises NotFound."""
    finding = Finding.objects.filter(pk=finding_id).first()
    if finding is None:
        raise NotFound(f"There is no finding {finding_id}.")
    return finding


def transfers_of(booking: Booking) -> QuerySet[Transfer]:
    """Every transfer of a booking, without attempts: a prefetch would cost more than all the rest."""
    return Transfer.objects.filter(source_type=SourceType.BOOKING, source_id=booking.pk)


def crew_rows(booking: Booking, user_ids: Sequence[str] | None = None) -> list[CrewRow]:
    """The crew in order, each with their transfer: two queries."""
    crew = booking.crew.order_by("id")
    if user_ids is not None:
        crew = crew.filter(user_id__in=user_ids)
    by_person = {one.user_id: one for one in shown_transfers(transfers_of(booking))}
    return [CrewRow(member, by_person.get(member.user_id)) for member in crew]


def crew_preview(booking: Booking, user_ids: Sequence[str] | None = None) -> CrewPreview:
    """Who would be enqueued by Pay All, for how much, and a token to say "exactly this"."""
    rows = crew_rows(booking, user_ids)
    payable = [row.member for row in rows if row.payable]
    seen = "|".join(
        f"{m.user_id}:{m.amount_minor}:{m.currency}:{m.stripe_account}" for m in payable
    )
    return CrewPreview(
        rows=rows,
        total=total((member.amount for member in payable), booking.currency),
        token=hashlib.sha256(f"{booking.pk}|{seen}".encode()).hexdigest()[:32],
    )
