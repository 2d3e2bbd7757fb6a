"""`manage.py reconcile_sessions [--dry-run]`: one run of the stale-session reconciler, and what it did."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.actor import Actor
from checkout.models import RunOutcome
from checkout.services.reconcile_sessions import reconcile_sessions


class Command(BaseCommand):
    """Ends with an error when Horizon could not be believed."""

    help = "Bring stale and inconsistent checkout sessions in order, by what the ledger proves."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would be done; change no session."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError when nothing was repaired although something should be."""
        actor = Actor("command", "reconcile_sessions")
        run = reconcile_sessions(dry_run=options["dry_run"], actor=actor)
        for one in run.repairs.order_by("id"):
            self.stdout.write(f"session {one.session_id}: {one.case} -> {one.action}. {one.detail}")
        would = "would be " if run.dry_run else ""
        counts = (
            f"{run.looked_at} looked at, {run.repaired} {would}repaired, {run.findings} findings"
        )
        self.stdout.write(f"run {run.pk}: {counts}")
        if run.outcome == RunOutcome.HELD_OFF:
            raise CommandError(f"Repaired nothing: {run.problem}")
