"""Which rails are paused, as every worker asks before anything leaves."""

from typing import Final

from django.db import connection

from guard.errors import Refused
from transfers.models import RailSwitch
from transfers.models.rail_switch import EVERY_RAIL, SwitchStatus

# Joined into statements that decide about a row: `{rail}` is a column of it.
_PAUSED: Final = (
    "EXISTS (SELECT FROM transfers_railswitch AS switch WHERE switch.status = 'paused' "
    "AND switch.rail IN ({rail}, 'all'))"
)
# While a person waits for an answer, and while a worker waits for the pause to end.
PAUSED: Final = "rail_paused"


class RailPaused(Refused):
    """A person paused this rail, or everything that leaves; nothing was sent and nothing was changed."""

    code = PAUSED
    http_status = 503
    title = "The rail is paused"


def paused_condition(rail_column: str) -> str:
    """SQL that is true while the rail in `rail_column` is paused, alone or with all others."""
    return _PAUSED.format(rail=rail_column)


def paused_switches() -> list[RailSwitch]:
    """Every switch that stops something now, the one for all rails first."""
    rows = RailSwitch.objects.filter(status=SwitchStatus.PAUSED)
    return sorted(rows, key=lambda one: (one.rail != EVERY_RAIL, one.rail))


def is_paused(rail: str) -> bool:
    """May nothing be sent on `rail` at this moment? One look by a unique index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM transfers_railswitch "
            "WHERE status = 'paused' AND rail IN (%s, 'all'))",
            [rail],
        )
        return bool(cursor.fetchone()[0])


def refuse_while_paused(rail: str) -> None:
    """Raise RailPaused (503) with the reason that was given, while nothing may be sent on `rail`."""
    for switch in paused_switches():
        if switch.rail in (EVERY_RAIL, rail):
            what = "Everything that leaves" if switch.rail == EVERY_RAIL else rail.capitalize()
            raise RailPaused(
                f"{what} is paused by {switch.changed_by}: {switch.reason}", reason=switch.reason
            )
