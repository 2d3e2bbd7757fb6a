"""The audit log in the console, for reading only. It lives here because `audit` may not know the policy."""

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.models import Entry, Outcome, Seal
from transfers.admin.filters import OutcomeFilter
from transfers.admin.findings import subject_address
from transfers.admin.governed import GovernedAdmin
from transfers.console.export import Column, columns
from transfers.console.formats import Chip
from transfers.console.story import REFUSED
from transfers.console.tellers import reason_of, told
from transfers.templatetags.console import ago, chip


@admin.register(Entry)
class EntryAdmin(GovernedAdmin):
    """Everything that happened and everything that was refused, newest first."""

    capability = "audit.read"
    list_title = "Audit log"
    empty_title = "Nothing happened yet"
    empty_text = "Every change of a status and every refusal is written here, and cannot be changed or removed."
    empty_icon = "history_edu"
    list_display = ("what", "about", "became", "who", "why", "when")
    list_display_links = ("what",)
    list_filter = (OutcomeFilter,)
    search_fields = ("subject", "actor_name")
    search_help_text = "Subject (transfer:12) or actor"
    export_name = "audit"
    export_columns = (
        *columns("id", "at", "subject", "seq", "action", "outcome", "prior_status", "new_status"),
        *columns("actor_kind", "actor_name", "reason", prose=("reason",)),
        *columns("request_id"),
        Column("details", lambda entry: json.dumps(entry.snapshot, sort_keys=True)),
        Column("entry_hash", lambda entry: bytes(entry.entry_hash).hex()),
    )
    fields = readonly_fields = (
        "subject",
        "seq",
        "action",
        "outcome",
        "prior_status",
        "new_status",
        "actor_kind",
        "actor_name",
        "actor_user_id",
        "at",
        "reason",
        "request_id",
        "details",
        "chain",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entry], search_term: str
    ) -> tuple[QuerySet[Entry], bool]:
        term = search_term.strip()
        if ":" in term:
            queryset = queryset.filter(subject=term)
        elif term:
            queryset = queryset.filter(actor_name=term)
        return queryset, False

    @admin.display(description="What")
    def what(self, entry: Entry) -> str:
        """In words."""
        return told(entry).title

    @admin.display(description="Subject")
    def about(self, entry: Entry) -> SafeString:
        """What it happened to."""
        address = subject_address(entry.subject)
        if not address:
            return format_html('<span class="mono">{}</span>', entry.subject)
        return format_html('<a class="mono" href="{}">{}</a>', address, entry.subject)

    @admin.display(description="Outcome")
    def became(self, entry: Entry) -> SafeString:
        """Done, noted or refused."""
        label = Outcome(entry.outcome).label
        if entry.outcome in REFUSED:
            return chip(Chip(label.capitalize(), "red", "block"))
        tone = "emerald" if entry.outcome == Outcome.WON else "grey"
        icon = "check" if entry.outcome == Outcome.WON else "edit_note"
        return chip(Chip(label.capitalize(), tone, icon))

    @admin.display(description="Who")
    def who(self, entry: Entry) -> str:
        """The actor."""
        return f"{entry.actor_kind} {entry.actor_name}"

    @admin.display(description="Reason")
    def why(self, entry: Entry) -> SafeString | str:
        """What they said, shortened; a code as its sentence, with the code below."""
        reason = reason_of(entry)
        text = reason if len(reason) <= 90 else f"{reason[:87]}…"
        if reason == entry.reason:
            return text
        return format_html('{}<br><code class="quiet">{}</code>', text, entry.reason)

    @admin.display(description="When")
    def when(self, entry: Entry) -> SafeString:
        """Its age."""
        return ago(entry.at)

    @admin.display(description="Details")
    def details(self, entry: Entry) -> SafeString:
        """The snapshot, to be read."""
        text = json.dumps(entry.snapshot, indent=2, ensure_ascii=False)
        return format_html('<pre class="payload">{}</pre>', text)

    @admin.display(description="Chain")
    def chain(self, entry: Entry) -> SafeString:
        """The hashes that tie it to the entry before it."""
        return format_html(
            '<pre class="payload">{}\n{}</pre>',
            f"before {bytes(entry.prev_hash).hex() or '(first entry)'}",
            f"this   {bytes(entry.entry_hash).hex()}",
        )


@admin.register(Seal)
class SealAdmin(GovernedAdmin):
    """Seals over the whole log, newest first."""

    capability = "audit.read"
    list_title = "Audit seals"
    empty_title = "Not sealed yet"
    empty_text = "The scheduler seals the log every minute; manage.py seal_audit does it now."
    empty_icon = "approval"
    list_display = ("seal", "entry_count", "covers", "root_hash", "when")
    list_display_links = None
    fields = readonly_fields = ("first_entry_id", "last_entry_id", "entry_count", "root_hash", "at")

    @admin.display(description="Seal")
    def seal(self, seal: Seal) -> str:
        """Its number."""
        return f"#{seal.pk}"

    @admin.display(description="Entries")
    def covers(self, seal: Seal) -> str:
        """Which entries it covers."""
        return f"{seal.first_entry_id} to {seal.last_entry_id}"

    @admin.display(description="Merkle root")
    def root_hash(self, seal: Seal) -> SafeString:
        """Shortened in the list, for comparing by eye."""
        return format_html("<code>{}</code>", bytes(seal.root).hex()[:24])

    @admin.display(description="Sealed")
    def when(self, seal: Seal) -> SafeString:
        """Its age."""
        return ago(seal.at)
