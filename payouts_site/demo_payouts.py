"""The demonstration's review queue: regions, ages, amounts, and everything that a reviewer must not overlook.

Made through the services. Each payee is made once; a second run finds them and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from audit.actor import Actor
from money import Money
from payouts.models import Commission, Payee, PayoutRequest
from payouts.services.accrue_commission import accrue_commission
from payouts.services.add_recipient import add_recipient
from payouts.services.approve_commission import approve_commission
from payouts.services.create_payout import NewPayee, create_payout
from payouts.services.put_payee import put_payee
from payouts.services.set_kyc import set_kyc

_SHOP: Final = Actor("command", "marketplace")
_KYC: Final = Actor("command", "kyc-desk")


@dataclass(frozen=True, slots=True)
class _Demo:
    """A payee, where they are paid, and what they ask for: amount, currency, and how many hours ago."""

    external_id: str
    name: str
    region: str
    details: Mapping[str, Any]
    asks: tuple[tuple[str, str, int], ...]
    before: Mapping[str, Any] | None = None
    kyc: str = "approved"


def _iban(iban: str, holder: str) -> dict[str, Any]:
    return {"type": "iban", "iban": iban, "account_holder": holder}


_PETIT: Final = _iban("FR1420041010050500013M02606", "Marc Petit")
_DEMOS: Final = (
    # An amount far above what this payee usually asks for.
    _Demo("seller-2093", "Sofia Ruiz", "EU", _iban("ES9121000418450200051332", "Sofia Ruiz"),
          (("395.00", "EUR", 97), ("410.50", "EUR", 73), ("402.00", "EUR", 49), ("8725.00", "EUR", 20))),
    _Demo("seller-2077", "Marc Petit", "EU", _PETIT, (("960.00", "EUR", 30),)),
    # The same account at a second payee.
    _Demo("seller-2101", "M. Petit & Fils", "EU", _PETIT, (("512.00", "EUR", 5),)),
    # Bank details that changed just now.
    _Demo("seller-2041", "Lena Vogt", "EU", _iban("DE75512108001245126199", "Lena Vogt"),
          (("1840.00", "EUR", 3),), before=_iban("DE89370400440532013000", "Lena Vogt")),
    _Demo("seller-3310", "Emre Demir", "TR", _iban("TR330006100519786457841326", "Emre Demir"),
          (("42500.00", "TRY", 26), ("18900.00", "TRY", 2))),
    _Demo("seller-4102", "Owen Hughes", "GB",
          {"type": "sort_code", "sort_code": "231470", "account_number": "28821822",
           "account_holder": "Owen Hughes"},
          (("625.00", "GBP", 9),)),
    _Demo("seller-6001", "Dana Whitfield", "US",
          {"type": "aba", "routing_number": "111000025", "account_number": "000123456789",
           "account_type": "checking", "account_holder": "Dana Whitfield",
           "address": {"country": "US", "state": "TX", "city": "Austin", "post_code": "78701",
                       "first_line": "500 Congress Ave"}},
          (("72500.00", "USD", 6),)),
    # Nobody has checked who this is.
    _Demo("seller-5120", "Jana Novak", "EU", _iban("CZ6508000000192000145399", "Jana Novak"),
          (("19800.00", "CZK", 1),), kyc="pending"),
    # The sandbox's balance never covers this one: the name says so (docs/sandbox.md).
    _Demo("seller-2110", "INSUFFICIENT Greta Lang", "EU",
          _iban("DE02120300000000202051", "INSUFFICIENT Greta Lang"), (("310.00", "EUR", 12),)),
)  # fmt: skip
_AFFILIATE: Final = "affiliate-77"
_COMMISSIONS: Final = (
    ("AFF-1041", "86.40", "order 88213", True),
    ("AFF-1042", "41.75", "order 88307", False),
)


def seed_payouts() -> None:
    """Requests and two commissions, what is missing of them."""
    for demo in _DEMOS:
        if not Payee.objects.filter(external_id=demo.external_id).exists():
            _seed(demo)
    for reference, amount, earned_for, approved in _COMMISSIONS:
        if not Commission.objects.filter(reference=reference).exists():
            _commission(reference, Money.parse(amount, "EUR"), earned_for, approved=approved)


def _seed(demo: _Demo) -> None:
    payee, _ = put_payee(
        external_id=demo.external_id, name=demo.name, region=demo.region, actor=_SHOP
    )
    if demo.before is not None:
        add_recipient(payee_id=payee.pk, details=demo.before, actor=_SHOP)
    if demo.kyc == "approved":
        set_kyc(
            external_id=demo.external_id,
            status="approved",
            actor=_KYC,
            note="Passport and proof of address seen",
        )
    for amount, currency, hours in demo.asks:
        payout = create_payout(
            payee=NewPayee(demo.external_id),
            amount=Money.parse(amount, currency),
            rail="wise",
            recipient=demo.details,
            actor=_SHOP,
        )
        # A queue in which everything is a second old shows nobody what ages look like.
        PayoutRequest.objects.filter(pk=payout.pk).update(
            created_at=timezone.now() - timedelta(hours=hours)
        )


def _commission(reference: str, amount: Money, earned_for: str, *, approved: bool) -> None:
    made = accrue_commission(
        reference=reference,
        payee=NewPayee(_AFFILIATE, "Ida Affiliate", "EU"),
        amount=amount,
        earned_for=earned_for,
        actor=_SHOP,
    )
    if approved:
        approve_commission(commission_id=made.pk, actor=_KYC, reason="order was delivered")
