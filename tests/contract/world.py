"""Something for every operation to be called about: fresh objects in the status that the call is meant for."""

import itertools
from collections.abc import Callable
from typing import Any

from django.db import transaction

from checkout.models import CheckoutSession, Dispute, Receipt, Refund
from checkout.services.create_refund import create_refund
from checkout.services.open_dispute import open_dispute
from guard.door import Won, change_status
from tests.checkout.ledger import SHOP, make_session, process
from tests.factories import ALICE, make_booking
from tests.payouts.commissions import make_commission
from tests.payouts.requests import OTTO, WORKER, make_payout
from tests.webhooks.endpoints import make_endpoint
from transfers.models import Booking, Finding, Transfer
from transfers.selectors import crew_preview, get_booking
from transfers.services.pay_crew import pay_crew
from transfers.services.raise_finding import raise_finding
from webhooks.models import WebhookDelivery, WebhookEndpoint
from webhooks.promise import promise

Path = dict[str, Any]
_numbers = itertools.count(1)
# The transaction that the examples name; a receipt of it waits in each session that is told of it.
NAMED_HASH = "3389e9f0f1a65f19736cacf544c2e825313e8447f569233bb8db39aa607c8889"


def booking() -> Booking:
    """Scheduled, with the people whom the examples name."""
    return make_booking("acct_luis", "acct_mina", reference=f"CB-{next(_numbers)}")


def transfer(*statuses: str) -> Transfer:
    """A person's of a booking, brought through these statuses."""
    _, pays = pay_crew(reference=booking().reference, actor=ALICE, user_ids=["u1"])
    row = Transfer.objects.get(pk=pays[0].transfer.pk)
    for status in statuses:
        _move(row, status)
    return row


def _move(row: Transfer, to: str) -> None:
    over = to in ("success", "failed")
    changes: dict[str, Any] = {"due_at": None} if over else {}
    if to == "success":
        changes["rail_reference"] = f"tr_contract{row.pk}"
    if to == "failed":
        changes |= {"failure_code": "account_closed", "failure_message": "It is closed."}
    with transaction.atomic():
        result = change_status(
            Transfer, row.pk, believed=row.status, to=to, actor=WORKER, changes=changes
        )
    assert isinstance(result, Won)
    row.refresh_from_db()


def session(status: str = "pending") -> CheckoutSession:
    """For ten USDC; paid by one receipt."""
    row = make_session(reference=f"order-{next(_numbers)}")
    if status == "paid":
        process(row)
    row.refresh_from_db()
    return row


def receipt() -> int:
    """Of somebody who named no session."""
    return process(None).receipt_id


def refund() -> Refund:
    """Asked for."""
    return create_refund(
        session_id=session("paid").pk, amount="6.00", reason="returned", actor=SHOP
    )


def dispute() -> Dispute:
    """Open, over all of it."""
    return open_dispute(session_id=session("paid").pk, actor=SHOP)


def finding() -> Finding:
    """Open."""
    subject = f"transfer:{next(_numbers)}"
    raise_finding(subject=subject, kind="amount", detail="It differs.", actor=WORKER, evidence={})
    return Finding.objects.get(subject=subject, state="open")


def endpoint() -> WebhookEndpoint:
    """Enabled."""
    return make_endpoint(f"https://shop.example/hooks/{next(_numbers)}")


def delivery() -> WebhookDelivery:
    """Promised to a new endpoint."""
    to = endpoint()
    number = next(_numbers)
    promise(event_type="payout.paid", subject=f"payout:{number}", version=1, data={"id": number})
    return to.deliveries.get()


def notified() -> Path:
    """A session, and a receipt of the transaction that the examples name."""
    row = session()
    process(row, tx_hash=NAMED_HASH, operation_index=next(_numbers))
    return {"session_id": row.pk}


def fitting(body: dict[str, Any], path: Path) -> dict[str, Any]:
    """An example's body with the ids of what is really there."""
    there: dict[str, Any] = {}
    if "session" in body:
        there["session"] = session().pk
    if "receipt" in body:
        there["receipt"] = Receipt.objects.filter(session=path["session_id"]).latest("pk").pk
    if "commissions" in body:
        count, payee = len(body["commissions"]), f"affiliate-of-{next(_numbers)}"
        there["commissions"] = [make_commission("approved", payee=payee).pk for _ in range(count)]
    if "preview_token" in body:
        row = get_booking(path["reference"])
        there = {"user_ids": ["u1"], "preview_token": crew_preview(row, ["u1"]).token}
    return body | there


def _payout(status: str) -> Callable[[], Path]:
    return lambda: {"payout_id": make_payout(status, recipient=OTTO).pk}


def _commission(status: str) -> Callable[[], Path]:
    return lambda: {"commission_id": make_commission(status).pk}


def _transfer(*statuses: str) -> Callable[[], Path]:
    return lambda: {"transfer_id": transfer(*statuses).pk}


def _payee() -> Path:
    return {"external_id": make_payout(kyc="pending").payee.external_id}


def _booking() -> Path:
    return {"reference": booking().reference}


def _paid_session() -> Path:
    return {"session_id": session("paid").pk}


# Every unsafe operation on one object -> the path parameters of one that it may be done to.
OBJECTS: dict[str, Callable[[], Path]] = {
    "completeBooking": _booking,
    "cancelBooking": _booking,
    "createBulkTransfers": _booking,
    "retryTransfer": _transfer("processing", "failed"),
    "reverseTransfer": _transfer("processing", "success"),
    "confirmTransfer": _transfer("processing", "success"),
    "resolveFinding": lambda: {"finding_id": finding().pk},
    "approvePayout": _payout("requested"),
    "rejectPayout": _payout("requested"),
    "setPayoutStatus": _payout("requested"),
    "claimPayout": _payout("requested"),
    "releasePayout": _payout("requested"),
    "cancelPayout": _payout("approved"),
    "retryPayout": _payout("failed"),
    "reissuePayout": _payout("rejected"),
    "putPayee": _payee,
    "setKyc": _payee,
    "approveCommission": _commission("accrued"),
    "voidCommission": _commission("accrued"),
    "clawBackCommission": _commission("paid"),
    "notifyPayment": notified,
    "createRefund": _paid_session,
    "openDispute": _paid_session,
    "applyReceipt": lambda: {"receipt_id": receipt()},
    "refundReceipt": lambda: {"receipt_id": receipt()},
    "approveRefund": lambda: {"refund_id": refund().pk},
    "rejectRefund": lambda: {"refund_id": refund().pk},
    "resolveDispute": lambda: {"dispute_id": dispute().pk},
    "disableWebhookEndpoint": lambda: {"endpoint_id": endpoint().pk},
    "enableWebhookEndpoint": lambda: {"endpoint_id": endpoint().pk},
    "rotateWebhookSecret": lambda: {"endpoint_id": endpoint().pk},
    "resendWebhookDelivery": lambda: {"delivery_id": delivery().pk},
}
