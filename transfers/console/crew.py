"""The crew dialog: who is owed what for one booking, and the buttons that pay them.

Every address also answers as a full page, so that it can be linked, reloaded and used without JavaScript. Only the
POST-only views change anything, each through one service.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from access.actors import actor_from_request
from audit.actor import Actor
from guard.errors import Refused
from money import Money, total
from transfers import advice
from transfers.console.crew_screen import CrewScreen, crew_screen, disputed, unpaid_count
from transfers.console.gate import require, sees
from transfers.console.notices import Notice, refusal
from transfers.console.typed import row_id, row_ids, version_of
from transfers.models import Booking, CrewMember, Transfer, TransferStatus
from transfers.selectors import crew_preview
from transfers.services.pay_crew import pay_crew
from transfers.services.retry_transfer import retry_transfer
from transfers.shown import ShownTransfer

# Each retry is a transaction of its own; more than this would keep one request too long.
MOST_RETRIES: Final = 200
MOST_NAMED: Final = 200


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the confirmation step shows: exactly what the button below it does."""

    booking: Booking
    to_pay: list[CrewMember]
    to_retry: list[ShownTransfer]
    skipped: list[tuple[CrewMember, str]]
    total: Money
    preview_token: str
    failed_count: int

    @property
    def people(self) -> int:
        """How many people would be paid."""
        return len(self.to_pay) + len(self.to_retry)

    @property
    def retry_field(self) -> str:
        """The transfers to retry, each with the version that was seen: "12:3,15:1"."""
        return ",".join(f"{transfer.pk}:{transfer.version}" for transfer in self.to_retry)

    @property
    def retry_count(self) -> str:
        """How many are retried, and what becomes of the others if they are too many."""
        count = len(self.to_retry)
        if self.failed_count == count:
            return f"{count:,}"
        return f"{count:,} of {self.failed_count:,}, the others by pressing again"

    @property
    def most_named(self) -> int:
        """Longer lists of names are cut."""
        return MOST_NAMED


def confirmation(booking: Booking) -> Confirmation:
    """Read what Pay All or Pay Rest would do now."""
    preview = crew_preview(booking)
    failed = [
        row.transfer
        for row in preview.rows
        if row.transfer is not None and row.transfer.status == TransferStatus.FAILED
    ]
    findings = disputed(failed)
    failed = [transfer for transfer in failed if transfer.pk not in findings]
    to_retry = failed[:MOST_RETRIES]
    retried = {transfer.pk for transfer in to_retry}
    return Confirmation(
        booking=booking,
        to_pay=[row.member for row in preview.rows if row.payable],
        to_retry=to_retry,
        skipped=[
            (row.member, advice.DISPUTED if row.transfer.pk in findings else row.why)
            for row in preview.rows
            if row.transfer is not None and row.transfer.pk not in retried
        ],
        total=preview.total + total((one.amount for one in to_retry), booking.currency),
        preview_token=preview.token,
        failed_count=len(failed),
    )


@require_GET
def crew_view(request: HttpRequest, booking_id: int) -> HttpResponse:
    """The dialog."""
    require(request, "booking.read", f"booking:{booking_id}")
    return _screen(request, _booking(booking_id))


@require_GET
def crew_live_view(request: HttpRequest, booking_id: int) -> HttpResponse:
    """The parts of the dialog that move, for the people who are on the screen."""
    require(request, "booking.read", f"booking:{booking_id}")
    screen = crew_screen(_booking(booking_id), shown=row_ids(request.GET.get("shown", "")))
    return TemplateResponse(request, "console/crew_live.html", _context(request, screen, oob=True))


@require_GET
def crew_confirm_view(request: HttpRequest, booking_id: int) -> HttpResponse:
    """The step before the money: total, who will be paid, who is skipped and why."""
    require(request, "transfer.pay", f"booking:{booking_id}")
    booking = _booking(booking_id)
    asked = confirmation(booking)
    if _is_htmx(request):
        context = {"confirm": asked, "booking": booking}
        return TemplateResponse(request, "console/crew_confirm.html", context)
    return _screen(request, booking, confirm=asked)


@require_POST
def crew_pay_view(request: HttpRequest, booking_id: int) -> HttpResponse:
    """Pay All and Pay Rest: enqueue everybody who has no transfer, then retry the failed ones that were shown."""
    require(request, "transfer.pay", f"booking:{booking_id}")
    booking = _booking(booking_id)
    retries = _parse_retries(request.POST.get("retry", ""))
    if retries:
        require(request, "transfer.retry", f"booking:{booking_id}")
    actor = actor_from_request(request)
    enqueued = 0
    try:
        if unpaid_count(booking) or not retries:
            _, pays = pay_crew(
                reference=booking.reference,
                actor=actor,
                preview_token=request.POST.get("preview_token", ""),
            )
            enqueued = sum(pay.outcome == "enqueued" for pay in pays)
    except Refused as error:
        return _answer(request, booking_id, refusal(error))
    retried, refused = _retry_each(booking, retries, actor)
    return _answer(request, booking_id, _what_happened(enqueued, retried, refused))


@require_POST
def crew_retry_view(request: HttpRequest, booking_id: int, transfer_id: int) -> HttpResponse:
    """Retry one person whose transfer failed, as they were seen."""
    require(request, "transfer.retry", f"transfer:{transfer_id}")
    booking = _booking(booking_id)
    try:
        transfer = retry_transfer(
            transfer_id=_transfer_of(booking, transfer_id).pk,
            actor=actor_from_request(request),
            version=version_of(request.POST.get("version", "")),
        )
    except Refused as error:
        return _answer(request, booking_id, refusal(error))
    notice = Notice("done", f"{transfer.payee_name} is being paid again")
    return _answer(request, booking_id, notice)


def _booking(booking_id: int) -> Booking:
    try:
        return Booking.objects.get(pk=booking_id)
    except Booking.DoesNotExist as error:
        raise Http404("There is no such booking.") from error


def _transfer_of(booking: Booking, transfer_id: int) -> Transfer:
    try:
        return Transfer.objects.get(pk=transfer_id, source_type="booking", source_id=booking.pk)
    except Transfer.DoesNotExist as error:
        raise Http404("There is no such transfer on this booking.") from error


def _parse_retries(text: str) -> list[tuple[int, int]]:
    pairs = (part.partition(":") for part in text.split(","))
    read = ((row_id(pk), version_of(version)) for pk, _, version in pairs)
    found = [(pk, version) for pk, version in read if pk is not None and version is not None]
    return found[:MOST_RETRIES]


def _retry_each(
    booking: Booking, retries: Sequence[tuple[int, int]], actor: Actor
) -> tuple[int, list[str]]:
    """Each in its own transaction, with its own result: one person's conflict stops nobody else."""
    mine = dict(
        Transfer.objects.filter(
            pk__in=[pk for pk, _ in retries], source_type="booking", source_id=booking.pk
        ).values_list("pk", "payee_name")
    )
    retried, refused = 0, []
    for pk, version in retries:
        if pk not in mine:
            continue
        try:
            retry_transfer(transfer_id=pk, actor=actor, version=version)
            retried += 1
        except Refused as error:
            refused.append(f"{mine[pk]} ({error.detail})")
    return retried, refused


def _what_happened(enqueued: int, retried: int, refused: list[str]) -> Notice:
    asked_for = enqueued + retried
    if refused:
        people = "nobody else was" if not asked_for else f"{_people(asked_for)} asked for"
        return Notice(
            "refused", "Not retried", f"{'; '.join(refused[:20])}. Otherwise {people}.", 409
        )
    if not asked_for:
        return Notice(
            "refused",
            "Nobody was left to pay",
            "Everybody has been paid or is on their way. The list below is fresh.",
        )
    return Notice("done", f"{_people(asked_for)} on the way")


def _people(count: int) -> str:
    return "1 person is" if count == 1 else f"{count:,} people are"


def _answer(request: HttpRequest, booking_id: int, notice: Notice) -> HttpResponse:
    if not _is_htmx(request) and notice.status < 400:
        notice.to_next_page(request)
        return redirect(reverse("admin:transfers_booking_crew", args=[booking_id]))
    # What was done shows on the screen itself, and would be stale in a moment; a refusal must be read.
    shown = notice if notice.tone == "refused" else None
    return _screen(request, _booking(booking_id), notice=shown)


def _is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _screen(
    request: HttpRequest,
    booking: Booking,
    *,
    notice: Notice | None = None,
    confirm: Confirmation | None = None,
) -> HttpResponse:
    screen = crew_screen(booking, query=request.GET.get("q", ""))
    context = _context(request, screen) | {"notice": notice, "confirm": confirm}
    status = notice.status if notice else 200
    if _is_htmx(request):
        return TemplateResponse(request, "console/crew.html", context, status=status)
    page = admin.site.each_context(request) | {"title": f"Booking {booking.reference}"} | context
    return TemplateResponse(request, "console/crew_page.html", page, status=status)


def _context(request: HttpRequest, screen: CrewScreen, *, oob: bool = False) -> dict[str, Any]:
    return {
        "screen": screen,
        "booking": screen.booking,
        "now": screen.now,
        "may_pay": sees(request, "transfer.pay"),
        "may_retry": sees(request, "transfer.retry"),
        "may_close": sees(request, "booking.close"),
        "over_table": "table" in (request.POST if request.method == "POST" else request.GET),
        "oob": oob,
    }
