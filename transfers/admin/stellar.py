"""Stellar: what was signed, what it pays, what is proven of it, and the channels that lend the numbers. Read-only."""

from datetime import UTC, datetime
from typing import Any, Final

from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from guard.errors import NotFound
from money import Money
from transfers.admin.read_only import PageAdmin
from transfers.console.formats import Chip, money_text
from transfers.console.story import facts
from transfers.models import LIVE_STATES, StellarChannel, StellarEnvelope, StellarPayment
from transfers.templatetags.console import ago, chip

_CHIPS: Final = {
    "prepared": Chip("Signed, not sent", "grey", "edit_document"),
    "sent": Chip("Sent, not known", "amber", "hourglass_top"),
    "applied_ok": Chip("Paid", "emerald", "check_circle"),
    "applied_failed": Chip("Failed in a ledger", "red", "error"),
    "expired": Chip("Proven absent", "grey", "event_busy"),
}


def envelope_chip(envelope: StellarEnvelope) -> Chip:
    """Its state: amber while a ledger may still take it."""
    return _CHIPS[envelope.state]


def short(text: str) -> str:
    """The beginning and the end of a hash or an address."""
    return f"{text[:6]}…{text[-6:]}"


@admin.register(StellarEnvelope)
class StellarEnvelopeAdmin(PageAdmin):
    """One row for each transaction that was ever signed."""

    capability = "transfer.read"
    noun = "stellarenvelope"
    list_title = "Stellar transactions"
    empty_title = "No Stellar transactions yet"
    empty_text = (
        "A transaction is written down here before it is sent, with up to 100 payments in it."
    )
    empty_icon = "receipt_long"
    list_display = ("transaction", "state_chip", "payment_count", "sends", "number", "created")
    search_fields = ("hash",)
    search_help_text = "The whole transaction hash"

    def get_queryset(self, request: HttpRequest) -> QuerySet[StellarEnvelope]:
        found: QuerySet[StellarEnvelope] = super().get_queryset(request)
        # Counted for the rows of the page, and not by a join over all of them.
        of_one = StellarPayment.objects.filter(envelope=OuterRef("pk")).order_by()
        counted = of_one.values("envelope").annotate(count=Count("pk")).values("count")
        return found.annotate(payments_in_it=Subquery(counted))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StellarEnvelope], search_term: str
    ) -> tuple[QuerySet[StellarEnvelope], bool]:
        """Always by an index."""
        term = search_term.strip().lower()
        return (queryset.filter(hash=term) if term else queryset), False

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        envelope = StellarEnvelope.objects.select_related("channel").filter(pk=pk).first()
        if envelope is None:
            raise NotFound("There is no such transaction.")
        payments = envelope.payments.select_related("attempt__transfer").order_by("operation_index")
        context = {
            "title": "Stellar transaction",
            "envelope": envelope,
            "state": envelope_chip(envelope),
            "max_time": datetime.fromtimestamp(envelope.max_time, UTC),
            "fee": money_text(Money(envelope.fee, "XLM")),
            "payments": list(payments),
            "refusal": facts(envelope.last_refusal),
            "result": facts({k: v for k, v in envelope.result.items() if k != "operations"}),
            "proof": facts(envelope.proof or {}),
        }
        return self.shown(request, "console/envelope.html", context)

    @admin.display(description="Transaction")
    def transaction(self, envelope: StellarEnvelope) -> SafeString:
        """Its hash, as the link to the page."""
        return format_html(
            '<a class="row-link" href="{}"><code title="{}">{}</code></a>',
            reverse("admin:transfers_stellarenvelope_change", args=[envelope.pk]),
            envelope.hash,
            short(envelope.hash),
        )

    @admin.display(description="State")
    def state_chip(self, envelope: StellarEnvelope) -> SafeString:
        """The chip."""
        return chip(envelope_chip(envelope))

    @admin.display(description="Payments")
    def payment_count(self, envelope: Any) -> Any:
        """How many it holds."""
        return envelope.payments_in_it or 0

    @admin.display(description="Sends")
    def sends(self, envelope: StellarEnvelope) -> int:
        """How often the same bytes were offered."""
        return envelope.send_count

    @admin.display(description="Channel and number")
    def number(self, envelope: StellarEnvelope) -> SafeString:
        """The account and the sequence number that it uses."""
        return format_html(
            '<code title="{}">{}</code><span class="quiet small"> {}</span>',
            envelope.source,
            short(envelope.source),
            envelope.sequence,
        )

    @admin.display(description="Signed")
    def created(self, envelope: StellarEnvelope) -> SafeString:
        """Its age."""
        return ago(envelope.created_at)


@admin.register(StellarChannel)
class StellarChannelAdmin(PageAdmin):
    """Accounts whose sequence numbers are used."""

    capability = "transfer.read"
    noun = "stellarchannel"
    list_title = "Stellar channels"
    empty_title = "No Stellar channels yet"
    empty_text = "A channel is written down when it is used first. manage.py stellar_channels creates the accounts."
    empty_icon = "alt_route"
    list_display = ("account_link", "use", "network_passphrase")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StellarChannel]:
        found: QuerySet[StellarChannel] = super().get_queryset(request)
        live = StellarEnvelope.objects.filter(channel=OuterRef("pk"), state__in=LIVE_STATES)
        return found.annotate(has_live=Exists(live))

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        channel = StellarChannel.objects.filter(pk=pk).first()
        if channel is None:
            raise NotFound("There is no such channel.")
        latest = list(channel.envelopes.order_by("-id")[:20])
        context = {
            "title": "Stellar channel",
            "channel": channel,
            "envelopes": [(one, envelope_chip(one)) for one in latest],
            "live": next((one for one in latest if one.is_live), None),
        }
        return self.shown(request, "console/channel.html", context)

    @admin.display(description="Account")
    def account_link(self, channel: StellarChannel) -> SafeString:
        """The link to the page."""
        return format_html(
            '<a class="row-link" href="{}"><code>{}</code></a>',
            reverse("admin:transfers_stellarchannel_change", args=[channel.pk]),
            channel.account,
        )

    @admin.display(description="Use")
    def use(self, channel: Any) -> SafeString:
        """Whether a transaction of it may still be taken."""
        busy = Chip("A transaction is under way", "amber", "hourglass_top")
        return chip(busy if channel.has_live else Chip("Free", "emerald", "check_circle"))
