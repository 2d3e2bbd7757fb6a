"""Ask for a payment."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.actor import Actor
from audit.record import Note, record
from checkout.errors import NotReceiving
from checkout.models import CheckoutSession
from checkout.people import person
from guard.errors import Invalid
from money import Money
from rails.stellar_addresses import is_account

DEFAULT_EXPIRES_IN = 3600
MOST_EXPIRES_IN = 30 * 24 * 3600


def create_session(
    *, merchant_reference: str, amount: Money, expires_in: int, actor: Actor
) -> CheckoutSession:
    """A pending session with an address of its own. Own transaction. `expires_in` in seconds.

    Raises Invalid (422) for an asset that is none, NotReceiving (503) when no account is configured.
    """
    account = settings.STELLAR_RECEIVING_ACCOUNT
    if not account:
        raise NotReceiving("Set STELLAR_RECEIVING_ACCOUNT.", reason="no receiving account")
    issuer = amount.currency.partition(":")[2]
    if issuer and not is_account(issuer):
        raise Invalid("The issuer is not an account.", field="asset.issuer")
    if amount.minor <= 0:
        raise Invalid("The amount must be greater than zero.", field="amount", code="not_positive")
    expires_at = timezone.now() + timedelta(seconds=expires_in)
    for left in (2, 1, 0):
        try:
            with transaction.atomic():
                return _create(merchant_reference, amount, account, expires_at, actor)
        except IntegrityError:
            # Two sessions drew the same address: one in a million million.
            if not left:
                raise
    raise AssertionError("unreachable")


def _create(
    merchant_reference: str, amount: Money, account: str, expires_at: datetime, actor: Actor
) -> CheckoutSession:
    session = CheckoutSession.objects.create(
        merchant_reference=merchant_reference,
        amount_minor=amount.minor,
        currency=amount.currency,
        account=account,
        expires_at=expires_at,
        created_by=person(actor),
        created_by_id=actor.user_id,
    )
    record(
        Note(
            f"checkout_session:{session.pk}",
            "checkout_session.pending",
            actor,
            new_status=session.status,
            snapshot={
                "merchant_reference": merchant_reference,
                "amount": str(amount),
                "account": account,
                "memo": session.memo,
            },
        )
    )
    return session
