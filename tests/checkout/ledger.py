"""Operations as Horizon would tell them, and sessions to pay."""

import hashlib
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from audit.actor import Actor
from checkout.models import CheckoutSession
from checkout.services.create_session import create_session
from checkout.services.process_operation import Processed, process_operation
from money import Money
from rails.horizon_payments import IncomingOperation

# Test keys' addresses: right checksums, nobody's money.
ACCOUNT = "GCKCOAATXSWRCLYH4XBTT5TA554IF27TIRSJIJ63D2FOLXTL7HZCS6GH"
ISSUER = "GCXMQPJO2MDHRGYO3QPELRHRGGBFJR3RMOILD3N3QFV3ISRQBVB3DJ3P"
PAYER = "GBS3BBCHE5CCRMZ3HLFO23IVG7A4WQJB66MDUTKGPCAIGPM4SR4EG3IH"
OTHER_PAYER = "GDCXJZQVVMZ5QNI5TKIZMQESXLPDACNUIVBNTZTTTTZQKOL7JINQJUKO"
USDC = f"USDC:{ISSUER}"
TEN = Money(100_000_000, USDC)

SHOP = Actor("token", "shop/till", user_id=9101, request_id="req-shop")
ANA = Actor("user", "ana", user_id=9102, request_id="req-ana")
BEN = Actor("user", "ben", user_id=9103, request_id="req-ben")
WATCHER = Actor("worker", "watcher")

_numbers = itertools.count(1)


def make_session(
    amount: Money = TEN, *, expires_in: int = 3600, reference: str = "order-1"
) -> CheckoutSession:
    """A pending session for `amount`."""
    return create_session(
        merchant_reference=reference, amount=amount, expires_in=expires_in, actor=SHOP
    )


def tx_hash(name: object) -> str:
    """A hash of that name."""
    return hashlib.sha256(str(name).encode()).hexdigest()


def operation(session: CheckoutSession | None = None, **values: Any) -> IncomingOperation:
    """A payment of exactly what `session` asks for, with its memo; every field may be said otherwise."""
    number = next(_numbers)
    facts: dict[str, Any] = {
        "tx_hash": tx_hash(f"tx-{number}"),
        "operation_index": 1,
        "operation_id": (1000 + number) << 32 | 1 << 12 | 1,
        "kind": "payment",
        "successful": True,
        "account": ACCOUNT,
        "sender": PAYER,
        "amount_minor": session.amount_minor if session else TEN.minor,
        "currency": session.currency if session else USDC,
        "memo_type": "id" if session else "none",
        "memo": session.memo if session else "",
        "muxed_id": "",
        "closed_at": datetime.now(UTC),
    }
    return IncomingOperation(**(facts | values))


def process(session: CheckoutSession | None = None, **values: Any) -> Processed:
    """The watcher brings it."""
    return process_operation(operation=operation(session, **values), actor=WATCHER)


def an_hour_ago() -> datetime:
    """When sessions of these tests did not exist yet."""
    return datetime.now(UTC) - timedelta(hours=1)
