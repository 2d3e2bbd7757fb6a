"""Payout requests: the queue that reviewers empty, and each request's own page."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from access.regions import seen_regions
from payouts.admin.filters import (
    AgeFilter,
    AmountFilter,
    RegionFilter,
    ReviewerFilter,
    StatusFilter,
)
from payouts.admin.queue_list import QueueChangeList, row_of
from payouts.console import bulk, decide, detail, live, reconcile, reissue
from payouts.console.rows import room_of
from payouts.models import PayoutRequest
from payouts.selectors import found_by, payouts_shown
from transfers.admin.read_only import PageAdmin
from transfers.console.export import Column, columns
from transfers.console.gate import sees
from transfers.templatetags.console import ago

VIEWS = (
    ("<int:payout_id>/review/", detail.sheet_view, "review"),
    ("<int:payout_id>/approve/", decide.approve_view, "approve"),
    ("<int:payout_id>/reject/", decide.reject_view, "reject"),
    ("<int:payout_id>/cancel/", decide.cancel_view, "cancel"),
    ("<int:payout_id>/retry/", decide.retry_view, "retry"),
    ("<int:payout_id>/kyc/", decide.kyc_view, "kyc"),
    ("<int:payout_id>/reveal/", detail.reveal_view, "reveal"),
    ("<int:payout_id>/reissue/", reissue.reissue_view, "reissue"),
    ("<int:payout_id>/cancel-transfer/", reconcile.cancel_transfer_view, "cancel_transfer"),
    ("<int:payout_id>/confirm/", reconcile.confirm_view, "confirm"),
    ("<int:payout_id>/release-outcome/", reconcile.release_view, "release_outcome"),
    ("<int:payout_id>/release-withdraw/", reconcile.withdraw_view, "release_withdraw"),
    ("<int:payout_id>/claim/", live.claim_view, "claim"),
    ("<int:payout_id>/release/", live.release_view, "release"),
    ("bulk/", bulk.bulk_view, "bulk"),
    ("live/", live.live_view, "live"),
    ("changes/", live.changes_view, "changes"),
)


@admin.register(PayoutRequest)
class PayoutRequestAdmin(PageAdmin):
    """Looked at here, decided only through the services."""

    capability = "payout.read"
    noun = "payout"
    list_title = "Payout review"
    empty_title = "The queue is empty"
    empty_text = "Nobody waits for a decision. New requests appear here as soon as they are made."
    empty_icon = "task_alt"
    change_list_template = "payouts/queue.html"
    list_display = ("pick", "payee_name", "amount_text", "numbers", "paid_into", "age", "state")
    list_filter = (StatusFilter, RegionFilter, AgeFilter, AmountFilter, ReviewerFilter)
    search_fields = ("payee__name",)
    search_help_text = "Payee or their id begins with…, or a request's number"
    export_name = "payouts"
    export_columns = (
        *columns("id"),
        Column("payee", lambda payout: payout.payee.external_id),
        Column("payee_name", lambda payout: payout.payee.name),
        Column("amount", lambda payout: payout.amount.format()),
        *columns("currency", "rail", "region"),
        Column("paid_into", lambda payout: payout.recipient.masked),
        *columns("status", "version", "created_by", "created_at", "reviewed_by", "reviewed_at"),
        *columns("reason", prose=("reason",)),
        *columns("returned_at"),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[QueueChangeList]:
        return QueueChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutRequest]:
        return payouts_shown()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PayoutRequest], search_term: str
    ) -> tuple[QuerySet[PayoutRequest], bool]:
        term = search_term.strip()
        return (queryset.filter(found_by(term)) if term else queryset), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        context = {
            "room": room_of(request),
            "may_review": sees(request, "payout.review"),
            **(extra_context or {}),
        }
        response = super().changelist_view(request, context)
        found = getattr(response, "context_data", None) or {}
        if "cl" in found:
            rows = found["cl"].result_list
            found["ids"] = ",".join(str(payout.pk) for payout in rows)
            found["newest"] = live.newest_id(seen_regions(request))
        return response

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        own = [
            path(address, guard(view), name=f"payouts_payoutrequest_{name}")
            for address, view, name in VIEWS
        ]
        return own + list(super().get_urls())

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        return detail.page(request, detail.payout_or_404(pk))

    @admin.display(description="")
    def pick(self, payout: PayoutRequest) -> SafeString:
        """What a bulk decision takes."""
        return _cell("payouts/cell_pick.html", payout)

    @admin.display(description="Payee")
    def payee_name(self, payout: PayoutRequest) -> SafeString:
        """Who, and what to be careful about."""
        return _cell("payouts/cell_payee.html", payout)

    @admin.display(description="Amount")
    def amount_text(self, payout: PayoutRequest) -> SafeString:
        """What they are to receive."""
        return _cell("payouts/cell_amount.html", payout)

    @admin.display(description="Quote")
    def numbers(self, payout: PayoutRequest) -> SafeString:
        """What it costs; refreshed alone, together with what a bulk approval signs."""
        return _cell("payouts/cell_numbers.html", payout)

    @admin.display(description="Paid into")
    def paid_into(self, payout: PayoutRequest) -> SafeString:
        """The masked account."""
        return _cell("payouts/cell_account.html", payout)

    @admin.display(description="Age")
    def age(self, payout: PayoutRequest) -> SafeString:
        """Since it was asked for."""
        return ago(payout.created_at)

    @admin.display(description="Status")
    def state(self, payout: PayoutRequest) -> SafeString:
        """The chip, and who is looking or decided; refreshed alone."""
        return _cell("payouts/cell_state.html", payout)


def _cell(template: str, payout: PayoutRequest) -> SafeString:
    return SafeString(render_to_string(template, {"row": row_of(payout), "payout": payout}))
