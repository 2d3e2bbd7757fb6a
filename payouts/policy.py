"""Pure rules of payout review: who may decide, what an approval is bound to, what it counts, what is proven dead.

Admin, API and commands all end in the services, and the services ask here. The database repeats the rules about
approvals (payouts/triggers.py) for whoever does not come through a service.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from guard.errors import PermissionDenied, Refused
from money import MAX_MINOR, Money, exponent, is_bare_asset
from payouts.errors import ApprovalLimitExceeded, KycIncomplete, SelfApproval
from payouts.models import KycStatus, PayoutRail, PayoutStatus, RecipientType
from transfers.models import TransferStatus

APPROVAL_WINDOW_HOURS = 24
_BANK = {RecipientType.IBAN, RecipientType.SORT_CODE, RecipientType.ABA}
RECIPIENTS_OF_RAIL: Mapping[str, frozenset[str]] = {
    PayoutRail.WISE: frozenset(kind.value for kind in _BANK),
    PayoutRail.STELLAR: frozenset({RecipientType.STELLAR.value}),
}
# fmt: off
_EU = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})
# fmt: on
_DEAD_PAYOUT = {PayoutStatus.REJECTED, PayoutStatus.CANCELLED, PayoutStatus.FAILED}
_UNDONE = {TransferStatus.REVERSED, TransferStatus.RETURNED}
_DEAD_TRANSFER = {TransferStatus.FAILED, TransferStatus.CANCELLED, *_UNDONE}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reviewer signs. `newest_recipient`: the payee's newest details of the same type."""

    payee: int
    kyc: str
    recipient: int
    newest_recipient: int
    amount_minor: int
    currency: str
    rail: str
    source_minor: int | None
    source_currency: str
    max_drift_percent: str

    def fingerprint(self) -> str:
        """SHA-256 over all of it, in hexadecimal."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Review:
    """One person about to approve one request; amounts are minor units of the base currency."""

    reviewer_id: int | None
    created_by_id: int | None
    kyc: str
    base_minor: int | None
    used_minor: int
    limit: Money


def refusal_of(review: Review) -> Refused | None:
    """Why this person may not approve this request, with the numbers; None when they may."""
    if review.reviewer_id is None:
        return PermissionDenied(
            "An approval is a person's: a command names one, a program has none."
        )
    if review.reviewer_id == review.created_by_id:
        return SelfApproval("You made this request, so somebody else must approve it.")
    if review.kyc != KycStatus.APPROVED:
        return KycIncomplete(f"The payee's KYC is {review.kyc}.", kyc_status=review.kyc)
    return _over_limit(review)


def _over_limit(review: Review) -> Refused | None:
    currency, limit = review.limit.currency, review.limit.minor
    numbers: dict[str, Any] = {
        "limit": review.limit.format(),
        "used": Money(review.used_minor, currency).format(),
        "remaining": Money(max(limit - review.used_minor, 0), currency).format(),
        "base_currency": currency,
    }
    if review.base_minor is None:
        return ApprovalLimitExceeded(
            f"Nobody knows what this is in {currency}: there is no quote and no rate for it.",
            **numbers,
        )
    asked = Money(review.base_minor, currency)
    if review.used_minor + review.base_minor > limit:
        return ApprovalLimitExceeded(
            f"{asked} would exceed your limit of {review.limit} in {APPROVAL_WINDOW_HOURS} hours.",
            asked=asked.format(),
            **numbers,
        )
    return None


def base_minor(
    amount: Money, quote: Mapping[str, Any] | None, *, base: str, rates: Mapping[str, Decimal]
) -> int | None:
    """What `amount` counts against a limit in `base` minor units, rounded up; None when no rate is known, and for what
    is more than any limit could be: neither is ever approved.

    The quote's source amount says what it really costs; `rates` (units of `base` for one unit) are for before that.
    """
    if quote is not None:
        amount = Money(quote["source_minor"], quote["source_currency"])
    rate = Decimal(1) if amount.currency == base else rates.get(amount.currency)
    if rate is None:
        return None
    units = Decimal(amount.minor).scaleb(-exponent(amount.currency)) * rate
    counted = int(units.scaleb(exponent(base)).to_integral_value(ROUND_CEILING))
    return counted if counted <= MAX_MINOR else None


def within_drift(approved: Money, now: Money, max_drift_percent: Decimal) -> bool:
    """May money leave at `now` when `approved` was signed? Less is always fine."""
    if approved.currency != now.currency:
        return False
    return Decimal(now.minor) <= Decimal(approved.minor) * (1 + max_drift_percent / 100)


def is_proven_dead(payout_status: str, transfer_status: str | None) -> bool:
    """Can no money of this request be with the payee or on its way? Only then may it be reissued."""
    if payout_status == PayoutStatus.PAID:
        return transfer_status in _UNDONE
    return payout_status in _DEAD_PAYOUT and (
        transfer_status is None or transfer_status in _DEAD_TRANSFER
    )


def rail_pays(rail: str, currency: str, *, stellar_codes: Collection[str] = ()) -> bool:
    """Wise pays national currencies, Stellar its own and those issued on it.

    `stellar_codes`: the codes that name an asset on Stellar without its issuer. A code that is a national currency's
    as well (EUR) means that one on Wise.
    """
    if rail == PayoutRail.STELLAR:
        return currency == "XLM" or ":" in currency or currency in stellar_codes
    return currency != "XLM" and ":" not in currency and not is_bare_asset(currency)


def region_of(country: str) -> str:
    """The queue's region for an account in `country`, when nobody said another."""
    return "EU" if country in _EU else country or "OTHER"
