"""The parts that a session holds until the rest comes in, read while its row is locked."""

from collections.abc import Sequence

from checkout.models import CheckoutSession, Receipt, ReceiptState
from checkout.policy import Asked


def waiting_parts(session: CheckoutSession) -> list[Receipt]:
    """Underpayments in the session's asset that nobody has asked back, oldest first."""
    return list(
        Receipt.objects.filter(
            session=session,
            status=ReceiptState.UNMATCHED,
            reason="underpaid",
            held_minor=0,
        ).order_by("id")
    )


def asked_of(session: CheckoutSession, parts: Sequence[Receipt]) -> Asked:
    """What is still missing."""
    held = sum(part.amount_minor for part in parts)
    return Asked(
        status=session.status,
        account=session.account,
        currency=session.currency,
        expires_at=session.expires_at,
        missing_minor=max(0, session.amount_minor - held),
    )
