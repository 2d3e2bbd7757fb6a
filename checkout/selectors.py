"""Reads. Nothing here changes anything."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from checkout.models import CheckoutSession, Dispute, Payment, Receipt, Refund
from guard.errors import NotFound
from transfers.models import SourceType, Transfer


def get_session(session_id: int) -> CheckoutSession:
    """Raises NotFound."""
    session = CheckoutSession.objects.filter(pk=session_id).first()
    if session is None:
        raise NotFound(f"There is no checkout session {session_id}.")
    return session


def get_receipt(receipt_id: int) -> Receipt:
    """With its payment. Raises NotFound."""
    receipt = receipts_shown().filter(pk=receipt_id).first()
    if receipt is None:
        raise NotFound(f"There is no receipt {receipt_id}.")
    return receipt


def get_refund(refund_id: int) -> Refund:
    """Raises NotFound."""
    refund = Refund.objects.filter(pk=refund_id).first()
    if refund is None:
        raise NotFound(f"There is no refund {refund_id}.")
    return refund


def get_dispute(dispute_id: int) -> Dispute:
    """Raises NotFound."""
    dispute = Dispute.objects.filter(pk=dispute_id).first()
    if dispute is None:
        raise NotFound(f"There is no dispute {dispute_id}.")
    return dispute


def sessions_shown() -> QuerySet[CheckoutSession]:
    """Sessions as they are listed, each with its payments and their receipts: two queries for a page."""
    return CheckoutSession.objects.prefetch_related("payments__receipt")


def receipts_shown() -> QuerySet[Receipt]:
    """Receipts with what they pay: one query for a page."""
    return Receipt.objects.select_related("payment")


def receipts_of(session: CheckoutSession) -> list[Receipt]:
    """Everything that came in for a session, oldest first."""
    return list(receipts_shown().filter(session=session).order_by("id"))


def transfers_of(refunds: Iterable[Refund]) -> dict[int, Transfer]:
    """The transfers of refunds, by refund."""
    ids = [refund.pk for refund in refunds]
    rows = Transfer.objects.filter(source_type=SourceType.REFUND, source_id__in=ids) if ids else ()
    return {transfer.source_id: transfer for transfer in rows}


def payment_of(receipt: Receipt) -> Payment | None:
    """What a receipt pays; read already by `receipts_shown`."""
    return getattr(receipt, "payment", None)


def sessions_like(values: dict[str, Any]) -> QuerySet[CheckoutSession]:
    """Sessions that fit the filters of a list."""
    rows = sessions_shown()
    if "status" in values:
        rows = rows.filter(status=values["status"])
    if text := values.get("search"):
        found = Q(merchant_reference__istartswith=text)
        if text.isascii() and text.isdigit() and len(text) <= 18:
            found |= Q(address=int(text))
        rows = rows.filter(found)
    return rows


def receipts_like(values: dict[str, Any]) -> QuerySet[Receipt]:
    """Receipts that fit the filters of a list."""
    rows = receipts_shown()
    if "state" in values:
        rows = rows.filter(status=values["state"])
    if "session" in values:
        rows = rows.filter(session=values["session"])
    if "tx_hash" in values:
        rows = rows.filter(tx_hash=values["tx_hash"].lower())
    return rows


def refunds_like(values: dict[str, Any]) -> QuerySet[Refund]:
    """Refunds that fit the filters of a list."""
    return Refund.objects.filter(**values)
