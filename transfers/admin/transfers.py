"""Transfers: one debt each, with its attempts, its reversals, what can be done now, and its timeline."""

from functools import partial
from typing import Any, Final

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from transfers import advice
from transfers.admin.filters import RailFilter, TransferStatusFilter
from transfers.admin.read_only import PageAdmin
from transfers.console.export import Column, columns
from transfers.console.formats import money_text, transfer_chip
from transfers.console.gate import sees
from transfers.console.story import facts, transfer_story
from transfers.console.transfer_actions import ACTIONS, transfer_action_view
from transfers.models import Finding, SourceType, Transfer, TransferAttempt, TransferStatus
from transfers.selectors import get_transfer
from transfers.templatetags.console import ago, chip

# The page of what a transfer is owed for.
_PAGES: Final = {
    SourceType.BOOKING: "transfers_booking_crew",
    SourceType.PAYOUT: "payouts_payoutrequest_change",
    SourceType.REFUND: "checkout_refund_change",
}


@admin.register(Transfer)
class TransferAdmin(PageAdmin):
    """Looked at here, changed only through the actions' services."""

    capability = "transfer.read"
    noun = "transfer"
    list_title = "Transfers"
    empty_title = "No transfers yet"
    empty_text = "A transfer is written down for each person when somebody pays a booking's crew."
    empty_icon = "payments"
    list_display = ("payee", "source", "amount_text", "state", "rail_name", "reference", "created")
    list_filter = (TransferStatusFilter, RailFilter)
    search_fields = ("payee_name", "source_reference", "rail_reference")
    search_help_text = "Person, booking or tr_… reference"
    # Not the destination: where money goes is shown masked, on the transfer's source.
    export_columns = (
        *columns("id", "source_type", "source_reference", "user_id", "payee_name"),
        Column("amount", lambda transfer: transfer.amount.format()),
        *columns("currency", "rail", "status", "outcome_unknown", "failure_code"),
        *columns("failure_message", prose=("failure_message",)),
        *columns("rail_reference", "version", "created_at", "updated_at"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Transfer], search_term: str
    ) -> tuple[QuerySet[Transfer], bool]:
        """Always by an index: a rail reference, an id, or how the booking's reference or the name begins."""
        term = search_term.strip()
        if term.startswith("tr_"):
            queryset = queryset.filter(rail_reference=term)
        elif term.isdecimal() and len(term) < 19:
            queryset = queryset.filter(pk=int(term))
        elif term:
            queryset = queryset.filter(
                Q(source_reference__istartswith=term) | Q(payee_name__istartswith=term)
            )
        return queryset, False

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<int:transfer_id>/{name}/",
                self.admin_site.admin_view(partial(transfer_action_view, name=name)),
                name=f"transfers_transfer_{name}",
            )
            for name in ACTIONS
        ]
        return own + list(super().get_urls())

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        transfer = get_transfer(pk)
        return self.shown(request, "console/transfer.html", self._about(request, transfer))

    def _about(self, request: HttpRequest, transfer: Transfer) -> dict[str, Any]:
        attempts = list(transfer.attempts.select_related("stellar_payment"))
        last = attempts[-1] if attempts else None
        return {
            "title": f"Transfer {transfer.pk}",
            "transfer": transfer,
            "attempts": attempts,
            "reversals": [
                (reversal, [facts(line) for line in reversal.evidence])
                for reversal in transfer.reversals.select_related("transfer").order_by("id")
            ],
            "findings": Finding.objects.filter(subject=f"transfer:{transfer.pk}", state="open"),
            "actions": [
                (action, reverse(f"admin:transfers_transfer_{action.name}", args=[transfer.pk]))
                for action in ACTIONS.values()
                if action.possible(transfer) and sees(request, action.capability)
            ],
            "moments": transfer_story(transfer, attempts),
            "what_to_do": advice.after_failure(
                transfer.failure_code, transfer.rail, transfer.source_type
            ),
            "waiting": _waiting(transfer, last),
            "asked_at": last and (last.last_probed_at or last.last_sent_at),
        }

    @admin.display(description="Person")
    def payee(self, transfer: Transfer) -> SafeString:
        """Who gets it, as the link to the page."""
        return format_html(
            '<a class="row-link" href="{}"><strong>{}</strong><span class="quiet">{}</span></a>',
            reverse("admin:transfers_transfer_change", args=[transfer.pk]),
            transfer.payee_name,
            transfer.user_id or transfer.get_source_type_display(),
        )

    @admin.display(description="For")
    def source(self, transfer: Transfer) -> SafeString:
        """Why the money is owed."""
        page, reference = _PAGES[SourceType(transfer.source_type)], transfer.source_reference
        return format_html(
            '<a class="mono" href="{}">{}</a>',
            reverse(f"admin:{page}", args=[transfer.source_id]),
            reference
            if transfer.source_type == "booking"
            else f"{transfer.source_type} {reference}",
        )

    @admin.display(description="Amount")
    def amount_text(self, transfer: Transfer) -> SafeString:
        """What is owed."""
        return format_html('<span class="amount">{}</span>', money_text(transfer.amount))

    @admin.display(description="Status")
    def state(self, transfer: Transfer) -> SafeString:
        """The chip."""
        return chip(transfer_chip(transfer))

    @admin.display(description="Rail")
    def rail_name(self, transfer: Transfer) -> str:
        """Which way the money moves."""
        return transfer.get_rail_display()

    @admin.display(description="Rail reference")
    def reference(self, transfer: Transfer) -> SafeString:
        """What the rail calls it."""
        return format_html("<code>{}</code>", transfer.rail_reference or "-")

    @admin.display(description="Created")
    def created(self, transfer: Transfer) -> SafeString:
        """Its age."""
        return ago(transfer.created_at)


def _waiting(transfer: Transfer, attempt: TransferAttempt | None) -> dict[str, str]:
    """What the rail wants first, and what a person should do about it; empty when it wants nothing."""
    waits = attempt.waiting_for if attempt is not None else {}
    if transfer.status != TransferStatus.PROCESSING or not waits:
        return {}
    return {"message": waits["message"], "what_to_do": advice.while_waiting(waits["code"])}
