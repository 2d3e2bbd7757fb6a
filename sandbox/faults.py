"""Faults by order: armed over HTTP for the next matching requests, kept in the rail's books.

A fault has a phase: `edge` before the request is looked at, `execution` instead of or around the
work, `answer` after it, `event` on the webhook. One fault per phase can strike a request. Each rail
has a catalogue of its own, and its own magic values that make a fault strike without an order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from uuid import uuid4

from sandbox.journal import Change, Journal, Row
from sandbox.settings import BadValueError


@dataclass(frozen=True, slots=True)
class Fault:
    """What one name does."""

    name: str
    phase: str
    title: str
    story: str
    per_key: int = 1
    permanent: bool = False
    magic: bool = True


@dataclass(slots=True)
class Strike:
    """A fault that hits this request. `row` is the order, None for a magic value."""

    fault: Fault
    params: Row = field(default_factory=dict)
    row: Row | None = None

    @property
    def name(self) -> str:
        return self.fault.name


class Orders:
    """Orders in force and what has struck already."""

    def __init__(
        self, journal: Journal, catalogue: Mapping[str, Fault], matchable: tuple[str, ...]
    ) -> None:
        self._journal = journal
        self._catalogue = catalogue
        self._matchable = matchable

    def orders(self) -> list[Row]:
        """Oldest first."""
        return list(self._journal.table("faults").values())

    def order(self, fault: str, match: Row, times: int | None, params: Row) -> Row:
        """Arm a fault for the next `times` matching requests (None: until removed). BadValueError."""
        if fault not in self._catalogue:
            raise BadValueError(f"no such fault: {fault}; there are {', '.join(self._catalogue)}")
        wrong = [name for name in match if name not in self._matchable]
        if wrong:
            raise BadValueError(f"cannot match on {wrong[0]}; use {', '.join(self._matchable)}")
        if times is not None and times < 1:
            raise BadValueError("times is at least 1, or null for always")
        identity = f"fault_{uuid4().hex}"
        row: Row = {
            "id": identity,
            "fault": fault,
            "match": {name: str(value) for name, value in match.items() if value},
            "times": times,
            "fired": 0,
            "params": params,
        }
        change = Change()
        change.put("faults", identity, row)
        self._journal.commit(change)
        return row

    def remove(self, identity: str | None = None) -> int:
        """Disarm one fault or all; returns how many."""
        table = self._journal.table("faults")
        gone = [key for key in table if identity in (None, key)]
        change = Change()
        for key in gone:
            change.put("faults", key, None)
        self._journal.commit(change)
        return len(gone)

    def ordered(self, phase: str, subject: object) -> Strike | None:
        """The oldest order of this phase whose match fits the attributes of `subject`."""
        for row in self._journal.table("faults").values():
            fault = self._catalogue[row["fault"]]
            if fault.phase == phase and self._matches(row, subject):
                return Strike(fault, dict(row["params"]), row)
        return None

    def struck(self, key: str, name: str) -> int:
        """How often a magic value has struck the same call."""
        return int(self._journal.table("struck").get(key, {}).get(name, 0))

    def spend(self, change: Change, strike: Strike, key: str) -> None:
        """Count a strike; `key` says which calls are the same one, empty for none."""
        if strike.row is not None:
            row = {**strike.row, "fired": strike.row["fired"] + 1}
            used_up = row["times"] is not None and row["fired"] >= row["times"]
            change.put("faults", row["id"], None if used_up else row)
        elif key:
            struck: dict[str, Any] = dict(self._journal.table("struck").get(key, {}))
            struck[strike.name] = struck.get(strike.name, 0) + 1
            change.put("struck", key, struck)

    def _matches(self, row: Row, subject: object) -> bool:
        if row["times"] is not None and row["fired"] >= row["times"]:
            return False
        return all(
            fnmatchcase(getattr(subject, name), pattern) for name, pattern in row["match"].items()
        )
