"""Above STEP_UP_AMOUNT an approval at the console is confirmed by typing its amount: no slip of a key signs it."""

from django.conf import settings

from guard.errors import Invalid
from money import InvalidAmount, Money
from payouts.models import PayoutRequest

FIELD = "typed_amount"


def needs_step_up(payout: PayoutRequest) -> bool:
    """Also when nobody knows what it is in the base currency."""
    least = Money.parse(settings.STEP_UP_AMOUNT, settings.BASE_CURRENCY).minor
    return payout.base_minor is None or payout.base_minor >= least


def check_typed(payout: PayoutRequest, typed: str) -> None:
    """Raises Invalid (422) unless `typed` is the amount; thousands may be apart, the currency may follow."""
    if not needs_step_up(payout):
        return
    text = typed.strip().removesuffix(payout.currency).replace(",", "").strip()
    try:
        same = Money.parse(text, payout.currency) == payout.amount
    except InvalidAmount:
        same = False
    if not same:
        raise Invalid(
            "This is a large amount: type it exactly as it is shown to approve it.",
            field=FIELD,
            code="step_up_required",
        )
