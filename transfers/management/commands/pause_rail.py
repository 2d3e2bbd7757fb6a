"""`manage.py pause_rail RAIL --actor NAME --reason WHY`: nothing new leaves on this rail."""

from argparse import ArgumentParser
from typing import Any

from audit.actor import Actor
from transfers.management.by_name import NamedCommand
from transfers.models import Rail
from transfers.services.pause_rail import pause_rail


class Command(NamedCommand):
    """Thin over `pause_rail`."""

    help = (
        "Send nothing on this rail until it is resumed. What may have moved is still asked about."
    )
    capability = "rail.pause"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("rail", choices=Rail.values)
        super().add_arguments(parser)

    def act(self, options: dict[str, Any], actor: Actor) -> None:
        pause_rail(rail=options["rail"], reason=options["reason"], actor=actor)
        self.stdout.write(f"{options['rail']} is paused: nothing new leaves on it.")
