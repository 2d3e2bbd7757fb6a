"""What the work on a transfer needs to know of a rail. Claim, fence, recording and sweep are the same for all."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from audit.actor import Actor
from rails.answers import LookUp, StepAnswer, Unreachable
from transfers.claim import Claim
from transfers.models import Transfer


class Driver(Protocol):
    """One rail's way of moving money. Each method makes HTTP calls; none is called in a transaction."""

    def start(self, claim: Claim, actor: Actor) -> None:
        """A new attempt, claimed and written down a moment ago."""
        ...

    def take_up(self, claim: Claim, actor: Actor) -> None:
        """An attempt that is due: told to wait, unknown, or left by a worker that died."""
        ...

    def look_up(self, transfer: Transfer, *, patience_seconds: float | None = None) -> LookUp:
        """What the rail's books hold for this transfer now. Changes nothing.

        Raises TurnTooFar instead of waiting for longer than `patience_seconds` for a turn on the rail.
        """
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """One payment in the rail's books. `moved`: money left for it; `back`: and is back; `dead`: it can never move."""

    reference: str
    key: str
    state: str
    moved: bool
    back: bool
    dead: bool


@dataclass(frozen=True, slots=True)
class Census:
    """Every payment of one debt that the rail's books hold, whoever made it, and where that was read."""

    found: list[Found]
    evidence: dict[str, Any]

    @property
    def live(self) -> list[Found]:
        """Those whose money left and is not back."""
        return [one for one in self.found if one.moved and not one.back]

    @property
    def open(self) -> list[Found]:
        """Those that have not moved and still could."""
        return [one for one in self.found if not one.moved and not one.dead]


@runtime_checkable
class Withdraws(Protocol):
    """A rail on which a payment can be stopped, and every payment of a debt be found."""

    def withdraw(self, claim: Claim, *, message: str, actor: Actor) -> None:
        """Stop an open attempt for a person: nothing is paid for it any more, unless it turns out to be paid."""
        ...

    def take_back(self, reference: str) -> StepAnswer[Any]:
        """Cancel one payment for good. Declined: the rail does not allow it any more. HTTP call."""
        ...

    def census(
        self, keys: list[str], debt_reference: str, *, since: datetime
    ) -> Census | Unreachable:
        """Look for every payment under these keys or this reference. HTTP calls; raises TurnTooFar."""
        ...
