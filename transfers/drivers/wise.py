"""Wise: recipient, quote, transfer, funding; a state machine over the attempt's `progress`.

Killed anywhere, the next worker finds the last committed step and goes on from there. Steps: wise_create.py (nothing
moves), wise_fund.py (money moves, once), wise_look.py (what Wise's books say).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from audit.actor import Actor
from rails.answers import LookUp, NotNow, StepAnswer, Unreachable
from transfers.claim import Claim, commit_step
from transfers.drivers import wise_create, wise_look
from transfers.drivers.protocol import Census
from transfers.drivers.wise_before import nothing_moved_before
from transfers.drivers.wise_fund import fund
from transfers.drivers.wise_steps import RAIL, Step, settled, turn, wait
from transfers.models import Transfer, TransferAttempt
from transfers.policy import CANCELLED_BY_PERSON
from transfers.rail_access import wise_rail
from transfers.switches import PAUSED, is_paused


class WiseDriver:
    """Rules for exactly-once of the Wise reference, section 10."""

    def start(self, claim: Claim, actor: Actor) -> None:
        self.take_up(claim, actor)

    def take_up(self, claim: Claim, actor: Actor) -> None:
        if nothing_moved_before(claim, actor):
            _advance(claim, actor)

    def look_up(self, transfer: Transfer, *, patience_seconds: float | None = None) -> LookUp:
        return wise_look.look_up(transfer, patience_seconds)

    def withdraw(self, claim: Claim, *, message: str, actor: Actor) -> None:
        """The order is written into the attempt first, so that the next worker goes on with it."""
        order = {"code": CANCELLED_BY_PERSON, "message": message}
        _advance(commit_step(claim, settled(claim.attempt.progress, cancel=order)), actor)

    def take_back(self, reference: str) -> StepAnswer[Any]:
        turn()
        return wise_rail().cancel(reference)

    def census(
        self, keys: list[str], debt_reference: str, *, since: datetime
    ) -> Census | Unreachable:
        return wise_look.census(keys, debt_reference, since=since)


# Steps that make something at Wise. The others ask first, or undo.
_MAKES = (wise_create.add_recipient, wise_create.get_quote, wise_create.create)


def _advance(claim: Step, actor: Actor) -> None:
    while claim is not None:
        step = next_step(claim.attempt)
        if step in _MAKES and is_paused(RAIL):
            wait(claim, NotNow(PAUSED, 0), actor)
            return
        claim = step(claim, actor)


def next_step(attempt: TransferAttempt) -> Callable[[Claim, Actor], Step]:
    """The step that follows what is committed."""
    if attempt.funding_reference:
        return fund
    if "cancel" in attempt.progress:
        return wise_create.withdraw
    if "create" in attempt.progress:
        return wise_create.create
    if "recipient" in attempt.progress:
        return wise_create.get_quote
    return wise_create.add_recipient
