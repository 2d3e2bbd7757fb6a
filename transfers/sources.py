"""What travels up: a transfer's source (a payout request, a refund) hears of each change in the same transaction.

A source registers when its app is ready. Bookings register nothing: what is shown of them is counted by the database.
"""

from typing import Any, Protocol, runtime_checkable

from audit.actor import Actor
from money import Money
from transfers.models import Transfer


class Source(Protocol):
    """Callbacks of the room above. Each runs inside the transaction of the transfer's own transition."""

    def may_start(self, transfer: Transfer, *, actor: Actor) -> bool:
        """May money leave for this transfer now? False after the source has withdrawn it itself.

        Asked in the transaction that claims the transfer, before its row is touched: lock the source's own row here,
        which is the order in which a decision takes both.
        """
        ...

    def transfer_changed(self, transfer: Transfer, *, to: str, actor: Actor, reason: str) -> None:
        """The transfer was moved to `to`; raise to undo that."""
        ...

    def recipient_details(self, transfer: Transfer) -> dict[str, Any]:
        """Where the money goes, in full and in the contract's form of `recipient`; for the rail only.

        `returns`, on Stellar: the hash of the transaction whose money this gives back. Raises Refused when the details
        cannot be read now.
        """
        ...


@runtime_checkable
class JudgesQuotes(Protocol):
    """A source that bound its approval to a price may implement this as well."""

    def quote_refusal(self, transfer: Transfer, *, source: Money) -> str:
        """Why `source` must not leave the balance for it; empty when it may. Nothing has left then. No transaction."""
        ...


_sources: dict[str, Source] = {}


def register_source(source_type: str, source: Source) -> None:
    """Name the callbacks for transfers of `source_type`."""
    _sources[source_type] = source


def source_of(transfer: Transfer) -> Source | None:
    """The source that wants to hear of this transfer."""
    return _sources.get(transfer.source_type)
