"""Everything a person or a test may turn while the sandbox runs. Kept in the books."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from sandbox.journal import Change, Journal


class BadValueError(ValueError):
    """A control call asks for something that cannot be."""


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


def parse(name: str, value: Any) -> int | bool:
    """A knob's value from JSON or a form field. Raises BadValueError."""
    kinds = {field.name: field.type for field in fields(Knobs)}
    if name not in kinds:
        raise BadValueError(f"no such setting: {name}")
    if kinds[name] in ("bool", bool):
        if isinstance(value, bool):
            return value
        if value in ("true", "on", "1", "false", "off", "0"):
            return value in ("true", "on", "1")
        raise BadValueError(f"{name} is true or false")
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadValueError(f"{name} is a whole number")
    try:
        number = int(value)
    except ValueError:
        raise BadValueError(f"{name} is a whole number") from None
    if number < 0:
        raise BadValueError(f"{name} is not negative")
    return number


class Settings:
    """The knobs in force. `knobs` is replaced as a whole by each change."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.knobs = Knobs()

    def load(self) -> None:
        """Take what the replayed books say."""
        saved = self._journal.table("meta").get("settings", {})
        known = {field.name for field in fields(Knobs)}
        self.knobs = Knobs(**{name: value for name, value in saved.items() if name in known})

    def update(self, values: dict[str, Any]) -> None:
        """Change some knobs, all or none. Raises BadValueError."""
        parsed = {name: parse(name, value) for name, value in values.items()}
        saved = {**asdict(self.knobs), **parsed}
        change = Change()
        change.put("meta", "settings", saved)
        self._journal.commit(change)
        self.knobs = Knobs(**saved)

    def as_dict(self) -> dict[str, int | bool]:
        return asdict(self.knobs)
