"""Rail events: what rails told us by themselves, as it came. Read-only."""

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from transfers.admin.filters import AppliedFilter, RailFilter
from transfers.admin.governed import GovernedAdmin
from transfers.models import RailEvent
from transfers.templatetags.console import ago


@admin.register(RailEvent)
class RailEventAdmin(GovernedAdmin):
    """Each message once, however often it was delivered."""

    capability = "webhook.read"
    list_title = "Rail events"
    empty_title = "No rail events yet"
    empty_text = (
        "What Stripe sends to /webhooks/stripe and Wise to /webhooks/wise appears here. Transfers are settled "
        "without it too, only later."
    )
    empty_icon = "webhook"
    list_display = ("event", "kind", "outcome", "tries", "received")
    list_display_links = ("event",)
    list_filter = (AppliedFilter, RailFilter)
    search_fields = ("event_id",)
    search_help_text = "Event id"
    fields = readonly_fields = (
        "rail",
        "event_id",
        "type",
        "received_at",
        "applied_at",
        "due_at",
        "tries",
        "result",
        "message",
    )

    @admin.display(description="Event")
    def event(self, event: RailEvent) -> SafeString:
        """The rail's own id of it."""
        return format_html("<code>{}</code>", event.event_id)

    @admin.display(description="Type")
    def kind(self, event: RailEvent) -> str:
        """What it is about, in the rail's words."""
        return f"{event.get_rail_display()} {event.type}"

    @admin.display(description="Result")
    def outcome(self, event: RailEvent) -> str:
        """What came of it."""
        return event.result or ("applied" if event.applied_at else "waiting to be applied")

    @admin.display(description="Received")
    def received(self, event: RailEvent) -> SafeString:
        """Its age."""
        return ago(event.received_at)

    @admin.display(description="Message")
    def message(self, event: RailEvent) -> SafeString:
        """The payload, to be read."""
        text = json.dumps(event.payload, indent=2, ensure_ascii=False)
        return format_html('<pre class="payload">{}</pre>', text)
