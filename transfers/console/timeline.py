"""The timeline page of a booking; a transfer's own timeline is part of its page."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from transfers.console.gate import require
from transfers.console.story import MOST_TRANSFERS, booking_story
from transfers.models import Booking


@require_GET
def booking_timeline_view(request: HttpRequest, booking_id: int) -> HttpResponse:
    """What happened to a booking and to each of its people's transfers, in one order."""
    require(request, "booking.read", f"booking:{booking_id}")
    booking = get_object_or_404(Booking, pk=booking_id)
    context = admin.site.each_context(request) | {
        "title": f"Timeline of booking {booking.reference}",
        "booking": booking,
        "moments": booking_story(booking),
        "most_transfers": MOST_TRANSFERS,
    }
    return TemplateResponse(request, "console/booking_timeline.html", context)
