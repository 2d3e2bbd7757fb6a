"""What a rail's answer can mean. There are exactly four meanings of a send, and three of a look-up.

Where one payment takes several calls, each call has four meanings too: `Done` instead of `Moved`.
"""

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Value_co = TypeVar("Value_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved, as the rail's own books say. `amount_minor` in minor units of `currency`."""

    reference: str
    amount_minor: int
    currency: str
    destination: str
    group: str
    reversed_minor: int = 0
    metadata: dict[str, str] = field(default_factory=dict)
    # The rail's own word for where it is, and what came back by itself: in `returned_currency`, 0 while not known.
    state: str = ""
    has_returned: bool = False
    returned_minor: int = 0
    returned_currency: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """Proof that the money moved."""

    movement: Movement
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Declined:
    """This request moved nothing and never will: the rail understood it and said no."""

    code: str
    message: str
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotNow:
    """The rail refused before executing (rate limit, credentials); the identical request may be sent again later."""

    reason: str
    retry_after_seconds: float
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unclear:
    """It may have moved and may not. `spent`: the rail now replays a stored error for this key."""

    reason: str
    spent: bool = False
    evidence: dict[str, Any] = field(default_factory=dict)


Answer = Moved | Declined | NotNow | Unclear


@dataclass(frozen=True, slots=True)
class Done(Generic[Value_co]):
    """One of several calls did what it is for; `value` is what the rail made, or read."""

    value: Value_co
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """Look-up: what the rail's books hold under this group; empty = nothing there at this moment."""

    movements: list[Movement]
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Look-up: the rail could not be asked, so nothing was learned."""

    reason: str


LookUp = Seen | Unreachable
StepAnswer = Done[Value_co] | Declined | NotNow | Unclear
Reading = Done[Value_co] | Unreachable
