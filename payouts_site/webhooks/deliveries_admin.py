"""Webhook deliveries on the console: what was promised, what was answered, and sending it once more."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from access.actors import actor_from_request
from guard.errors import NotFound, Refused
from payouts_site.webhooks.looks import delivery_chip, host_of, try_chip
from payouts_site.webhooks.selectors import deliveries, endpoints, get_delivery
from payouts_site.webhooks.services.resend_delivery import resend_delivery
from transfers.admin.filters import ChoiceFilter
from transfers.admin.findings import subject_address
from transfers.admin.read_only import PageAdmin
from transfers.console.gate import require, sees
from transfers.console.notices import Notice, refusal
from transfers.templatetags.console import ago, chip
from webhooks.models import WebhookDelivery

_NAME = "webhooks_webhookdelivery"
_MOST_ENDPOINTS_TO_CHOOSE = 12


class StateFilter(ChoiceFilter):
    """Where a delivery stands."""

    title = "State"
    parameter_name = "state"
    options = (
        ("pending", "Waiting"),
        ("delivered", "Delivered"),
        ("failed", "Given up"),
        ("disabled", "Not sent"),
    )


class EndpointFilter(ChoiceFilter):
    """Whose; any endpoint by address, the newest to choose from."""

    title = "Endpoint"
    parameter_name = "endpoint"
    options = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = endpoints(None).order_by("-id")[:_MOST_ENDPOINTS_TO_CHOOSE]
        return [(str(one.pk), f"{host_of(one.url)} ({one.pk})") for one in newest]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        value = self.value()
        if value is None or not value.isdecimal() or len(value) > 18:
            return queryset
        return queryset.filter(endpoint=int(value))


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(PageAdmin):
    """Each event once for each endpoint that wanted it."""

    capability = "webhook.read"
    noun = "webhook_delivery"
    list_title = "Webhook deliveries"
    empty_title = "No deliveries yet"
    empty_text = (
        "Each time a transfer or a payout comes to something that an endpoint wants to hear of, "
        "its message is listed here with every try to deliver it."
    )
    empty_icon = "outgoing_mail"
    list_display = ("event", "about", "to", "condition", "tries", "created")
    list_filter = (StateFilter, EndpointFilter)
    search_fields = ("webhook_id",)
    search_help_text = "Webhook id, or what it is about such as payout:47828"

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        return deliveries(None).defer("payload")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery], search_term: str
    ) -> tuple[QuerySet[WebhookDelivery], bool]:
        """Whole ids only: each is an index lookup."""
        term = search_term.strip()
        if term.startswith("evt_"):
            # The index begins with the endpoint, of which there are few.
            known = list(endpoints(None).values_list("pk", flat=True))
            queryset = queryset.filter(endpoint__in=known, webhook_id=term)
        elif term:
            queryset = queryset.filter(subject=term)
        return queryset, False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(resend_view)
        return [
            path("<int:delivery_id>/resend/", view, name=f"{_NAME}_resend"),
            *super().get_urls(),
        ]

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        return delivery_page(request, get_delivery(pk, None))

    @admin.display(description="Event")
    def event(self, delivery: WebhookDelivery) -> SafeString:
        """Type and id, as the link to the page."""
        return format_html(
            '<a class="row-link" href="{}"><strong>{}</strong><span class="quiet mono">{}</span></a>',
            reverse(f"admin:{_NAME}_change", args=[delivery.pk]),
            delivery.event_type,
            delivery.webhook_id,
        )

    @admin.display(description="About")
    def about(self, delivery: WebhookDelivery) -> SafeString:
        """What it is about, as a link where that has a page."""
        address = page_of(delivery.subject)
        if not address:
            return format_html('<span class="mono">{}</span>', delivery.subject)
        return format_html('<a class="mono" href="{}">{}</a>', address, delivery.subject)

    @admin.display(description="To")
    def to(self, delivery: WebhookDelivery) -> SafeString:
        """The endpoint."""
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:webhooks_webhookendpoint_change", args=[delivery.endpoint_id]),
            host_of(delivery.endpoint.url),
        )

    @admin.display(description="State")
    def condition(self, delivery: WebhookDelivery) -> SafeString:
        """The chip."""
        return chip(delivery_chip(delivery))

    @admin.display(description="Promised")
    def created(self, delivery: WebhookDelivery) -> SafeString:
        """Its age."""
        return ago(delivery.created_at)


@require_POST
def resend_view(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Send it once more."""
    require(request, "webhook.manage", f"webhook_delivery:{delivery_id}")
    try:
        delivery = get_delivery(delivery_id, None)
    except NotFound as error:
        raise Http404(error.detail) from error
    try:
        resend_delivery(delivery_id=delivery_id, owner_id=None, actor=actor_from_request(request))
    except Refused as error:
        return delivery_page(request, delivery, refusal(error))
    Notice("done", "It is sent again", "Under the same id, within seconds").to_next_page(request)
    return redirect(reverse(f"admin:{_NAME}_change", args=[delivery_id]))


def delivery_page(
    request: HttpRequest, delivery: WebhookDelivery, notice: Notice | None = None
) -> HttpResponse:
    """One delivery with its payload and its tries."""
    tries = [(one, try_chip(one)) for one in delivery.attempts.all()]
    context = admin.site.each_context(request) | {
        "title": "Webhook delivery",
        "delivery": delivery,
        "state_chip": delivery_chip(delivery),
        "address": page_of(delivery.subject),
        "payload": json.dumps(json.loads(delivery.payload), indent=2, ensure_ascii=False),
        "tries": tries,
        "may_resend": sees(request, "webhook.manage") and delivery.endpoint.disabled_at is None,
        "notice": notice,
    }
    status = notice.status if notice else 200
    return TemplateResponse(request, "webhooks/delivery.html", context, status=status)


def page_of(subject: str) -> str:
    """The page of what an event is about; "" where there is none."""
    noun, _, pk = subject.partition(":")
    if noun == "payout" and pk.isdecimal():
        return reverse("admin:payouts_payoutrequest_change", args=[pk])
    return subject_address(subject)
