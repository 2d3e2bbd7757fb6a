"""Sessions: what came in for each, what went back, and what happened."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from checkout.admin.cells import amount_cell, row_link
from checkout.console.advice import what_to_do
from checkout.console.formats import (
    amount_text,
    dispute_chip,
    receipt_chip,
    refund_chip,
    session_chip,
)
from checkout.console.story import session_story
from checkout.console.verb_page import buttons, verb_urls
from checkout.models import CheckoutSession, SessionStatus
from checkout.policy import WHY
from checkout.selectors import get_session, payment_of, receipts_of
from transfers.admin.filters import ChoiceFilter
from transfers.admin.read_only import PageAdmin
from transfers.models import Finding
from transfers.templatetags.console import ago, chip, moment


class SessionStatusFilter(ChoiceFilter):
    """Where a session stands."""

    title = "Status"
    parameter_name = "status"
    options = tuple((one.value, one.label) for one in SessionStatus)


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(PageAdmin):
    """Looked at here, changed only through the verbs' services."""

    capability = "checkout.read"
    noun = "checkoutsession"
    list_title = "Checkout sessions"
    empty_title = "No sessions yet"
    empty_text = "A shop asks for a payment with POST /api/v1/checkout/sessions."
    empty_icon = "shopping_cart"
    list_display = ("reference", "amount", "state", "memo_text", "expires", "created")
    list_filter = (SessionStatusFilter,)
    search_fields = ("merchant_reference",)
    search_help_text = "Merchant reference, memo or number"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[CheckoutSession], search_term: str
    ) -> tuple[QuerySet[CheckoutSession], bool]:
        """Always by an index."""
        term = search_term.strip()
        if term.isascii() and term.isdecimal() and len(term) <= 18:
            number = int(term)
            queryset = queryset.filter(
                Q(pk=number) | Q(address=number) | Q(merchant_reference__istartswith=term)
            )
        elif term:
            queryset = queryset.filter(merchant_reference__istartswith=term)
        return queryset, False

    def get_urls(self) -> list[URLPattern]:
        return [*verb_urls("session"), *verb_urls("dispute"), *super().get_urls()]

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        session = get_session(pk)
        context = {
            "title": f"Session {session.pk}",
            "session": session,
            "amount": amount_text(session.amount_minor, session.currency),
            "state": session_chip(session),
            "buttons": buttons(request, "session", session),
            "pay_path": reverse("pay-page", kwargs={"token": session.pay_token}),
            "receipts": [
                {
                    "receipt": one,
                    "amount": amount_text(one.amount_minor, one.currency),
                    "chip": receipt_chip(one),
                    "pays": (paid := payment_of(one))
                    and amount_text(paid.amount_minor, one.currency),
                    "why": WHY.get(one.reason, ""),
                    "todo": what_to_do(one),
                }
                for one in receipts_of(session)
            ],
            "refunds": [
                (one, amount_text(one.amount_minor, one.currency), refund_chip(one))
                for one in session.refunds.order_by("id")
            ],
            "disputes": [
                (
                    one,
                    amount_text(one.amount_minor, one.currency),
                    dispute_chip(one),
                    buttons(request, "dispute", one),
                )
                for one in session.disputes.order_by("id")
            ],
            "findings": Finding.objects.filter(
                subject=f"checkout_session:{session.pk}", state="open"
            ),
            "moments": session_story(session),
        }
        return self.shown(request, "checkout/session.html", context)

    @admin.display(description="Reference")
    def reference(self, session: CheckoutSession) -> SafeString:
        """The shop's name for it, as the link to the page."""
        address = reverse("admin:checkout_checkoutsession_change", args=[session.pk])
        return row_link(address, session.merchant_reference, f"Session {session.pk}")

    @admin.display(description="Amount")
    def amount(self, session: CheckoutSession) -> SafeString:
        """What is asked for."""
        return amount_cell(amount_text(session.amount_minor, session.currency))

    @admin.display(description="Status")
    def state(self, session: CheckoutSession) -> SafeString:
        """The chip."""
        return chip(session_chip(session))

    @admin.display(description="Memo")
    def memo_text(self, session: CheckoutSession) -> SafeString:
        """Its address on the ledger."""
        return format_html("<code>{}</code>", session.memo)

    @admin.display(description="Ends")
    def expires(self, session: CheckoutSession) -> SafeString:
        """When its time is over."""
        return moment(session.expires_at)

    @admin.display(description="Created")
    def created(self, session: CheckoutSession) -> SafeString:
        """Its age."""
        return ago(session.created_at)
