"""The parts of the rail that its doors share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandbox.clock import Clock
from sandbox.journal import Journal
from sandbox.wise.access import Access
from sandbox.wise.books import Books
from sandbox.wise.faults import Faults
from sandbox.wise.quotes import Quotes
from sandbox.wise.settings import Settings
from sandbox.wise.signing import Signer
from sandbox.wise.states import States
from sandbox.wise.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Parts:
    """One of each."""

    journal: Journal
    clock: Clock
    settings: Settings
    signer: Signer
    books: Books
    faults: Faults
    webhooks: Webhooks
    states: States
    quotes: Quotes
    access: Access


def assemble(data_dir: Path, webhook_url: str) -> Parts:
    """All parts, on books that are still to be opened."""
    journal = Journal(data_dir / "wise.journal")
    clock = Clock(journal)
    settings = Settings(journal)
    signer = Signer(data_dir / "wise-webhooks.pem")
    books = Books(journal, clock)
    webhooks = Webhooks(journal, clock, settings, signer, webhook_url)
    return Parts(
        journal=journal,
        clock=clock,
        settings=settings,
        signer=signer,
        books=books,
        faults=Faults(journal),
        webhooks=webhooks,
        states=States(journal, clock, settings, books, webhooks),
        quotes=Quotes(clock, settings, books),
        access=Access(clock, books),
    )
