"""Let what waits leave again on one rail."""

from audit.actor import Actor
from guard.errors import Invalid
from transfers.models import RailSwitch
from transfers.models.rail_switch import EVERY_RAIL, SwitchStatus
from transfers.services.pause_rail import turn_switch


def resume_rail(*, rail: str, reason: str, actor: Actor) -> RailSwitch:
    """Paused -> open, with its audit entry; workers find what waited by their next sweep. Own transactions.

    Raises Invalid (422: no such rail, no reason, or all rails at once: that is `unfreeze_dispatch`, which looks
    first), Conflicted (409: it is not paused).
    """
    if rail == EVERY_RAIL:
        raise Invalid(
            "Everything at once is let go by manage.py unfreeze_dispatch, after a comparison.",
            field="rail",
            code="invalid_choice",
        )
    return turn_switch(rail, reason, actor, believed=SwitchStatus.PAUSED, to=SwitchStatus.OPEN)
