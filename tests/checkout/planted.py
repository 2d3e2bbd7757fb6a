"""Inconsistent states, planted by hand as a crash, a restore or a shell would leave them."""

from datetime import UTC, datetime, timedelta

from django.db import connection

from checkout.models import CheckoutSession, Payment, Receipt
from tests.checkout.ledger import operation


def age(session: CheckoutSession, seconds: int) -> None:
    """It has been as it is for so long."""
    CheckoutSession.objects.filter(pk=session.pk).update(
        updated_at=datetime.now(UTC) - timedelta(seconds=seconds)
    )


def set_status(session: CheckoutSession, *statuses: str) -> None:
    """Straight in the database, through declared steps."""
    with connection.cursor() as cursor:
        for status in statuses:
            cursor.execute(
                "UPDATE checkout_checkoutsession SET status = %s WHERE id = %s",
                [status, session.pk],
            )


def plant_receipt(
    session: CheckoutSession, status: str, reason: str = "", *, tx_hash: str = "", index: int = 1
) -> Receipt:
    """A row that nobody processed."""
    facts = operation(session)
    return Receipt.objects.create(
        tx_hash=tx_hash or facts.tx_hash,
        operation_index=index,
        operation_id=facts.operation_id,
        kind="payment",
        account=session.account,
        sender=facts.sender,
        amount_minor=session.amount_minor,
        currency=session.currency,
        memo_type="id",
        memo=session.memo,
        closed_at=datetime.now(UTC),
        session=session,
        status=status,
        reason=reason,
    )


def plant_payment(session: CheckoutSession, *, tx_hash: str = "") -> Payment:
    """A payment whose session does not know of it."""
    receipt = plant_receipt(session, "applied", tx_hash=tx_hash)
    return Payment.objects.create(
        receipt=receipt, session=session, amount_minor=session.amount_minor
    )
