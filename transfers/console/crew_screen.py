"""What the crew dialog shows: a plain read model of one booking, its people and what can be done now.

Large crews are ordered by need (failed, unknown, undone, in motion, unpaid, paid) and cut to `MOST_LINES`; the order
and the cut are decided on light tuples, so that 10,000 people cost two narrow queries, not 10,000 objects.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.utils import timezone

from transfers import advice
from transfers.console.formats import Chip, transfer_chip
from transfers.models import (
    Booking,
    CrewMember,
    Finding,
    FindingState,
    Transfer,
    TransferAttempt,
    TransferStatus,
)
from transfers.selectors import transfers_with_attempts
from transfers.shown import ShownTransfer

MOST_LINES: Final = 200
# Up to so many people the crew keeps its own order, so that nobody moves while one looks.
SMALL_CREW: Final = 20
FAST_POLL_SECONDS: Final = 1.5
SLOW_POLL_SECONDS: Final = 5.0
_NEED: Final = {
    "failed": 0,
    "unknown": 1,
    "reversed": 2,
    "returned": 2,
    "processing": 3,
    "pending": 4,
    "": 5,
    "cancelled": 5,
    "success": 6,
}


@dataclass(frozen=True, slots=True)
class CrewLine:
    """One person as the dialog shows them."""

    member: CrewMember
    transfer: Transfer | None
    chip: Chip
    attempt: TransferAttempt | None = None
    what_to_do: str = ""
    asked_at: datetime | None = None
    next_check_at: datetime | None = None
    finding_id: int | None = None
    waiting: str = ""

    @property
    def is_paid(self) -> bool:
        """Nothing is left to do for this person."""
        return self.transfer is not None and self.transfer.status == TransferStatus.SUCCESS

    @property
    def can_retry(self) -> bool:
        """Only a failure that nothing contradicts may be retried."""
        return self.has_failed and self.finding_id is None

    @property
    def has_failed(self) -> bool:
        """Did the last attempt fail?"""
        return self.transfer is not None and self.transfer.status == TransferStatus.FAILED

    @property
    def resent(self) -> bool:
        """Did the identical request go out more than once?"""
        return self.attempt is not None and self.attempt.send_count > 1


@dataclass(frozen=True, slots=True)
class CrewScreen:
    """The whole dialog."""

    booking: Booking
    lines: list[CrewLine]
    query: str = ""
    found: int = 0
    unpaid_count: int = 0
    now: datetime = field(default_factory=timezone.now)

    @property
    def rest(self) -> int:
        """How many people the big button would pay: those without a transfer, and those whose transfer failed."""
        return self.unpaid_count + self.booking.failed_count

    @property
    def untouched(self) -> bool:
        """Was nobody on this booking paid or tried yet?"""
        return self.unpaid_count == self.booking.crew_count

    @property
    def in_motion(self) -> int:
        """How many people are on their way, unknown ones not counted."""
        return self.booking.pending_count + self.booking.processing_count

    @property
    def poll_milliseconds(self) -> int:
        """How soon to look again; 0 when nothing moves by itself any more."""
        if self.in_motion:
            return int(FAST_POLL_SECONDS * 1000)
        return int(SLOW_POLL_SECONDS * 1000) if self.booking.unknown_count else 0

    @property
    def paid_percent(self) -> int:
        """Of the total, rounded down so that 100 means all of it."""
        return self.booking.paid_minor * 100 // self.booking.total_minor

    @property
    def hidden(self) -> int:
        """People who match and do not fit."""
        return self.found - len(self.lines)

    @property
    def shown_ids(self) -> str:
        """The people on the screen, for the next look at exactly them."""
        return ",".join(str(line.member.pk) for line in self.lines)


def crew_screen(
    booking: Booking, *, query: str = "", shown: Sequence[int] | None = None
) -> CrewScreen:
    """Read the dialog. `query` filters by name, role or user id; `shown` asks for exactly these people again."""
    ids = _chosen_ids(booking, query.strip()) if shown is None else list(shown)[:MOST_LINES]
    found = len(ids)
    return CrewScreen(
        booking=booking,
        lines=_lines(booking, ids[:MOST_LINES]),
        query=query.strip(),
        found=found,
        unpaid_count=unpaid_count(booking),
    )


def unpaid_count(booking: Booking) -> int:
    """People on the booking who have no transfer, from the counters of the booking's own row."""
    return booking.crew_count - (
        booking.pending_count
        + booking.processing_count
        + booking.unknown_count
        + booking.success_count
        + booking.failed_count
        + booking.undone_count
    )


def _chosen_ids(booking: Booking, query: str) -> list[int]:
    people = booking.crew.order_by("id").values_list("id", "user_id", "name", "role")
    needle = query.casefold()
    chosen = [
        (pk, user_id)
        for pk, user_id, name, role in people
        if not needle or needle in f"{name}\n{role}\n{user_id}".casefold()
    ]
    if booking.crew_count <= SMALL_CREW:
        return [pk for pk, _ in chosen]
    standing = {
        user_id: "unknown" if unknown else status
        for user_id, status, unknown in Transfer.objects.filter(
            source_type="booking", source_id=booking.pk
        ).values_list("user_id", "status", "outcome_unknown")
    }
    chosen.sort(key=lambda person: (_NEED[standing.get(person[1], "")], person[0]))
    return [pk for pk, _ in chosen]


def _lines(booking: Booking, ids: Sequence[int]) -> list[CrewLine]:
    members = {member.pk: member for member in booking.crew.filter(pk__in=ids)}
    people = [members[pk] for pk in ids if pk in members]
    transfers = {
        transfer.user_id: transfer
        for transfer in transfers_with_attempts().filter(
            source_type="booking",
            source_id=booking.pk,
            user_id__in=[member.user_id for member in people],
        )
    }
    findings = disputed(transfers.values())
    return [_line(member, transfers.get(member.user_id), findings) for member in people]


def disputed(transfers: Iterable[Transfer | ShownTransfer]) -> dict[int, int]:
    """Open findings about the failed ones among `transfers`: transfer id -> finding id."""
    failed = [f"transfer:{one.pk}" for one in transfers if one.status == TransferStatus.FAILED]
    if not failed:
        return {}
    rows = Finding.objects.filter(subject__in=failed, state=FindingState.OPEN)
    return {int(subject.partition(":")[2]): pk for subject, pk in rows.values_list("subject", "pk")}


def _line(member: CrewMember, transfer: Transfer | None, findings: Mapping[int, int]) -> CrewLine:
    chip = transfer_chip(transfer)
    if transfer is None:
        return CrewLine(member, None, chip)
    attempts = list(transfer.attempts.all())
    attempt = attempts[-1] if attempts else None
    if transfer.outcome_unknown and attempt is not None:
        return CrewLine(
            member,
            transfer,
            chip,
            attempt,
            asked_at=attempt.last_probed_at or attempt.last_sent_at,
            next_check_at=transfer.due_at,
        )
    waits = attempt.waiting_for if attempt is not None else {}
    if transfer.status == TransferStatus.PROCESSING and waits:
        what_to_do = advice.while_waiting(waits["code"])
        return CrewLine(member, transfer, chip, attempt, what_to_do, waiting=waits["message"])
    finding = findings.get(transfer.pk)
    what_to_do = ""
    if transfer.status == TransferStatus.FAILED:
        what_to_do = advice.DISPUTED if finding else advice.after_failure(transfer.failure_code)
    return CrewLine(member, transfer, chip, attempt, what_to_do, finding_id=finding)
