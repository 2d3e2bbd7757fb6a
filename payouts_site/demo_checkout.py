"""The demonstration's checkout: what a shop asked for, and customers who pay it well or badly.

Made through the services and the sandbox's wallets. The watcher finds the payments in the ledger, as it would any
other, once workers are up. Nothing is made on a network that is not the sandbox's.
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
from django.conf import settings
from django.core.management.base import CommandError

from audit.actor import Actor
from checkout.console.formats import plain_amount
from checkout.models import CheckoutSession
from checkout.services.create_session import DEFAULT_EXPIRES_IN, MOST_EXPIRES_IN, create_session
from money import Money
from payouts.models import Payee, PayoutRail
from payouts.services.create_payout import NewPayee, create_payout
from payouts.services.set_kyc import set_kyc

_SHOP: Final = Actor("command", "web-shop")
_KYC: Final = Actor("command", "kyc-desk")
_OPEN: Final = "SHOP-5001"
_REFUSED_PAYEE: Final = "seller-7001"
_TIMEOUT_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class _Cart:
    """What is asked for in USDC, and what the customer's wallet does about it."""

    reference: str
    amount: str
    trick: str = ""
    expires_in: int = DEFAULT_EXPIRES_IN


_CARTS: Final = (
    _Cart("SHOP-5002", "120.00", "pay"),
    # Somebody pressed twice: the second payment is surplus.
    _Cart("SHOP-5003", "64.50", "twice"),
    # The memo was forgotten: unmatched, until a person applies it.
    _Cart("SHOP-5004", "19.90", "no_memo", MOST_EXPIRES_IN),
    _Cart("SHOP-5005", "310.00", expires_in=1),
    _Cart(_OPEN, "48.00", expires_in=MOST_EXPIRES_IN),
)


def can_check_out() -> bool:
    """Whether this talks to the sandbox's Stellar network."""
    return bool(
        settings.SANDBOX_WALLET_URL
        and settings.STELLAR_RECEIVING_ACCOUNT
        and "USDC" in settings.STELLAR_ASSETS
    )


def seed_checkout() -> None:
    """Sessions with what became of them, what is missing of them. Raises CommandError."""
    for cart in _CARTS:
        if CheckoutSession.objects.filter(merchant_reference=cart.reference).exists():
            continue
        session = create_session(
            merchant_reference=cart.reference,
            amount=Money.parse(cart.amount, f"USDC:{settings.STELLAR_ASSETS['USDC']}"),
            expires_in=cart.expires_in,
            actor=_SHOP,
        )
        if cart.trick:
            _sandbox("POST", "wallet/pay", _bill(session) | {"trick": cart.trick})


def ask_for_the_impossible() -> int | None:
    """A payout to an account that cannot hold USDC, to be approved: its id, or None when it is there already.

    Stellar refuses it for good, so that there is one red payout to look at. Raises CommandError.
    """
    if Payee.objects.filter(external_id=_REFUSED_PAYEE).exists():
        return None
    accounts: dict[str, str] = _sandbox("GET", "network")["accounts"]
    payout = create_payout(
        payee=NewPayee(_REFUSED_PAYEE, "Noor Haddad", "EU"),
        amount=Money.parse("75.00", "USDC"),
        rail=PayoutRail.STELLAR,
        recipient={"type": "stellar", "address": accounts["payee no trust"]},
        actor=_SHOP,
    )
    set_kyc(external_id=_REFUSED_PAYEE, status="approved", actor=_KYC, note="Passport seen")
    return payout.pk


def pages_to_try() -> tuple[str, str] | None:
    """The customer's page of a session that waits, and the wallet that is filled in for it."""
    session = CheckoutSession.objects.filter(merchant_reference=_OPEN, status="pending").first()
    if session is None:
        return None
    page = f"{settings.PUBLIC_URL.rstrip('/')}/pay/{session.pay_token}"
    return page, f"{settings.SANDBOX_WALLET_URL}?{urlencode(_bill(session))}"


def _bill(session: CheckoutSession) -> dict[str, str]:
    return {
        "destination": session.account,
        "amount": plain_amount(session.amount_minor),
        "asset": session.currency.partition(":")[0],
        "memo": session.memo,
    }


def _sandbox(method: str, path: str, values: dict[str, str] | None = None) -> Any:
    """A call of the sandbox's control door. Raises CommandError."""
    url = f"{settings.SANDBOX_URL}/_sandbox/horizon/{path}"
    try:
        with httpx2.Client(trust_env=False, timeout=_TIMEOUT_SECONDS) as client:
            answer = client.request(method, url, json=values)
            answer.raise_for_status()
            return answer.json()
    except httpx2.HTTPError as error:
        raise CommandError(f"The sandbox did not do it: {error}") from error
