"""Affiliates' commissions: the list, and each one's own page."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from payouts.commissions import commissions_found_by, commissions_shown, get_commission
from payouts.console import commissions
from payouts.models import Commission, CommissionStatus
from transfers.admin.filters import ChoiceFilter
from transfers.admin.read_only import PageAdmin
from transfers.console.formats import money_text
from transfers.templatetags.console import ago, chip


class CommissionStatusFilter(ChoiceFilter):
    """Where it stands."""

    title = "Status"
    parameter_name = "status"
    options = tuple((one.value, one.label) for one in CommissionStatus)


@admin.register(Commission)
class CommissionAdmin(PageAdmin):
    """Looked at here, moved only through the services."""

    capability = "commission.read"
    noun = "commission"
    list_title = "Commissions"
    empty_title = "No commissions yet"
    empty_text = "What affiliates earn appears here as soon as it is written down with POST /api/v1/commissions."
    empty_icon = "percent"
    list_display = ("what", "payee_name", "amount_text", "state", "paid_by", "created")
    list_filter = (CommissionStatusFilter,)
    search_fields = ("reference",)
    search_help_text = "Reference, payee or their id begins with…"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Commission]:
        return commissions_shown()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Commission], search_term: str
    ) -> tuple[QuerySet[Commission], bool]:
        term = search_term.strip()
        return (queryset.filter(commissions_found_by(term)) if term else queryset), False

    def get_urls(self) -> list[URLPattern]:
        views = {
            "approve": commissions.approve_view,
            "void": commissions.void_view,
            "claw_back": commissions.claw_back_view,
            "include": commissions.include_view,
        }
        own = [
            path(
                f"<int:commission_id>/{name.replace('_', '-')}/",
                self.admin_site.admin_view(view),
                name=f"payouts_commission_{name}",
            )
            for name, view in views.items()
        ]
        return own + list(super().get_urls())

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        return commissions.commission_page(request, get_commission(pk))

    @admin.display(description="Commission")
    def what(self, commission: Commission) -> SafeString:
        """Reference and what it was earned for, as the link to the page."""
        return format_html(
            '<a class="row-link" href="{}"><strong class="mono">{}</strong><span class="quiet">{}</span></a>',
            reverse("admin:payouts_commission_change", args=[commission.pk]),
            commission.reference,
            commission.earned_for,
        )

    @admin.display(description="Payee")
    def payee_name(self, commission: Commission) -> SafeString:
        """Who earned it."""
        return format_html(
            '{}<br><span class="quiet">{}</span>',
            commission.payee.name,
            commission.payee.external_id,
        )

    @admin.display(description="Amount")
    def amount_text(self, commission: Commission) -> SafeString:
        """What was earned."""
        return format_html('<span class="amount">{}</span>', money_text(commission.amount))

    @admin.display(description="Status")
    def state(self, commission: Commission) -> SafeString:
        """The chip."""
        return chip(commissions.commission_chip(commission))

    @admin.display(description="Payout")
    def paid_by(self, commission: Commission) -> SafeString | str:
        """The request that pays it."""
        if commission.live_payout_id is None:
            return "-"
        return format_html(
            '<a href="{}">#{}</a>',
            reverse("admin:payouts_payoutrequest_change", args=[commission.live_payout_id]),
            commission.live_payout_id,
        )

    @admin.display(description="Accrued")
    def created(self, commission: Commission) -> SafeString:
        """Its age."""
        return ago(commission.created_at)
