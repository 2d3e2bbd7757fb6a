"""`manage.py freeze_dispatch --actor NAME --reason WHY`: nothing leaves on any rail, whatever is restarted."""

from typing import Any

from audit.actor import Actor
from transfers.management.by_name import NamedCommand
from transfers.models.rail_switch import EVERY_RAIL
from transfers.services.pause_rail import pause_rail


class Command(NamedCommand):
    """Thin over `pause_rail`, for all rails at once."""

    help = (
        "Send nothing on any rail until unfreeze_dispatch: after a restore, before workers start."
    )
    capability = "rail.pause"

    def act(self, options: dict[str, Any], actor: Actor) -> None:
        pause_rail(rail=EVERY_RAIL, reason=options["reason"], actor=actor)
        self.stdout.write("Frozen: nothing leaves on any rail. Next: manage.py compare_with_rail.")
