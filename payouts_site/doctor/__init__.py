"""What `manage.py doctor` looks at, room by room. No check changes anything or shows a secret."""

from payouts_site.doctor import configuration, database, queue, rails, stellar
from payouts_site.doctor.line import Check, Line, examine

__all__ = ["Line", "everything"]

_CHECKS: tuple[tuple[str, tuple[Check, ...]], ...] = (
    ("configuration", configuration.CHECKS + stellar.CONFIGURATION),
    ("database", database.CHECKS),
    ("queue", queue.CHECKS),
)


def everything(*, ask_rails: bool = True) -> list[Line]:
    """Every line, in order. `ask_rails`: each rail for its clock, Horizon for our accounts. Not in a transaction."""
    lines = [line for room, checks in _CHECKS for line in examine(room, checks)]
    return lines + (examine("rails", rails.CHECKS + stellar.CHECKS) if ask_rails else [])
