"""Webhook endpoints on the console: who is told of what, and for how long."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from access.actors import actor_from_request
from guard.errors import Refused
from payouts_site.webhooks.looks import endpoint_chip, event_groups, wanted
from payouts_site.webhooks.selectors import endpoints
from payouts_site.webhooks.services.create_endpoint import create_endpoint
from payouts_site.webhooks.services.disable_endpoint import disable_endpoint
from payouts_site.webhooks.services.enable_endpoint import enable_endpoint
from payouts_site.webhooks.services.rotate_secret import OVERLAP_HOURS, rotate_secret
from transfers.admin.filters import NullFilter
from transfers.admin.read_only import PageAdmin
from transfers.console.gate import require, sees
from transfers.console.notices import Notice, refusal
from transfers.templatetags.console import ago, chip
from webhooks.models import WebhookEndpoint

_NAME = "webhooks_webhookendpoint"


class EnabledFilter(NullFilter):
    """Enabled or disabled."""

    title = "State"
    parameter_name = "disabled_at__isnull"
    options = (("True", "Enabled"), ("False", "Disabled"))


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(PageAdmin):
    """Every integrator's endpoints, and one's own."""

    capability = "webhook.read"
    noun = "webhook_endpoint"
    list_title = "Webhook endpoints"
    empty_title = "Nobody is told yet"
    empty_text = (
        "An endpoint is an address of an integrator's that hears of transfers and payouts as they happen. "
        "Integrators add theirs through the API; you can add one here."
    )
    empty_icon = "hub"
    change_list_template = "webhooks/endpoints.html"
    list_display = ("address", "events_wanted", "made_by", "condition", "created")
    list_filter = (EnabledFilter,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        return endpoints(None)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        more = {"may_manage": sees(request, "webhook.manage"), **(extra_context or {})}
        return super().changelist_view(request, more)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("new/", view(new_view), name=f"{_NAME}_new"),
            path("<int:endpoint_id>/disable/", view(disable_view), name=f"{_NAME}_disable"),
            path("<int:endpoint_id>/enable/", view(enable_view), name=f"{_NAME}_enable"),
            path("<int:endpoint_id>/rotate/", view(rotate_view), name=f"{_NAME}_rotate"),
            *super().get_urls(),
        ]

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        return endpoint_page(request, _endpoint(pk))

    @admin.display(description="Address")
    def address(self, endpoint: WebhookEndpoint) -> SafeString:
        """The link to its page."""
        return format_html(
            '<a class="row-link" href="{}"><strong>{}</strong></a>',
            reverse(f"admin:{_NAME}_change", args=[endpoint.pk]),
            endpoint.url if len(endpoint.url) <= 80 else f"{endpoint.url[:80]}…",
        )

    @admin.display(description="Wants")
    def events_wanted(self, endpoint: WebhookEndpoint) -> str:
        """In few words."""
        return wanted(endpoint)

    @admin.display(description="Made by")
    def made_by(self, endpoint: WebhookEndpoint) -> str:
        """A person, or a person's token."""
        return endpoint.owner

    @admin.display(description="State")
    def condition(self, endpoint: WebhookEndpoint) -> SafeString:
        """The chip."""
        return chip(endpoint_chip(endpoint))

    @admin.display(description="Since")
    def created(self, endpoint: WebhookEndpoint) -> SafeString:
        """Its age."""
        return ago(endpoint.created_at)


def new_view(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: a new endpoint and, this once, its secret."""
    require(request, "webhook.manage", "webhook_endpoint:new")
    if request.method not in ("GET", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    if request.method == "GET":
        return _form(request)
    try:
        endpoint, secret = create_endpoint(
            url=request.POST.get("url", "").strip(),
            events=request.POST.getlist("events"),
            actor=actor_from_request(request),
        )
    except Refused as error:
        return _form(request, Notice("refused", "Not added yet", error.detail, error.http_status))
    made = Notice("done", "The endpoint is enabled", "It is told of what happens from now on.")
    return endpoint_page(request, endpoint, made, secret=secret)


@require_POST
def rotate_view(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    """A new secret, shown this once; the old one signs as well for a day, or ends at once."""
    require(request, "webhook.manage", f"webhook_endpoint:{endpoint_id}")
    at_once = request.POST.get("overlap") == "none"
    try:
        endpoint, secret = rotate_secret(
            endpoint_id=endpoint_id,
            owner_id=None,
            actor=actor_from_request(request),
            overlap_hours=0 if at_once else OVERLAP_HOURS,
        )
    except Refused as error:
        raise Http404(str(error)) from error
    old = "The old one is gone." if at_once else f"The old one signs too for {OVERLAP_HOURS} hours."
    return endpoint_page(request, endpoint, Notice("done", "New secret", old), secret=secret)


@require_POST
def disable_view(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    """Tell it no more."""
    require(request, "webhook.manage", f"webhook_endpoint:{endpoint_id}")
    endpoint = _endpoint(endpoint_id)
    reason = request.POST.get("reason", "").strip()[:500]
    if not reason:
        missing = Notice("refused", "Not disabled yet", "Say why: its owner will ask.", 422)
        return endpoint_page(request, endpoint, missing)
    try:
        disable_endpoint(
            endpoint_id=endpoint_id,
            owner_id=None,
            actor=actor_from_request(request),
            reason=reason,
        )
    except Refused as error:
        return endpoint_page(request, endpoint, refusal(error))
    Notice("done", "The endpoint is disabled", "What waited for it is not sent").to_next_page(
        request
    )
    return redirect(reverse(f"admin:{_NAME}_change", args=[endpoint_id]))


@require_POST
def enable_view(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    """Tell it again."""
    require(request, "webhook.manage", f"webhook_endpoint:{endpoint_id}")
    endpoint = _endpoint(endpoint_id)
    try:
        enable_endpoint(endpoint_id=endpoint_id, owner_id=None, actor=actor_from_request(request))
    except Refused as error:
        return endpoint_page(request, endpoint, refusal(error))
    Notice("done", "The endpoint is enabled", "What it missed can be resent").to_next_page(request)
    return redirect(reverse(f"admin:{_NAME}_change", args=[endpoint_id]))


def endpoint_page(
    request: HttpRequest, endpoint: WebhookEndpoint, notice: Notice | None = None, secret: str = ""
) -> HttpResponse:
    """One endpoint; `secret` only in the answer to what made it."""
    context = admin.site.each_context(request) | {
        "title": "Webhook endpoint",
        "endpoint": endpoint,
        "state_chip": endpoint_chip(endpoint),
        "secret": secret,
        "may_manage": sees(request, "webhook.manage"),
        "notice": notice,
    }
    status = notice.status if notice else 200
    return TemplateResponse(request, "webhooks/endpoint.html", context, status=status)


def _form(request: HttpRequest, notice: Notice | None = None) -> HttpResponse:
    context = admin.site.each_context(request) | {
        "title": "New webhook endpoint",
        "groups": event_groups(),
        "url": request.POST.get("url", ""),
        "chosen": request.POST.getlist("events"),
        "notice": notice,
    }
    status = notice.status if notice else 200
    return TemplateResponse(request, "webhooks/new.html", context, status=status)


def _endpoint(endpoint_id: int) -> WebhookEndpoint:
    found = endpoints(None).filter(pk=endpoint_id).first()
    if found is None:
        raise Http404("There is no such endpoint.")
    return found
