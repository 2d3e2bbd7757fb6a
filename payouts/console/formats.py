"""How payout requests look: their chips, and what a quote says. The same chips as everywhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from money import Money
from payouts.models import KycStatus, PayoutRequest, PayoutStatus
from payouts.selectors import returned_of
from transfers.console.formats import UNKNOWN, Chip, money_text, span
from transfers.models import Transfer

SOON: Final = timedelta(minutes=2)
_CHIPS: Final = {
    PayoutStatus.REQUESTED: Chip("Waiting", "grey", "hourglass_top"),
    PayoutStatus.APPROVED: Chip("Approved", "sky", "how_to_reg"),
    PayoutStatus.PROCESSING: Chip("Processing", "amber", "autorenew"),
    PayoutStatus.PAID: Chip("Paid", "emerald", "check_circle"),
    PayoutStatus.FAILED: Chip("Failed", "red", "error"),
    PayoutStatus.REJECTED: Chip("Rejected", "red", "thumb_down"),
    PayoutStatus.CANCELLED: Chip("Cancelled", "grey", "block"),
}
_KYC_CHIPS: Final = {
    KycStatus.PENDING: Chip("Not checked", "unknown", "help"),
    KycStatus.APPROVED: Chip("Approved", "emerald", "verified_user"),
    KycStatus.REJECTED: Chip("Rejected", "red", "gpp_bad"),
    KycStatus.EXPIRED: Chip("Expired", "red", "event_busy"),
}


@dataclass(frozen=True, slots=True)
class QuoteText:
    """What a quote says, ready to be read. `expiry` is "" when it never said one; `left` is short."""

    source: str
    rate: str
    fee: str
    expiry: str
    left: str
    expired: bool
    expires_at: datetime | None


def payout_chip(payout: PayoutRequest, transfer: Transfer | None = None) -> Chip:
    """Where it stands; an unknown outcome and money that came back are said before the status."""
    if payout.returned_at is not None:
        came_back = returned_of(transfer) if transfer is not None else None
        short = came_back is not None and _is_short(came_back, payout.amount)
        return Chip("Returned short" if short else "Returned", "red", "u_turn_left")
    if transfer is not None and transfer.outcome_unknown:
        return UNKNOWN
    return _CHIPS[PayoutStatus(payout.status)]


def _is_short(came_back: Money, paid: Money) -> bool:
    return came_back.currency == paid.currency and came_back.minor < paid.minor


def status_label(status: str) -> str:
    """In a sentence: "rejected"."""
    return PayoutStatus(status).label.lower()


def kyc_chip(status: str) -> Chip:
    """What is known of a payee."""
    return _KYC_CHIPS[KycStatus(status)]


def quote_text(payout: PayoutRequest, *, now: datetime) -> QuoteText | None:
    """None when the rail gave no numbers yet."""
    quote = payout.quote
    if not quote:
        return None
    currency = str(quote["source_currency"])
    expires_at = payout.quote_expires_at
    left = (expires_at - now).total_seconds() if expires_at else 0.0
    expiry = ""
    if expires_at is not None:
        expiry = f"expires in {span(left)}" if left > 0 else f"expired {span(-left)} ago"
    return QuoteText(
        source=money_text(Money(quote["source_minor"], currency)),
        rate=f"1 {currency} = {quote['rate']} {payout.currency}",
        fee=money_text(Money(quote["fee_minor"], currency)),
        expiry=expiry,
        left=f"{span(left)} left" if left > 0 else "expired",
        expired=expires_at is not None and left <= 0,
        expires_at=expires_at,
    )
