"""`manage.py unfreeze_dispatch --actor NAME --reason WHY`: after a clean comparison, payments leave again."""

from typing import Any

from audit.actor import Actor
from transfers.management.by_name import NamedCommand
from transfers.services.unfreeze_dispatch import unfreeze_dispatch


class Command(NamedCommand):
    """Thin over `unfreeze_dispatch`."""

    help = "Let payments leave again; refused until a comparison since the freeze left no finding open."
    capability = "rail.resume"

    def act(self, options: dict[str, Any], actor: Actor) -> None:
        unfreeze_dispatch(reason=options["reason"], actor=actor)
        self.stdout.write("Open: what waited leaves with the next sweep.")
