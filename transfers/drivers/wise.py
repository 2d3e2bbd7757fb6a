"""Wise: recipient, quote, transfer, funding; a state machine over the attempt's `progress`.

Killed anywhere, the next worker finds the last committed step and goes on from there. Steps: wise_create.py (nothing
moves), wise_fund.py (money moves, once), wise_look.py (what Wise's books say).
"""

from collections.abc import Callable

from audit.actor import Actor
from rails.answers import LookUp
from transfers.claim import Claim
from transfers.drivers import wise_create, wise_look
from transfers.drivers.wise_fund import fund
from transfers.drivers.wise_steps import Step
from transfers.models import Transfer, TransferAttempt


class WiseDriver:
    """Rules for exactly-once of the Wise reference, section 10."""

    def start(self, claim: Claim, actor: Actor) -> None:
        _advance(claim, actor)

    def take_up(self, claim: Claim, actor: Actor) -> None:
        _advance(claim, actor)

    def look_up(self, transfer: Transfer, *, patience_seconds: float | None = None) -> LookUp:
        return wise_look.look_up(transfer, patience_seconds)


def _advance(claim: Step, actor: Actor) -> None:
    while claim is not None:
        claim = next_step(claim.attempt)(claim, actor)


def next_step(attempt: TransferAttempt) -> Callable[[Claim, Actor], Step]:
    """The step that follows what is committed."""
    if attempt.funding_reference:
        return fund
    if "create" in attempt.progress:
        return wise_create.create
    if "recipient" in attempt.progress:
        return wise_create.get_quote
    return wise_create.add_recipient
