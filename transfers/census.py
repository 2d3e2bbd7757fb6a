"""Every payment of one debt that its rail's books hold, whoever made it: what a proof about "exactly one" rests on."""

from datetime import datetime

from rails.answers import Unreachable
from transfers.drivers.protocol import Census, Withdraws
from transfers.drivers.registry import driver_for
from transfers.errors import NotStoppable
from transfers.models import Transfer
from transfers.pace import TurnTooFar
from transfers.policy import attempt_key
from transfers.requests import searchable_reference
from transfers.services.confirm_transfer import RailUnavailable


def can_withdraw(rail: str) -> bool:
    """Can a payment on this rail be stopped or taken back, and every payment of a debt be found?"""
    return isinstance(driver_for(rail), Withdraws)


def take_census(*, rail: str, transfer: Transfer | None, source_id: int, since: datetime) -> Census:
    """Ask the rail for all payments since then under each key of the debt, and under its reference. Changes nothing.

    `transfer` is None where nothing was ever ordered here; somebody may have paid all the same. HTTP calls, so not in
    a transaction. Raises RailUnavailable (503), NotStoppable (409: nobody can search this rail).
    """
    driver = driver_for(rail)
    if not isinstance(driver, Withdraws):
        raise NotStoppable(f"The books of {rail} cannot be searched by debt.")
    keys: list[str] = []
    if transfer is not None:
        numbers = range(1, max(transfer.attempt_count, 1) + 1)
        keys = [attempt_key(transfer, number) for number in numbers]
        keys += transfer.attempts.exclude(idempotency_key__in=keys).values_list(
            "idempotency_key", flat=True
        )
    try:
        seen = driver.census(keys, searchable_reference(source_id), since=since)
    except TurnTooFar as later:
        raise RailUnavailable(f"{later}.", retry_after=later.seconds) from later
    if isinstance(seen, Unreachable):
        raise RailUnavailable(f"{rail} did not answer: {seen.reason}.", retry_after=5)
    return seen
