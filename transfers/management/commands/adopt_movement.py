"""`manage.py adopt_movement TRANSFER --actor NAME --reason WHY`: paid at the rail, still owed in restored books."""

from argparse import ArgumentParser
from typing import Any

from audit.actor import Actor
from transfers.management.by_name import NamedCommand
from transfers.services.adopt_movement import adopt_movement


class Command(NamedCommand):
    """Thin over `adopt_movement`."""

    help = "While dispatch is frozen: take over the one movement that the rail holds for this debt. Sends nothing."
    capability = "rail.resume"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("transfer", type=int)
        super().add_arguments(parser)

    def act(self, options: dict[str, Any], actor: Actor) -> None:
        transfer = adopt_movement(
            transfer_id=options["transfer"], reason=options["reason"], actor=actor
        )
        self.stdout.write(f"{transfer} is paid by {transfer.rail_reference}.")
