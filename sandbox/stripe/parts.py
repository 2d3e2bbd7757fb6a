"""The parts of the rail that its doors share."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.journal import Journal
from sandbox.stripe.books import Books
from sandbox.stripe.faults import Faults
from sandbox.stripe.idempotency import Keys
from sandbox.stripe.settings import Settings
from sandbox.stripe.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Parts:
    """One of each."""

    journal: Journal
    clock: Clock
    settings: Settings
    books: Books
    keys: Keys
    faults: Faults
    webhooks: Webhooks
