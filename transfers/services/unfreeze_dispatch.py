"""Let money leave again after a restore, once our books and the rails' were found equal."""

from typing import Final

from audit.actor import Actor
from guard.errors import Conflicted
from transfers.models import Finding, FindingState, RailComparison, RailSwitch
from transfers.models.rail_switch import EVERY_RAIL, SwitchStatus
from transfers.services.compare_with_rail import UNKNOWN_HERE
from transfers.services.pause_rail import turn_switch

# What a comparison raises. Open, each of them may mean a second payment.
KINDS: Final = (
    UNKNOWN_HERE,
    "moved_although_not_processing",
    "moved_twice",
    "movement_differs",
    "movement_missing",
)


def unfreeze_dispatch(*, reason: str, actor: Actor) -> RailSwitch:
    """Paused -> open for all rails; rails that are paused by themselves stay so. Own transactions.

    Raises Conflicted (409): it is not frozen, no comparison was begun after the freeze and finished, or findings of
    the kinds that a comparison raises are open.
    """
    switch = RailSwitch.objects.filter(rail=EVERY_RAIL, status=SwitchStatus.PAUSED).first()
    if switch is None:
        raise Conflicted("Dispatch is not frozen.")
    if not RailComparison.objects.filter(
        started_at__gt=switch.updated_at, finished_at__isnull=False
    ).exists():
        raise Conflicted("Nothing was compared since the freeze: manage.py compare_with_rail.")
    open_ones = list(
        Finding.objects.filter(state=FindingState.OPEN, kind__in=KINDS).order_by("pk")[:20]
    )
    if open_ones:
        named = ", ".join(f"{one.pk} ({one.subject}, {one.kind})" for one in open_ones)
        raise Conflicted(f"Findings are open: {named}.")
    return turn_switch(
        EVERY_RAIL, reason, actor, believed=SwitchStatus.PAUSED, to=SwitchStatus.OPEN
    )
