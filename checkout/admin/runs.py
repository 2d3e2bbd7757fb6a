"""The reconciler's runs, and how far the ledger has been read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from checkout.admin.cells import row_link
from checkout.console.formats import run_chip, short
from checkout.models import ReconcileRun, WatchCursor
from guard.errors import NotFound
from transfers.admin.read_only import PageAdmin
from transfers.console.story import facts
from transfers.templatetags.console import ago, chip


def get_run(run_id: int) -> ReconcileRun:
    """Raises NotFound."""
    run = ReconcileRun.objects.filter(pk=run_id).first()
    if run is None:
        raise NotFound(f"There is no run {run_id}.")
    return run


def _who(run: ReconcileRun) -> str:
    """As the timelines say it: "worker reconciler"."""
    return run.started_by.replace(":", " ", 1)


@admin.register(ReconcileRun)
class ReconcileRunAdmin(PageAdmin):
    """Each says what it repaired, or why it repaired nothing."""

    capability = "checkout.read"
    noun = "reconcilerun"
    list_title = "Reconciler"
    empty_title = "The reconciler has not run yet"
    empty_text = "It runs by itself every five minutes, or with manage.py reconcile_sessions."
    empty_icon = "healing"
    list_display = ("what", "state", "looked_at", "repaired", "findings", "said", "finished")
    change_list_template = "checkout/runs.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        cursors = [(short(one.account), one) for one in WatchCursor.objects.order_by("account")]
        return super().changelist_view(request, {"cursors": cursors, **(extra_context or {})})

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = get_run(pk)
        context = {
            "title": f"Run {run.pk}",
            "run": run,
            "who": _who(run),
            "state": run_chip(run),
            "repairs": [
                (one, one.case.replace("_", " "), one.action.replace("_", " "), facts(one.evidence))
                for one in run.repairs.order_by("id")
            ],
        }
        return self.shown(request, "checkout/run.html", context)

    @admin.display(description="Run")
    def what(self, run: ReconcileRun) -> SafeString:
        """Its number, as the link to the page."""
        address = reverse("admin:checkout_reconcilerun_change", args=[run.pk])
        below = _who(run) + (", dry run" if run.dry_run else "")
        return row_link(address, f"Run {run.pk}", below)

    @admin.display(description="Outcome")
    def state(self, run: ReconcileRun) -> SafeString:
        """The chip."""
        return chip(run_chip(run))

    @admin.display(description="What it says")
    def said(self, run: ReconcileRun) -> SafeString:
        """Why it repaired nothing, if so."""
        return format_html("{}", run.problem[:120] or "-")

    @admin.display(description="Ended")
    def finished(self, run: ReconcileRun) -> SafeString:
        """How long ago."""
        return ago(run.finished_at)
