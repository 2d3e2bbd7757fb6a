"""`manage.py guard_audit`: every way to change something about money, its guard, side effect and test.

Exit status 1, naming it, if a way in is not declared, does not call its guard, or if code goes around the door.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payouts_site.guard_audit.verdict import audit


class Command(BaseCommand):
    """Reads code, addresses, admin, tasks and commands; no database."""

    help = "List what can change a financial state, and fail if something goes around the door."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="Say only what is wrong.")

    def handle(self, *args: Any, **options: Any) -> None:
        report = audit()
        if not options["quiet"]:
            for way in report.guarded:
                self.stdout.write(f"{way.name}\n    {way.guard}\n    {way.effect}\n    {way.test}")
        for name in report.gone:
            self.stdout.write(f"declared, not found: {name}")
        if report.wrong:
            raise CommandError("\n".join(["Around the door:", *report.wrong]))
        self.stdout.write(
            f"{len(report.guarded)} ways in are guarded, {report.harmless} change nothing about money."
        )
