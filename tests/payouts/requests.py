"""Requests in any status, made by the verbs and the callbacks themselves, so that they are what the product makes."""

import itertools
from typing import Any

from django.db import connection, transaction

from audit.actor import Actor
from guard.door import Won, change_status
from money import Money
from payouts.models import PayoutRequest
from payouts.selectors import get_payout, transfer_of
from payouts.services.approve_payout import approve_payout
from payouts.services.cancel_payout import cancel_payout
from payouts.services.create_payout import NewPayee, create_payout
from payouts.services.reject_payout import reject_payout
from payouts.services.set_kyc import set_kyc
from payouts.source import PayoutSource
from transfers.models import Transfer

MAKER = Actor("user", "mia", user_id=9001, request_id="req-mia")
ANA = Actor("user", "ana", user_id=9002, request_id="req-ana")
BEN = Actor("user", "ben", user_id=9003, request_id="req-ben")
WORKER = Actor("worker", "worker-1")

IBAN = "DE89370400440532013000"
OTHER_IBAN = "FR1420041010050500013M02606"
OTTO: dict[str, Any] = {"type": "iban", "iban": IBAN, "account_holder": "Otto Muster"}
MOVED_TO: dict[str, Any] = {"type": "iban", "iban": OTHER_IBAN, "account_holder": "Otto Muster"}
STATUSES = ("requested", "approved", "processing", "paid", "failed", "rejected", "cancelled")

HUNDRED = Money(10_000, "EUR")
_ids = itertools.count(1)


def make_payout(
    status: str = "requested",
    *,
    amount: Money = HUNDRED,
    kyc: str = "approved",
    payee: str = "",
    recipient: dict[str, Any] = OTTO,
    maker: Actor = MAKER,
    rail: str = "wise",
) -> PayoutRequest:
    """A request for somebody whose KYC is `kyc`, brought to `status`."""
    payee = payee or f"payee-{next(_ids)}"
    payout = create_payout(
        payee=NewPayee(payee, "Otto Muster"),
        amount=amount,
        rail=rail,
        recipient=recipient,
        actor=maker,
    )
    if kyc != "pending":
        set_kyc(external_id=payee, status="approved", actor=ANA, note="passport seen")
    if kyc == "expired":
        set_kyc(external_id=payee, status="expired", actor=ANA, note="passport is old")
    return bring(payout, status)


def bring(payout: PayoutRequest, status: str) -> PayoutRequest:
    """A requested payout on its shortest way to `status`."""
    pk = payout.pk
    if status == "rejected":
        return reject_payout(payout_id=pk, actor=ANA, reason="no")
    if status != "requested":
        approve_payout(payout_id=pk, actor=ANA, reason="fine")
    if status == "cancelled":
        return cancel_payout(payout_id=pk, actor=ANA, reason="stop")
    if status in ("processing", "paid", "failed"):
        move_transfer(pk, "processing")
    if status == "paid":
        move_transfer(pk, "success")
    if status == "failed":
        move_transfer(pk, "failed")
    return get_payout(pk)


def move_transfer(
    payout_id: int, to: str, *, tell: bool = True, actor: Actor = WORKER, **changes: Any
) -> Transfer:
    """The transfer's own step and, as `change_transfer` does, its source's callback in the same transaction."""
    transfer = the_transfer(payout_id)
    if to == "success":
        changes.setdefault("rail_reference", f"{5_000_000 + transfer.pk}")
    if to in ("success", "failed", "returned", "reversed"):
        changes.setdefault("due_at", None)
    with transaction.atomic():
        result = change_status(
            Transfer, transfer.pk, believed=transfer.status, to=to, actor=actor, changes=changes
        )
        assert isinstance(result, Won)
        if tell:
            PayoutSource().transfer_changed(transfer, to=to, actor=actor, reason="")
    transfer.refresh_from_db()
    return transfer


def dispatch(payout_id: int, *, actor: Actor = WORKER) -> bool:
    """What a worker does: ask the source, claim, tell the source; one transaction."""
    transfer = the_transfer(payout_id)
    source = PayoutSource()
    with transaction.atomic():
        if not source.may_start(transfer, actor=actor):
            return False
        result = change_status(
            Transfer,
            transfer.pk,
            believed="pending",
            to="processing",
            version=transfer.version,
            actor=actor,
            audit_loss=False,
        )
        if not isinstance(result, Won):
            return False
        source.transfer_changed(transfer, to="processing", actor=actor, reason="")
    return True


def add_transfer(payout: PayoutRequest) -> Transfer:
    """What an approval causes, for one that was made in SQL."""
    return Transfer.objects.create(
        source_type="payout",
        source_id=payout.pk,
        source_reference=str(payout.pk),
        payee_name=payout.payee.name,
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        rail=payout.rail,
        destination=f"recipient:{payout.recipient_id}",
    )


def commit_now() -> None:
    """What the database checks at a commit, within a test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def the_transfer(payout_id: int) -> Transfer:
    """The one that must be there."""
    transfer = transfer_of(payout_id)
    assert transfer is not None
    return transfer
