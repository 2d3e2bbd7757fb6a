"""What the work on a transfer needs to know of a rail. Claim, fence, recording and sweep are the same for all."""

from typing import Protocol

from audit.actor import Actor
from rails.answers import LookUp
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
