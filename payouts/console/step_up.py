"""Steps that ask for more than a click: a large approval, a look at full bank details.

Above STEP_UP_AMOUNT an approval is confirmed by typing its amount: no slip of a key signs it. Where second factors
are required, both also need a confirmation of who is there that is at most STEP_UP_SECONDS old.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from access.second_factor import confirm_address, confirmed_recently
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


def confirm_first(request: HttpRequest, payout_id: int) -> HttpResponse | None:
    """The way to confirming who is there and back to the request's page; None when that was done a moment ago."""
    if not settings.REQUIRE_SECOND_FACTOR or confirmed_recently(request):
        return None
    back_to = reverse("admin:payouts_payoutrequest_change", args=[payout_id])
    address = confirm_address(request, back_to=back_to)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
