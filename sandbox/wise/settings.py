"""Wise's knobs, and the profiles that every sandbox has."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox import settings
from sandbox.journal import Journal

USER = 13144073
PERSONAL = 28891297
BUSINESS = 28891298
PROFILES = {PERSONAL: "PERSONAL", BUSINESS: "BUSINESS"}


def one_of(default: int, *others: int) -> int:
    """A field with a few possible values."""
    value: int = field(default=default, metadata={"choices": (default, *others)})
    return value


@dataclass(slots=True)
class Knobs:
    """Times in the unit that the name ends in; `seconds` and `days` are of the rail's own clock."""

    latency_ms: int = 0
    slow_ms: int = 45_000
    rate_limit_per_second: int = 100
    rate_limit_per_minute: int = 1000
    quote_seconds: int = 1800
    fee_basis_points: int = 55
    fee_fixed_cents: int = 33
    ctid_repeat: int = one_of(200, 409, 422)
    second_fund: int = one_of(409, 422)
    errors_as_text: bool = False
    progress_seconds: int = 3
    created_seconds: int = 5
    bounce_days: int = 3
    refund_delay_seconds: int = 3600
    short_refund_percent: int = 90
    unfunded_days: int = 14
    list_lag_seconds: int = 0
    payments_lag_seconds: int = 0
    webhooks_enabled: bool = True
    webhook_retry_ms: int = 1000
    webhook_late_ms: int = 20_000
    webhook_jitter_ms: int = 0
    delivery_id_per_attempt: bool = False


class Settings(settings.Settings[Knobs]):
    """The knobs in force."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal, Knobs)
