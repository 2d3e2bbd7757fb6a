"""`manage.py doctor [--json] [--offline]`: is this installation as it must be? Exit code 1 when a line fails."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from payouts_site.doctor import everything


class Command(BaseCommand):
    """Looks, changes nothing, prints no secret. Runs without Django's own checks: they are not what is asked."""

    help = "Check configuration, connections, durability, triggers, seals, clocks and secrets; say what to do."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="One JSON object.")
        parser.add_argument("--offline", action="store_true", help="Ask no rail.")

    def handle(self, *args: Any, **options: Any) -> None:
        lines = everything(ask_rails=not options["offline"])
        failed = sum(line.verdict == "fail" for line in lines)
        if options["json"]:
            found = {"healthy": not failed, "lines": [line.as_dict() for line in lines]}
            self.stdout.write(json.dumps(found, indent=2))
        else:
            for line in lines:
                todo = f"  ->  {line.todo}" if line.todo else ""
                self.stdout.write(f"{line.verdict:<5} {line.name}: {line.found}{todo}")
            warned = sum(line.verdict == "warn" for line in lines)
            self.stdout.write(
                f"{len(lines)} looked at, {warned} to think about, {failed} to repair"
            )
        if failed:
            sys.exit(1)
