"""Bookings: the table with what is paid, and the crew dialog behind each row."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from money import Money
from transfers.admin.filters import BookingStatusFilter, PaymentStateFilter
from transfers.admin.governed import GovernedAdmin
from transfers.console import close_booking, crew, timeline
from transfers.console.export import Column, columns
from transfers.console.typed import row_ids
from transfers.models import Booking
from transfers.templatetags.console import ago


@admin.register(Booking)
class BookingAdmin(GovernedAdmin):
    """One row, one booking; counters on the row itself say what is paid."""

    capability = "booking.read"
    list_title = "Bookings"
    empty_title = "No bookings yet"
    empty_text = (
        "A booking appears here as soon as it is created with POST /api/v1/bookings or "
        "manage.py seed_demo. Then press its row to pay the crew."
    )
    empty_icon = "event_available"
    change_list_template = "console/bookings.html"
    list_display = (
        "booking",
        "crew_size",
        "total_amount",
        "paid_amount",
        "state",
        "job",
        "created",
    )
    list_display_links = None
    list_filter = (PaymentStateFilter, BookingStatusFilter)
    search_fields = ("reference", "customer_name")
    search_help_text = "Reference or customer begins with…"
    export_columns = (
        *columns("reference", "customer_name", "status", "payment_state", "currency"),
        Column("total", lambda booking: Money(booking.total_minor, booking.currency).format()),
        Column("paid", lambda booking: Money(booking.paid_minor, booking.currency).format()),
        *columns("crew_count", "success_count", "failed_count", "unknown_count", "created_at"),
    )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            context["moving"] = moving_ids(context["cl"].result_list)
        return response

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Booking], search_term: str
    ) -> tuple[QuerySet[Booking], bool]:
        term = search_term.strip()
        if term:
            queryset = queryset.filter(
                Q(reference__istartswith=term) | Q(customer_name__istartswith=term)
            )
        return queryset, False

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        views = (
            ("<int:booking_id>/crew/", crew.crew_view, "crew"),
            ("<int:booking_id>/crew/live/", crew.crew_live_view, "crew_live"),
            ("<int:booking_id>/crew/confirm/", crew.crew_confirm_view, "crew_confirm"),
            ("<int:booking_id>/crew/pay/", crew.crew_pay_view, "crew_pay"),
            (
                "<int:booking_id>/crew/<int:transfer_id>/retry/",
                crew.crew_retry_view,
                "crew_retry",
            ),
            ("<int:booking_id>/complete/", close_booking.complete_view, "complete"),
            ("<int:booking_id>/cancel/", close_booking.cancel_view, "cancel"),
            ("<int:booking_id>/timeline/", timeline.booking_timeline_view, "timeline"),
            ("live/", self.live_view, "live"),
        )
        own = [
            path(address, guard(view), name=f"transfers_booking_{name}")
            for address, view, name in views
        ]
        return own + list(super().get_urls())

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A booking's own page is its crew."""
        if not object_id.isdecimal():
            return redirect(reverse("admin:transfers_booking_changelist"))
        return redirect(reverse("admin:transfers_booking_crew", args=[object_id]))

    def live_view(self, request: HttpRequest) -> HttpResponse:
        """The moving cells of the rows that are on somebody's screen."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        ids = row_ids(request.GET.get("ids", ""))
        bookings = list(Booking.objects.filter(pk__in=ids[: self.list_per_page]))
        context = {"bookings": bookings, "oob": True, "moving": moving_ids(bookings)}
        return TemplateResponse(request, "console/bookings_live.html", context)

    @admin.display(description="Booking")
    def booking(self, booking: Booking) -> SafeString:
        """Reference and customer, as the link to the crew dialog."""
        return format_html(
            '<a class="row-link" data-crew href="{}"><strong class="mono">{}</strong>'
            '<span class="quiet">{}</span></a>',
            reverse("admin:transfers_booking_crew", args=[booking.pk]),
            booking.reference,
            booking.customer_name,
        )

    @admin.display(description="Crew")
    def crew_size(self, booking: Booking) -> SafeString:
        """How many people."""
        return format_html(
            '<span class="nowrap"><span class="icon quiet" aria-hidden="true">group</span> {}</span>',
            f"{booking.crew_count:,}",
        )

    @admin.display(description="Total")
    def total_amount(self, booking: Booking) -> SafeString:
        """What the crew is owed."""
        return _cell("console/money_cell.html", {"amount": booking.total})

    @admin.display(description="Paid")
    def paid_amount(self, booking: Booking) -> SafeString:
        """What reached people, what is left, and a bar; refreshed alone."""
        return _cell("console/booking_paid.html", {"booking": booking})

    @admin.display(description="Payment")
    def state(self, booking: Booking) -> SafeString:
        """The chip; refreshed alone."""
        return _cell("console/booking_state.html", {"booking": booking})

    @admin.display(description="Job")
    def job(self, booking: Booking) -> str:
        """The job's own status."""
        return booking.get_status_display()

    @admin.display(description="Created")
    def created(self, booking: Booking) -> SafeString:
        """Its age."""
        return ago(booking.created_at)


def moving_ids(bookings: list[Booking]) -> str:
    """The bookings whose row changes by itself, for the next look."""
    return ",".join(
        str(booking.pk)
        for booking in bookings
        if booking.pending_count or booking.processing_count or booking.unknown_count
    )


def _cell(template: str, context: dict[str, Any]) -> SafeString:
    return SafeString(render_to_string(template, context))
