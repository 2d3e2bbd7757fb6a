"""Stop what leaves on one rail, or on all of them, until a person lets it leave again."""

from django.db import transaction

from audit.actor import Actor
from guard.door import Conflict, Illegal, change_status
from guard.errors import Invalid
from transfers.models import Rail, RailSwitch
from transfers.models.rail_switch import EVERY_RAIL, SwitchStatus


def pause_rail(*, rail: str, reason: str, actor: Actor) -> RailSwitch:
    """Open -> paused, with its audit entry; effective for every claim that begins after the commit. Own transaction.

    What was claimed before may still leave, within one call's timeout; what may have moved is still asked about.
    Raises Invalid (422: no such rail, no reason), Conflicted (409: it is paused already).
    """
    return turn_switch(rail, reason, actor, believed=SwitchStatus.OPEN, to=SwitchStatus.PAUSED)


def _check(rail: str, reason: str) -> None:
    if rail not in (*Rail.values, EVERY_RAIL):
        raise Invalid(f"There is no rail {rail}.", field="rail", code="invalid_choice")
    if not reason.strip():
        raise Invalid("Say why.", field="reason", code="required")


def turn_switch(
    rail: str, reason: str, actor: Actor, *, believed: SwitchStatus, to: SwitchStatus
) -> RailSwitch:
    """Turn one switch through the door, for this service and its counterparts. Own transactions.

    Raises Invalid (422), Conflicted (409).
    """
    _check(rail, reason)
    RailSwitch.objects.bulk_create([RailSwitch(rail=rail)], ignore_conflicts=True)
    switch = RailSwitch.objects.get(rail=rail)
    with transaction.atomic():
        result = change_status(
            RailSwitch,
            switch.pk,
            believed=believed,
            to=to,
            actor=actor,
            reason=reason.strip()[:500],
            changes={"reason": reason.strip()[:500], "changed_by": actor.name[:150]},
            snapshot={"rail": rail},
        )
    if isinstance(result, Illegal):
        raise result.error()
    if isinstance(result, Conflict):
        raise result.error(detail=f"{rail} is {result.current_status} already.")
    switch.refresh_from_db()
    return switch
