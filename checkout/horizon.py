"""Horizon, asked by checkout: typed answers, or a refusal: nothing was learned then. Never in a transaction."""

from typing import TYPE_CHECKING, TypeVar

from django.db import connection

from checkout.errors import HorizonAway
from rails.answers import Reading, Unreachable
from rails.horizon_payments import IncomingOperation, incoming
from rails.horizon_values import LedgerOperation, LedgerState
from transfers.rail_access import horizon_rail

if TYPE_CHECKING:
    from datetime import datetime

    from rails.horizon import HorizonRail

_T = TypeVar("_T")
PAGE = 200


def _horizon() -> "HorizonRail":
    """The one adapter of this process. Raises RailNotConfigured."""
    if connection.in_atomic_block:
        raise RuntimeError("Horizon is not asked inside a transaction")
    # A slow Horizon must hold no connection of the pool meanwhile.
    connection.close()
    return horizon_rail()


def ledger_state() -> LedgerState:
    """How far its history goes. Raises HorizonAway, also when it serves another network."""
    return _value(_horizon().state())


def page_of(account: str, *, cursor: int, newest_first: bool = False) -> list[LedgerOperation]:
    """The next operations of `account` beyond `cursor` (0 = none). Raises HorizonAway.

    An account that Horizon does not know is no empty list: a cut history answers so as well (reference, section 9).
    """
    page = _value(
        _horizon().payments(
            account, cursor=str(cursor) if cursor else "", limit=PAGE, newest_first=newest_first
        )
    )
    if page is None:
        raise HorizonAway(f"Horizon does not know the account {account}.")
    return page


def operations_for(
    account: str, tx_hash: str, *, quick: bool = False
) -> list[IncomingOperation] | None:
    """What a transaction brings to `account`; None when no ledger that was ingested holds it. Raises HorizonAway.

    `quick`: somebody waits for the answer, so Horizon is not waited for as long as it may take.
    """
    operations = _value(_horizon().operations(tx_hash, quick=quick))
    if operations is None:
        return None
    found = (incoming(one, account) for one in operations)
    return [one for one in found if one is not None]


def ledger_closed_at(sequence: int) -> "datetime | None":
    """When a ledger closed; None when it is not kept. Raises HorizonAway."""
    return _value(_horizon().ledger_closed_at(sequence))


def _value(reading: "Reading[_T]") -> _T:
    if isinstance(reading, Unreachable):
        raise HorizonAway(f"Horizon: {reading.reason}.", retry_after=5)
    return reading.value
