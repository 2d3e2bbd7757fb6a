"""Horizon's knobs."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox import settings
from sandbox.journal import Journal


@dataclass(slots=True)
class Knobs:
    """Times in the unit that the name ends in.

    `ledger_ms` is the time from one ledger to the next; 0: only the control door closes them.
    `close_on_submit` closes one at once for each accepted transaction, for tests in a hurry.
    """

    latency_ms: int = 0
    slow_ms: int = 45_000
    ledger_ms: int = 5_000
    close_on_submit: bool = False
    submit_wait_ms: int = 30_000
    max_operations_per_ledger: int = 1_000
    ingest_lag_ms: int = 0
    rate_limit_per_hour: int = 3_600
    rate_limit_burst: int = 100
    wrong_network: bool = False
    down: bool = False


class Settings(settings.Settings[Knobs]):
    """The knobs in force."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal, Knobs)
