"""The parts of the rail that its doors share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandbox.clock import Clock
from sandbox.delivery import Deliveries, Letter
from sandbox.horizon.core import Core
from sandbox.horizon.faults import Faults
from sandbox.horizon.history import History
from sandbox.horizon.ledgers import Ledgers
from sandbox.horizon.schedule import Schedule
from sandbox.horizon.settings import Settings
from sandbox.horizon.view import View
from sandbox.journal import Journal


@dataclass(slots=True)
class Silence:
    """The pace of a rail that tells nobody anything."""

    webhooks_enabled: bool = False
    webhook_retry_ms: int = 0


@dataclass(frozen=True, slots=True)
class Silent:
    """Settings with that pace."""

    knobs: Silence


class NoWebhooks(Deliveries):
    """Horizon has none: whoever wants to know asks."""

    def letter(self, key: str) -> Letter | None:
        return None


@dataclass(frozen=True, slots=True)
class Parts:
    """One of each."""

    journal: Journal
    clock: Clock
    settings: Settings
    faults: Faults
    webhooks: Deliveries
    ledgers: Ledgers
    history: History
    core: Core
    schedule: Schedule
    view: View


def assemble(data_dir: Path) -> Parts:
    """All parts, on books that are still to be opened."""
    journal = Journal(data_dir / "horizon.journal")
    clock = Clock(journal)
    settings = Settings(journal)
    ledgers = Ledgers(journal, clock, settings)
    history = History(journal)
    core = Core(journal, clock, settings, ledgers)
    return Parts(
        journal=journal,
        clock=clock,
        settings=settings,
        faults=Faults(journal),
        webhooks=NoWebhooks(journal, Silent(Silence())),
        ledgers=ledgers,
        history=history,
        core=core,
        schedule=Schedule(clock, ledgers, core),
        view=View(journal, clock, settings, ledgers, history),
    )
