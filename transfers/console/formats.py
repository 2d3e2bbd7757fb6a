"""How amounts, statuses and moments look on every screen. Text and icon always go with a colour."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from money import Money, exponent
from transfers.models import Booking, PaymentState, Transfer, TransferStatus
from transfers.models.attempt import AttemptOutcome

_STROOPS: Final = 7
_SYMBOLS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


@dataclass(frozen=True, slots=True)
class Chip:
    """A status as people see it: `tone` is a CSS class, `icon` a Material Symbols name."""

    label: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class ProgressPart:
    """One colour of a progress bar, in percent of its width."""

    tone: str
    start: float
    width: float


UNPAID: Final = Chip("Unpaid", "grey", "radio_button_unchecked")
UNKNOWN: Final = Chip("Unknown", "unknown", "help")
_TRANSFER_CHIPS: Final = {
    TransferStatus.PENDING: Chip("Pending", "grey", "schedule"),
    TransferStatus.PROCESSING: Chip("Processing", "amber", "autorenew"),
    TransferStatus.SUCCESS: Chip("Paid", "emerald", "check_circle"),
    TransferStatus.FAILED: Chip("Failed", "red", "error"),
    TransferStatus.CANCELLED: Chip("Cancelled", "grey", "block"),
    TransferStatus.REVERSED: Chip("Reversed", "red", "undo"),
    TransferStatus.RETURNED: Chip("Returned", "red", "u_turn_left"),
}
_BOOKING_CHIPS: Final = {
    PaymentState.UNPAID: UNPAID,
    PaymentState.PROCESSING: Chip("Processing", "amber", "autorenew"),
    PaymentState.PARTIALLY_PAID: Chip("Partially paid", "sky", "incomplete_circle"),
    PaymentState.PAID: Chip("Paid", "emerald", "check_circle"),
    PaymentState.ATTENTION: Chip("Needs attention", "red", "error"),
}
_ATTEMPT_CHIPS: Final = {
    AttemptOutcome.LIVE: Chip("In flight", "amber", "autorenew"),
    AttemptOutcome.UNKNOWN: UNKNOWN,
    AttemptOutcome.SUCCEEDED: Chip("Succeeded", "emerald", "check_circle"),
    AttemptOutcome.FAILED: Chip("Failed", "red", "error"),
}


def transfer_chip(transfer: Transfer | None) -> Chip:
    """The chip of one person's transfer; None is a person who was not paid yet."""
    if transfer is None:
        return UNPAID
    if transfer.outcome_unknown:
        return UNKNOWN
    return _TRANSFER_CHIPS[TransferStatus(transfer.status)]


def booking_chip(state: str) -> Chip:
    """The chip of a booking's payment state."""
    return _BOOKING_CHIPS[PaymentState(state)]


def attempt_chip(outcome: str) -> Chip:
    """The chip of an attempt or of a reversal."""
    return _ATTEMPT_CHIPS[AttemptOutcome(outcome)]


def money_text(amount: Money) -> str:
    """As people write it: $1,800.00 where the sign is one currency's alone, else 1,800.00 CAD.

    On Stellar without the zeros that stroops bring along and without the issuer: 75.00 USDC.
    """
    symbol = _SYMBOLS.get(amount.currency)
    number = str(amount).removesuffix(f" {amount.currency}")
    if exponent(amount.currency) == _STROOPS:
        whole, _, decimals = number.partition(".")
        number = f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
    if symbol is None:
        return f"{number} {amount.currency.partition(':')[0]}"
    sign = "-" if number.startswith("-") else ""
    return f"{sign}{symbol}{number.removeprefix('-')}"


def clock(moment: datetime, *, now: datetime) -> str:
    """Hours and minutes, with seconds while it is fresh, with the date when it is not today. UTC."""
    moment, now = moment.astimezone(UTC), now.astimezone(UTC)
    if moment.date() != now.date():
        return f"{moment:%d %b %Y %H:%M}".lstrip("0")
    return f"{moment:%H:%M:%S}" if abs(now - moment) < timedelta(minutes=10) else f"{moment:%H:%M}"


def exact(moment: datetime) -> str:
    """The whole moment with its zone, for a hover: "2026-11-20 14:03:05.123 UTC"."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} UTC"


def age(moment: datetime, *, now: datetime) -> str:
    """How long ago, in the largest unit: "just now", "4 min", "3 h", "12 d"."""
    seconds = int((now - moment).total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "just now"


def span(seconds: float) -> str:
    """A duration to be read: "8 s", "4 min", "2 h", "3 d"."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def progress_parts(booking: Booking) -> list[ProgressPart]:
    """Paid, on the way, unknown and failed people as shares of the crew, in this order from the left."""
    counts = (
        ("emerald", booking.success_count),
        ("amber", booking.processing_count),
        ("grey", booking.pending_count),
        ("unknown", booking.unknown_count),
        ("red", booking.failed_count + booking.undone_count),
    )
    parts, start = [], 0.0
    for tone, count in counts:
        if count:
            width = round(100 * count / booking.crew_count, 2)
            parts.append(ProgressPart(tone, round(start, 2), width))
            start += width
    return parts
