"""Findings: where our books and a rail disagree, and a person says what it came to."""

from typing import Final

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from access.actors import actor_from_request
from guard.errors import Refused
from transfers import advice
from transfers.admin.filters import FindingStateFilter
from transfers.admin.read_only import PageAdmin
from transfers.console.formats import Chip
from transfers.console.gate import require, sees
from transfers.console.notices import Notice, refusal
from transfers.console.story import facts
from transfers.models import Finding, FindingState, Transfer
from transfers.services.resolve_finding import resolve_finding
from transfers.templatetags.console import ago, chip

RESOLUTIONS: Final = (
    ("fixed_at_rail", "Put right at the rail"),
    ("fixed_here", "Put right here"),
    ("explained", "Explained, nothing was wrong"),
    ("false_alarm", "False alarm"),
)


@admin.register(Finding)
class FindingAdmin(PageAdmin):
    """Open ones first need a person; resolving needs a note."""

    capability = "finding.read"
    noun = "finding"
    list_title = "Findings"
    empty_title = "No findings"
    empty_text = (
        "Our books and the rails agree. When they do not, it is listed here with what to do."
    )
    empty_icon = "verified"
    list_display = ("what", "about", "detail", "condition", "created")
    list_filter = (FindingStateFilter,)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(resolve_view)
        name = "transfers_finding_resolve"
        return [path("<int:finding_id>/resolve/", view, name=name), *super().get_urls()]

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        return finding_page(request, _finding(pk))

    @admin.display(description="What")
    def what(self, finding: Finding) -> SafeString:
        """The kind, as the link to the page."""
        return format_html(
            '<a class="row-link" href="{}"><strong>{}</strong></a>',
            reverse("admin:transfers_finding_change", args=[finding.pk]),
            _words(finding.kind),
        )

    @admin.display(description="About")
    def about(self, finding: Finding) -> SafeString:
        """What it is about, as a link where that has a page."""
        address = subject_address(finding.subject)
        if not address:
            return format_html("{}", finding.subject)
        return format_html('<a class="mono" href="{}">{}</a>', address, finding.subject)

    @admin.display(description="State")
    def condition(self, finding: Finding) -> SafeString:
        """The chip."""
        return chip(finding_chip(finding))

    @admin.display(description="Raised")
    def created(self, finding: Finding) -> SafeString:
        """Its age."""
        return ago(finding.created_at)


@require_POST
def resolve_view(request: HttpRequest, finding_id: int) -> HttpResponse:
    """Resolve it with a note."""
    require(request, "finding.resolve", f"finding:{finding_id}")
    finding = _finding(finding_id)
    note = request.POST.get("note", "").strip()
    resolution = request.POST.get("resolution", "")
    if not note or resolution not in dict(RESOLUTIONS):
        missing = Notice("refused", "Not resolved yet", "Choose what it came to and say why.", 422)
        return finding_page(request, finding, missing)
    try:
        resolve_finding(
            finding_id=finding_id,
            resolution=resolution,
            note=note,
            actor=actor_from_request(request),
        )
    except Refused as error:
        return finding_page(request, _finding(finding_id), refusal(error))
    Notice("done", "The finding is resolved").to_next_page(request)
    return redirect(reverse("admin:transfers_finding_change", args=[finding_id]))


def finding_page(
    request: HttpRequest, finding: Finding, notice: Notice | None = None
) -> HttpResponse:
    """One finding with its evidence."""
    transfer = _transfer_of(finding)
    context = admin.site.each_context(request) | {
        "title": "Finding",
        "finding": finding,
        "kind": _words(finding.kind),
        "state_chip": finding_chip(finding),
        "address": subject_address(finding.subject),
        "transfer": transfer,
        "source_address": subject_address(f"{transfer.source_type}:{transfer.source_id}")
        if transfer is not None
        else "",
        "what_to_do": advice.about_finding(finding.kind),
        "facts": facts(finding.evidence),
        "may_resolve": finding.state == FindingState.OPEN and sees(request, "finding.resolve"),
        "resolutions": RESOLUTIONS,
        "resolution_label": dict(RESOLUTIONS).get(finding.resolution, finding.resolution),
        "resolution": request.POST.get("resolution", ""),
        "note": request.POST.get("note", ""),
        "notice": notice,
    }
    status = notice.status if notice else 200
    return TemplateResponse(request, "console/finding.html", context, status=status)


def subject_address(subject: str) -> str:
    """The page of "transfer:12" or "booking:3"; "" for anything else."""
    noun, _, pk = subject.partition(":")
    if not pk.isdecimal():
        return ""
    pages = {
        "transfer": "admin:transfers_transfer_change",
        "booking": "admin:transfers_booking_crew",
        "user": "admin:auth_user_change",
        "finding": "admin:transfers_finding_change",
        "payout": "admin:payouts_payoutrequest_change",
        "checkout_session": "admin:checkout_checkoutsession_change",
        "receipt": "admin:checkout_receipt_change",
        "refund": "admin:checkout_refund_change",
    }
    return reverse(pages[noun], args=[pk]) if noun in pages else ""


def finding_chip(finding: Finding) -> Chip:
    """Red while somebody must look."""
    if finding.state == FindingState.OPEN:
        return Chip("Open", "red", "flag")
    return Chip("Resolved", "emerald", "check_circle")


def _finding(finding_id: int) -> Finding:
    found = Finding.objects.filter(pk=finding_id).first()
    if found is None:
        raise Http404("There is no such finding.")
    return found


def _transfer_of(finding: Finding) -> Transfer | None:
    noun, _, pk = finding.subject.partition(":")
    if noun != "transfer" or not pk.isdecimal():
        return None
    return Transfer.objects.filter(pk=pk).first()


def _words(kind: str) -> str:
    return kind.replace("_", " ").capitalize()
