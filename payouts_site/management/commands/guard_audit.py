"""`manage.py guard_audit`: every way to change something about money, its guard, side effect and test.

Exit status 1, naming it, if a way in is not declared, if its own code does not reach the service that is declared for
it, if one that is said to change nothing reaches the door, if a declaration has no way in, or if code goes around the
door. "Reach" is what the code of that handler names, function by function (payouts_site/guard_audit/calls.py).
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
        if report.wrong:
            raise CommandError("\n".join(["Around the door:", *report.wrong]))
        self.stdout.write(
            f"{len(report.guarded)} ways in are guarded, {report.harmless} change nothing about money."
        )
