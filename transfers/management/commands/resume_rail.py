"""`manage.py resume_rail RAIL --actor NAME --reason WHY`: what waits may leave again."""

from argparse import ArgumentParser
from typing import Any

from audit.actor import Actor
from transfers.management.by_name import NamedCommand
from transfers.models import Rail
from transfers.services.resume_rail import resume_rail


class Command(NamedCommand):
    """Thin over `resume_rail`."""

    help = "Let what waits on a paused rail leave again."
    capability = "rail.resume"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("rail", choices=Rail.values)
        super().add_arguments(parser)

    def act(self, options: dict[str, Any], actor: Actor) -> None:
        resume_rail(rail=options["rail"], reason=options["reason"], actor=actor)
        self.stdout.write(f"{options['rail']} is open: what waited leaves with the next sweep.")
