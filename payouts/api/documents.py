"""Models into the contract's JSON. Bank details only masked; nothing here asks the database."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from money import Money
from payouts.models import Payee, PayoutRequest, Recipient
from payouts.selectors import returned_of
from payouts.timeline import Event
from transfers.api.documents import Document, moment, transfer_document
from transfers.models import Transfer
from transfers.shown import ShownAttempt


def payout_document(
    payout: PayoutRequest, transfer: Transfer | None, attempts: Iterable[ShownAttempt]
) -> Document:
    """One request, as the contract names its fields. `payout` as `selectors.payouts_shown` reads it."""
    successor = getattr(payout, "superseded_by", None)
    return {
        "id": payout.pk,
        "payee": _payee_of_payout(payout.payee),
        "amount": payout.amount.format(),
        "currency": payout.currency,
        "rail": payout.rail,
        "region": payout.region,
        "recipient": recipient_document(payout.recipient),
        "quote": quote_document(payout.quote),
        "status": payout.status,
        "version": payout.version,
        "created_by": payout.created_by,
        "reviewed_by": payout.reviewed_by or None,
        "reviewed_at": moment(payout.reviewed_at),
        "reason": payout.reason or None,
        "claimed_by": _claimed_by(payout),
        "approval_fingerprint": payout.approval_fingerprint or None,
        "transfer": transfer and transfer_document(transfer, attempts),
        "returned": _returned_document(payout, transfer),
        "supersedes": payout.supersedes_id,
        "superseded_by": successor and successor.pk,
        "created_at": moment(payout.created_at),
        "updated_at": moment(payout.updated_at),
    }


def _returned_document(payout: PayoutRequest, transfer: Transfer | None) -> Document | None:
    if payout.returned_at is None or transfer is None:
        return None
    amount = returned_of(transfer)
    return {
        "amount": amount and amount.format(),
        "currency": amount and amount.currency,
        "at": moment(payout.returned_at),
    }


def _claimed_by(payout: PayoutRequest) -> str | None:
    until = payout.claimed_until
    return payout.claimed_by if until is not None and until > timezone.now() else None


def _payee_of_payout(payee: Payee) -> Document:
    return {
        "external_id": payee.external_id,
        "name": payee.name,
        "region": payee.region,
        "kyc_status": payee.status,
    }


def recipient_document(recipient: Recipient) -> Document:
    """A version of somebody's details, as much as may be seen."""
    return {
        "id": recipient.pk,
        "type": recipient.type,
        "masked": recipient.masked,
        "version": recipient.version,
        "created_at": moment(recipient.created_at),
    }


def quote_document(quote: dict[str, Any] | None) -> Document | None:
    """The numbers that a reviewer signs; null before the rail said any."""
    if quote is None:
        return None
    currency = quote["source_currency"]
    return {
        "rate": quote["rate"],
        "fee": Money(quote["fee_minor"], currency).format(),
        "source_amount": Money(quote["source_minor"], currency).format(),
        "source_currency": currency,
        "expires_at": quote["expires_at"].replace("+00:00", "Z"),
    }


def payee_document(payee: Payee, recipients: Iterable[Recipient]) -> Document:
    """A payee, what is known of them, and their details, newest first."""
    return {
        "external_id": payee.external_id,
        "name": payee.name,
        "region": payee.region,
        "email": payee.email or None,
        "status": payee.status,
        "version": payee.version,
        "kyc": {
            "status": payee.status,
            "checked_by": payee.kyc_checked_by or None,
            "checked_at": moment(payee.kyc_checked_at),
            "note": payee.kyc_note or None,
        },
        "recipients": [recipient_document(one) for one in recipients],
        "created_at": moment(payee.created_at),
        "updated_at": moment(payee.updated_at),
    }


def event_document(event: Event) -> Document:
    """One line of a timeline."""
    return {
        "at": moment(event.at),
        "kind": event.kind,
        "what": event.what,
        "actor": event.actor or None,
        "detail": event.detail,
    }
