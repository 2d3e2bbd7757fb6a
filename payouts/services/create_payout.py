"""Somebody asks to be paid. Nothing moves: the request waits for a reviewer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from access.regions import Regions
from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Invalid
from money import Money
from payouts.decision import person
from payouts.models import Payee, PayoutRequest, Recipient
from payouts.policy import RECIPIENTS_OF_RAIL, base_minor, rail_pays, region_of
from payouts.quotes import quoter_for
from payouts.recipients import CheckedRecipient, check_recipient
from payouts.selectors import get_payout
from payouts.services.add_recipient import keep_recipient
from payouts.services.put_payee import find_or_create_payee


@dataclass(frozen=True, slots=True)
class NewPayee:
    """Who is to be paid. `name` and `region` count only for somebody who is not known yet."""

    external_id: str
    name: str = ""
    region: str = ""


def create_payout(
    *,
    payee: NewPayee,
    amount: Money,
    rail: str,
    recipient: Mapping[str, Any],
    actor: Actor,
    regions: Regions = None,
) -> PayoutRequest:
    """A request in `requested`; a payee and details that are new are written down with it. Own transaction.

    Exactly-once creation is the Idempotency-Key's work: two requests for the same amount are two requests. Raises
    Invalid (422) for bad details, or a rail that does not pay this currency or into this kind of account. `regions`:
    those that the caller is held to; NotFound for a payee of another, PermissionDenied (403) for a new one there.
    """
    checked = check_request(amount, rail, recipient)
    with transaction.atomic():
        region = payee.region or region_of(checked.country)
        known, _ = find_or_create_payee(
            payee.external_id,
            payee.name or payee.external_id,
            region,
            "",
            actor=actor,
            regions=regions,
        )
        where = keep_recipient(known.pk, checked, actor=actor)
        payout = ask(known, where, amount, rail, actor=actor)
    return get_payout(payout.pk)


def check_request(amount: Money, rail: str, recipient: Mapping[str, Any]) -> CheckedRecipient:
    """The details, normalised, if this rail can pay this amount into them. Raises Invalid."""
    if amount.minor <= 0:
        raise Invalid("The amount must be positive.", field="amount", code="not_positive")
    if rail not in RECIPIENTS_OF_RAIL:
        raise Invalid("The rail is wise or stellar.", field="rail", code="invalid_choice")
    if not rail_pays(rail, amount.currency, stellar_codes=settings.STELLAR_ASSETS):
        raise Invalid(
            f"{rail} does not pay {amount.currency}.", field="currency", code="not_on_this_rail"
        )
    checked = check_recipient(recipient)
    if checked.type not in RECIPIENTS_OF_RAIL[rail]:
        raise Invalid(
            f"{rail} does not pay into {checked.type}.",
            field="recipient.type",
            code="not_on_this_rail",
        )
    return checked


def ask(
    payee: Payee,
    recipient: Recipient,
    amount: Money,
    rail: str,
    *,
    actor: Actor,
    supersedes: PayoutRequest | None = None,
    reason: str = "",
) -> PayoutRequest:
    """The row and its first audit entry, in the caller's transaction."""
    payout = PayoutRequest.objects.create(
        payee=payee,
        recipient=recipient,
        amount_minor=amount.minor,
        currency=amount.currency,
        rail=rail,
        region=payee.region,
        created_by=person(actor),
        created_by_id=actor.user_id,
        supersedes=supersedes,
        quote_due_at=timezone.now() if quoter_for(rail) else None,
        base_minor=base_minor(amount, None, base=settings.BASE_CURRENCY, rates=settings.BASE_RATES),
    )
    record(
        Note(
            f"payout:{payout.pk}",
            "payout.requested",
            actor,
            new_status=payout.status,
            reason=reason,
            snapshot={
                "payee": payee.external_id,
                "recipient": recipient.masked,
                "recipient_id": recipient.pk,
                "amount": str(amount),
                "rail": rail,
                "supersedes": supersedes and supersedes.pk,
            },
        )
    )
    return payout
