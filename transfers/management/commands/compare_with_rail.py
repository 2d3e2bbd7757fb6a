"""`manage.py compare_with_rail --actor NAME [--since TIME]`: our books against the rails'."""

from argparse import ArgumentParser
from datetime import UTC, timedelta
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from audit.actor import Actor
from transfers.management.by_name import NamedCommand
from transfers.models import Finding, FindingState
from transfers.services.compare_with_rail import compare_with_rail
from transfers.services.unfreeze_dispatch import KINDS

_DAYS: Final = 30


class Command(NamedCommand):
    """Thin over `compare_with_rail`."""

    help = "Ask each rail for all that is open here, and list what it moved since; differences become findings."
    capability = "transfer.confirm"
    needs_reason = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--since",
            default="",
            help=f"List movements from then on (RFC 3339; before the backup). Default: {_DAYS} days ago.",
        )

    def act(self, options: dict[str, Any], actor: Actor) -> None:
        since = timezone.now() - timedelta(days=_DAYS)
        if options["since"]:
            try:
                given = parse_datetime(options["since"])
            except ValueError as error:
                raise CommandError("--since is no time.") from error
            if given is None:
                raise CommandError("--since is no time: 2026-11-27T02:00:00Z.")
            since = given if given.tzinfo else given.replace(tzinfo=UTC)
        comparison = compare_with_rail(since=since, actor=actor)
        found = comparison.result
        listed = ", ".join(f"{rail} {count}" for rail, count in found["listed"].items()) or "none"
        self.stdout.write(
            f"Asked about {found['asked']}, of which {found['settled']} turned out to be paid. Listed: {listed}."
        )
        findings = Finding.objects.filter(state=FindingState.OPEN, kind__in=KINDS).order_by("pk")
        for finding in findings:
            self.stdout.write(f"finding {finding.pk}: {finding.subject}: {finding.detail}")
        self.stdout.write(
            "Clean: manage.py unfreeze_dispatch."
            if not findings
            else "Not clean: decide about each finding."
        )
