"""`manage.py race_report --days 90`: lost races, refused steps, payouts whose rail says otherwise."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payouts.races import disagreements, refusals


class Command(BaseCommand):
    """A line for each incident, with what to do about it."""

    help = "List lost races, refused steps, and decided payouts whose rail says otherwise."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=90, help="How far back (default 90).")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["days"] < 1:
            raise CommandError("--days must be at least 1.")
        races, refused = refusals(options["days"])
        self._section("Lost races", [one.line() for one in races])
        self._section("Refused steps", [one.line() for one in refused])
        self._section("The rail says otherwise", [one.line() for one in disagreements()])

    def _section(self, title: str, lines: list[str]) -> None:
        self.stdout.write(f"{title}: {len(lines)}")
        for line in lines:
            self.stdout.write(f"  {line}")
