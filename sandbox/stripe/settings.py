"""Stripe's knobs."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox import settings
from sandbox.journal import Journal


@dataclass(slots=True)
class Knobs:
    """Times in the unit that the name ends in; a limit of 0 means none."""

    latency_ms: int = 0
    rate_limit_per_second: int = 100
    endpoint_limit_per_second: int = 25
    webhooks_enabled: bool = True
    webhook_retry_ms: int = 1000
    webhook_late_ms: int = 20_000
    slow_ms: int = 45_000
    list_lag_seconds: int = 0
    key_retention_seconds: int = 24 * 3600


class Settings(settings.Settings[Knobs]):
    """The knobs in force."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal, Knobs)
