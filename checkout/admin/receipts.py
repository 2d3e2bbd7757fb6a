"""Everything that came in: surplus and unmatched money with what to do about it."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from checkout.admin.cells import amount_cell, row_link
from checkout.console.advice import what_to_do
from checkout.console.formats import amount_text, receipt_chip, refund_chip, short
from checkout.console.story import story_of
from checkout.console.verb_page import buttons, verb_urls
from checkout.models import Receipt, ReceiptState
from checkout.policy import WHY
from checkout.selectors import get_receipt, payment_of
from transfers.admin.filters import ChoiceFilter
from transfers.admin.read_only import PageAdmin
from transfers.templatetags.console import ago, chip


class ReceiptStateFilter(ChoiceFilter):
    """What became of the money."""

    title = "State"
    parameter_name = "status"
    options = (
        (ReceiptState.UNMATCHED.value, "Unmatched"),
        (ReceiptState.SURPLUS.value, "Surplus"),
        (ReceiptState.APPLIED.value, "Pays a session"),
        (ReceiptState.FAILED.value, "Failed"),
    )


@admin.register(Receipt)
class ReceiptAdmin(PageAdmin):
    """One row for each incoming operation."""

    capability = "checkout.read"
    noun = "receipt"
    list_title = "Incoming payments"
    empty_title = "Nothing came in yet"
    empty_text = "Every incoming operation is listed here, also the ones that pay nothing."
    empty_icon = "call_received"
    list_display = ("operation", "amount", "state", "todo", "for_session", "came")
    list_filter = (ReceiptStateFilter,)
    list_select_related = ("payment", "session")
    search_fields = ("tx_hash",)
    search_help_text = "The whole transaction hash, or a number"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Receipt], search_term: str
    ) -> tuple[QuerySet[Receipt], bool]:
        """Always by an index."""
        term = search_term.strip().lower()
        if term.isascii() and term.isdecimal() and len(term) <= 18:
            queryset = queryset.filter(pk=int(term))
        elif term:
            queryset = queryset.filter(tx_hash=term)
        return queryset, False

    def get_urls(self) -> list[URLPattern]:
        return [*verb_urls("receipt"), *super().get_urls()]

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        receipt = get_receipt(pk)
        payment = payment_of(receipt)
        holds = receipt.holds.select_related("refund", "dispute").order_by("id")
        context = {
            "title": f"Incoming payment {receipt.pk}",
            "receipt": receipt,
            "amount": amount_text(receipt.amount_minor, receipt.currency),
            "pays": payment and amount_text(payment.amount_minor, receipt.currency),
            "left": amount_text(receipt.left_minor, receipt.currency),
            "state": receipt_chip(receipt),
            "why": WHY.get(receipt.reason, ""),
            "todo": what_to_do(receipt),
            "buttons": buttons(request, "receipt", receipt),
            "holds": [
                (
                    one,
                    amount_text(one.amount_minor, receipt.currency),
                    one.refund and refund_chip(one.refund),
                )
                for one in holds
            ],
            "moments": story_of([f"receipt:{receipt.pk}"]),
        }
        return self.shown(request, "checkout/receipt.html", context)

    @admin.display(description="Operation")
    def operation(self, receipt: Receipt) -> SafeString:
        """Its transaction, as the link to the page."""
        address = reverse("admin:checkout_receipt_change", args=[receipt.pk])
        sender = f"from {short(receipt.sender)}"
        return row_link(address, f"{short(receipt.tx_hash)}/{receipt.operation_index}", sender)

    @admin.display(description="Amount")
    def amount(self, receipt: Receipt) -> SafeString:
        """What came in."""
        return amount_cell(amount_text(receipt.amount_minor, receipt.currency))

    @admin.display(description="State")
    def state(self, receipt: Receipt) -> SafeString:
        """The chip."""
        return chip(receipt_chip(receipt))

    @admin.display(description="What to do")
    def todo(self, receipt: Receipt) -> str:
        """The next step."""
        return what_to_do(receipt) or "-"

    @admin.display(description="Session")
    def for_session(self, receipt: Receipt) -> SafeString:
        """The session it names."""
        if receipt.session is None:
            return format_html("{}", "-")
        return format_html(
            '<a class="mono" href="{}">{}</a>',
            reverse("admin:checkout_checkoutsession_change", args=[receipt.session_id]),
            receipt.session.merchant_reference,
        )

    @admin.display(description="Came in")
    def came(self, receipt: Receipt) -> SafeString:
        """How long ago its ledger closed."""
        return ago(receipt.closed_at)
