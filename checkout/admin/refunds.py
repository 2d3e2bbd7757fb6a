"""Refunds: asked for by one person, decided by another, carried by one transfer."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.safestring import SafeString

from checkout.admin.cells import amount_cell, row_link
from checkout.console.formats import amount_text, refund_chip, short
from checkout.console.story import story_of
from checkout.console.verb_page import buttons, verb_urls
from checkout.models import Refund, RefundStatus
from checkout.selectors import get_refund, transfers_of
from transfers.admin.filters import ChoiceFilter
from transfers.admin.read_only import PageAdmin
from transfers.templatetags.console import ago, chip


class RefundStatusFilter(ChoiceFilter):
    """Where a refund stands."""

    title = "Status"
    parameter_name = "status"
    options = tuple((one.value, one.label) for one in RefundStatus)


@admin.register(Refund)
class RefundAdmin(PageAdmin):
    """The queue of a reviewer."""

    capability = "checkout.read"
    noun = "refund"
    list_title = "Refunds"
    empty_title = "No refunds"
    empty_text = "Money goes back from a session's page, or from an unmatched payment's."
    empty_icon = "undo"
    list_display = ("what", "amount", "state", "why", "asked_by", "created")
    list_filter = (RefundStatusFilter,)

    def get_urls(self) -> list[URLPattern]:
        return [*verb_urls("refund"), *super().get_urls()]

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        refund = get_refund(pk)
        subjects = [f"refund:{refund.pk}"]
        context = {
            "title": f"Refund {refund.pk}",
            "refund": refund,
            "amount": amount_text(refund.amount_minor, refund.currency),
            "state": refund_chip(refund),
            "is_own": refund.requested_by_id is not None
            and refund.requested_by_id == request.user.pk,
            "buttons": buttons(request, "refund", refund),
            "transfer": transfers_of([refund]).get(refund.pk),
            "holds": [
                (one, amount_text(one.amount_minor, refund.currency))
                for one in refund.holds.select_related("receipt").order_by("id")
            ],
            "moments": story_of(subjects),
        }
        return self.shown(request, "checkout/refund.html", context)

    @admin.display(description="Refund")
    def what(self, refund: Refund) -> SafeString:
        """Its number, as the link to the page."""
        address = reverse("admin:checkout_refund_change", args=[refund.pk])
        return row_link(address, f"Refund {refund.pk}", f"to {short(refund.destination)}")

    @admin.display(description="Amount")
    def amount(self, refund: Refund) -> SafeString:
        """What goes back."""
        return amount_cell(amount_text(refund.amount_minor, refund.currency))

    @admin.display(description="Status")
    def state(self, refund: Refund) -> SafeString:
        """The chip."""
        return chip(refund_chip(refund))

    @admin.display(description="Why")
    def why(self, refund: Refund) -> str:
        """The reason, as much as fits."""
        return refund.reason[:80]

    @admin.display(description="Asked for by")
    def asked_by(self, refund: Refund) -> str:
        """Who may not approve it."""
        return refund.requested_by

    @admin.display(description="Asked for")
    def created(self, refund: Refund) -> SafeString:
        """Its age."""
        return ago(refund.created_at)
