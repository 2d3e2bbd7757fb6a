"""A job is done or will not happen: a GET shows what that means, a POST does it through one service."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from access.actors import actor_from_request
from guard.errors import Invalid, Refused
from transfers.console.gate import require
from transfers.console.notices import Notice, refusal
from transfers.console.typed import version_of
from transfers.models import Booking, BookingStatus
from transfers.services.cancel_booking import cancel_booking
from transfers.services.complete_booking import complete_booking


@dataclass(frozen=True, slots=True)
class Closing:
    """One of the two ends of a job, as its page describes it."""

    title: str
    explanation: str
    button: str
    icon: str
    done: str
    danger: bool = False


COMPLETE = Closing(
    "Is the job done?",
    "The booking becomes completed. Nobody is paid or unpaid by that.",
    "Job is done",
    "task_alt",
    "The job is done",
)
CANCEL = Closing(
    "Cancel this job?",
    "Nobody can be paid for it any more, and that is not undone. While somebody on it is paid or being paid it is "
    "refused: take that money back first.",
    "Cancel the job",
    "event_busy",
    "The job is cancelled",
    danger=True,
)


def complete_view(request: HttpRequest, booking_id: int) -> HttpResponse:
    """Scheduled -> completed."""

    def run(booking: Booking) -> None:
        complete_booking(
            reference=booking.reference,
            actor=actor_from_request(request),
            reason=_reason(request),
            expected_version=_version(request),
        )

    return _answer(request, booking_id, COMPLETE, run)


def cancel_view(request: HttpRequest, booking_id: int) -> HttpResponse:
    """Scheduled -> cancelled."""

    def run(booking: Booking) -> None:
        if not _reason(request):
            raise Invalid("Say why it is cancelled.", field="reason", code="required")
        cancel_booking(
            reference=booking.reference,
            actor=actor_from_request(request),
            reason=_reason(request),
            expected_version=_version(request),
        )

    return _answer(request, booking_id, CANCEL, run)


def _answer(
    request: HttpRequest, booking_id: int, closing: Closing, run: Callable[[Booking], None]
) -> HttpResponse:
    require(request, "booking.close", f"booking:{booking_id}")
    if request.method not in ("GET", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    booking = _booking(booking_id)
    if request.method == "GET":
        return _page(request, booking, closing)
    try:
        run(booking)
    except Refused as error:
        return _page(request, _booking(booking_id), closing, refusal(error))
    Notice("done", closing.done).to_next_page(request)
    return redirect(reverse("admin:transfers_booking_crew", args=[booking_id]))


def _page(
    request: HttpRequest, booking: Booking, closing: Closing, notice: Notice | None = None
) -> HttpResponse:
    context: dict[str, Any] = admin.site.each_context(request) | {
        "title": closing.title,
        "closing": closing,
        "booking": booking,
        "possible": booking.status == BookingStatus.SCHEDULED,
        "notice": notice,
        "reason": request.POST.get("reason", ""),
    }
    status = notice.status if notice else 200
    return TemplateResponse(request, "console/close_booking.html", context, status=status)


def _booking(booking_id: int) -> Booking:
    booking = Booking.objects.filter(pk=booking_id).first()
    if booking is None:
        raise Http404("There is no such booking.")
    return booking


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()[:1_000]


def _version(request: HttpRequest) -> int | None:
    return version_of(request.POST.get("version", ""))
