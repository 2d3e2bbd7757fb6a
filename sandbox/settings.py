"""Knobs that a person or a test may turn while the sandbox runs. Kept in the rail's books."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sandbox.journal import Change, Journal

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Values = dict[str, Any]
Knobs = TypeVar("Knobs", bound="DataclassInstance")


class BadValueError(ValueError):
    """A control call asks for something that cannot be."""


def whole(values: Values, name: str, default: int | None = None) -> int:
    """A whole number of the request. Raises BadValueError."""
    value = values.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadValueError(f"{name} is a whole number")
    try:
        return int(value)
    except ValueError:
        raise BadValueError(f"{name} is a whole number") from None


def truth(value: Any, name: str) -> bool:
    """True or false, from JSON or a form field. Raises BadValueError."""
    if isinstance(value, bool):
        return value
    if value in ("true", "on", "1", "false", "off", "0"):
        return value in ("true", "on", "1")
    raise BadValueError(f"{name} is true or false")


class Settings(Generic[Knobs]):
    """The knobs in force. `knobs` is replaced as a whole by each change.

    A field's metadata may name its only `choices`.
    """

    def __init__(self, journal: Journal, kind: type[Knobs]) -> None:
        self._journal = journal
        self._kind = kind
        self.knobs = kind()

    def load(self) -> None:
        """Take what the replayed books say."""
        saved = self._journal.table("meta").get("settings", {})
        known = {field.name for field in fields(self._kind)}
        self.knobs = self._kind(**{name: value for name, value in saved.items() if name in known})

    def update(self, values: Values) -> None:
        """Change some knobs, all or none. Raises BadValueError."""
        parsed = {name: self._parse(name, value) for name, value in values.items()}
        saved = {**asdict(self.knobs), **parsed}
        change = Change()
        change.put("meta", "settings", saved)
        self._journal.commit(change)
        self.knobs = self._kind(**saved)

    def as_dict(self) -> dict[str, int | bool]:
        return asdict(self.knobs)

    def _parse(self, name: str, value: Any) -> int | bool:
        field = next((field for field in fields(self._kind) if field.name == name), None)
        if field is None:
            raise BadValueError(f"no such setting: {name}")
        if field.type in ("bool", bool):
            return truth(value, name)
        number = whole({name: value}, name)
        if number < 0:
            raise BadValueError(f"{name} is not negative")
        choices = field.metadata.get("choices")
        if choices and number not in choices:
            raise BadValueError(f"{name} is one of {', '.join(map(str, choices))}")
        return number
