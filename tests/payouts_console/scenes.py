"""A queue as a reviewer would find it on some morning, made by the services themselves."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from audit.actor import Actor
from money import Money
from payouts.models import PayoutRequest
from payouts.quotes import Quote
from payouts.services.add_recipient import add_recipient
from payouts.services.create_payout import NewPayee, create_payout
from payouts.services.refresh_quote import refresh_quote
from payouts.services.set_kyc import set_kyc

SHOP = Actor("token", "shop/marketplace")
KYC = Actor("user", "nadia", user_id=9101)

LENA = {"type": "iban", "iban": "DE89370400440532013000", "account_holder": "Lena Vogt"}
LENA_NEW = {"type": "iban", "iban": "DE75512108001245126199", "account_holder": "Lena Vogt"}
MARC = {"type": "iban", "iban": "FR1420041010050500013M02606", "account_holder": "Marc Petit"}
EMRE = {"type": "iban", "iban": "TR330006100519786457841326", "account_holder": "Emre Demir"}
OWEN = {
    "type": "sort_code",
    "sort_code": "231470",
    "account_number": "28821822",
    "account_holder": "Owen Hughes",
}
SOFIA = {"type": "iban", "iban": "ES9121000418450200051332", "account_holder": "Sofia Ruiz"}
JANA = {"type": "iban", "iban": "CZ6508000000192000145399", "account_holder": "Jana Novak"}


class FixedQuoter:
    """A rail that always says the same."""

    def __init__(self, rate: str = "0.9162", cents: int = 109_640) -> None:
        self.rate = rate
        self.cents = cents

    def __call__(self, payout: PayoutRequest) -> Quote:
        return Quote(
            rate=self.rate,
            fee=Money(412, "USD"),
            source=Money(self.cents, "USD"),
            expires_at=timezone.now() + timedelta(minutes=27, seconds=30),
        )


def request(
    payee: str,
    name: str,
    amount: Money,
    recipient: dict[str, Any],
    *,
    kyc: str = "approved",
    cents: int | None = None,
    rate: str = "0.9162",
    maker: Actor = SHOP,
    region: str = "",
) -> PayoutRequest:
    """A waiting request with numbers from its rail, unless `cents` is None."""
    payout = create_payout(
        payee=NewPayee(payee, name, region),
        amount=amount,
        rail="wise",
        recipient=recipient,
        actor=maker,
    )
    if kyc != payout.payee.status:
        set_kyc(external_id=payee, status=kyc, actor=KYC, note="passport and proof of address seen")
    if cents is not None:
        return refresh_quote(payout_id=payout.pk, quoter=FixedQuoter(rate, cents))
    return payout


def morning() -> dict[str, PayoutRequest]:
    """Nine waiting requests from five regions, with everything there is to be careful about."""
    for euros, cents in ((40_000, 46_154), (42_500, 49_039), (39_000, 45_000)):
        request("seller-2041", "Lena Vogt", Money(euros, "EUR"), LENA, cents=cents)
    add_recipient(
        payee_id=PayoutRequest.objects.get(amount_minor=40_000).payee_id,
        details=LENA_NEW,
        actor=SHOP,
    )
    return {
        "lena": request("seller-2041", "Lena Vogt", Money(184_000, "EUR"), LENA_NEW, cents=212_310),
        "marc": request("seller-2077", "Marc Petit", Money(96_000, "EUR"), MARC, cents=110_770),
        "emre": request("seller-3310", "Emre Demir", Money(4_250_000, "TRY"), EMRE, cents=103_020,
                        rate="41.2548"),
        "owen": request("seller-4102", "Owen Hughes", Money(62_500, "GBP"), OWEN, cents=84_120,
                        rate="0.7431"),
        "sofia": request("seller-2093", "Sofia Ruiz", Money(7_250_000, "EUR"), SOFIA, cents=8_364_400),
        "jana": request("seller-5120", "Jana Novak", Money(1_980_000, "CZK"), JANA, cents=94_860,
                        rate="20.8724", kyc="pending"),
        "twin": request("seller-2101", "M. Petit & Fils", Money(51_200, "EUR"), MARC, cents=59_080),
    }  # fmt: skip
