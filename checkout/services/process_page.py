"""A page of operations: what names a session is processed one by one, the rest is written down together."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from audit.actor import Actor
from audit.record import Note, record
from checkout.models import CheckoutSession, Receipt, ReceiptState
from checkout.policy import address_named, judge
from checkout.services.process_operation import process_operation, receipt_row
from rails.horizon_payments import UNREADABLE, IncomingOperation, incoming
from rails.horizon_values import LedgerOperation


def process_page(page: Sequence[LedgerOperation], *, account: str, actor: Actor) -> int:
    """How many operations were not seen before. All of them are committed when it returns."""
    came = [one for one in (incoming(listed, account) for listed in page) if one is not None]
    strangers = _naming_nobody(came)
    new = _keep(strangers, actor)
    if new is None:
        # Another watcher brought some of them at this moment: one by one, each says whether it is new.
        strangers, new = [], 0
    together = {(one.tx_hash, one.operation_index) for one in strangers}
    for operation in came:
        if (operation.tx_hash, operation.operation_index) not in together:
            new += process_operation(operation=operation, actor=actor).is_new
    return new


def _naming_nobody(came: Sequence[IncomingOperation]) -> list[IncomingOperation]:
    """Those that no session has to be locked for: a session's address is drawn before anybody can pay to it."""
    addresses = {address for one in came if (address := address_named(one)) is not None}
    known = set(
        CheckoutSession.objects.filter(address__in=addresses).values_list("address", flat=True)
    )
    return [
        one
        for one in came
        if one.successful and one.kind != UNREADABLE and address_named(one) not in known
    ]


def _keep(strangers: Sequence[IncomingOperation], actor: Actor) -> int | None:
    """Unmatched receipts with their audit entries in one transaction; None when another watcher was faster."""
    hashes = [one.tx_hash for one in strangers]
    seen = set(Receipt.objects.filter(tx_hash__in=hashes).values_list("tx_hash", "operation_index"))
    rows = [
        receipt_row(one, None, judge(one, None))
        for one in strangers
        if (one.tx_hash, one.operation_index) not in seen
    ]
    try:
        with transaction.atomic():
            kept = Receipt.objects.bulk_create(rows)
            record(*(_note(receipt, actor) for receipt in kept))
    except IntegrityError:
        return None
    return len(kept)


def _note(receipt: Receipt, actor: Actor) -> Note:
    return Note(
        f"receipt:{receipt.pk}",
        f"receipt.{ReceiptState.UNMATCHED}",
        actor,
        new_status=receipt.status,
        reason=receipt.reason,
        snapshot={
            "operation": f"{receipt.tx_hash}/{receipt.operation_index}",
            "amount": str(receipt.amount),
            "session": None,
        },
    )
