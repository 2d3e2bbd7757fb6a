"""What travels up: a transfer's source (a payout request, a refund) hears of each change in the same transaction.

A source registers when its app is ready. Bookings register nothing: what is shown of them is counted by the database.
"""

from typing import Any, Protocol

from audit.actor import Actor
from transfers.models import Transfer


class Source(Protocol):
    """Callbacks of the room above. Each runs inside the transaction of the transfer's own transition."""

    def may_start(self, transfer: Transfer, *, actor: Actor) -> bool:
        """May money leave for this transfer now? False after the source has withdrawn it itself."""
        ...

    def transfer_changed(self, transfer: Transfer, *, to: str, actor: Actor, reason: str) -> None:
        """The transfer was moved to `to`; raise to undo that."""
        ...

    def recipient_details(self, transfer: Transfer) -> dict[str, Any]:
        """Where the money goes, in full; for the rail only."""
        ...


_sources: dict[str, Source] = {}


def register_source(source_type: str, source: Source) -> None:
    """Name the callbacks for transfers of `source_type`."""
    _sources[source_type] = source


def source_of(transfer: Transfer) -> Source | None:
    """The source that wants to hear of this transfer."""
    return _sources.get(transfer.source_type)
