"""A parsed request, what an endpoint makes of it, and the table that leads from one to the other."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.journal import Change

QUARTERS = ("2026Q3", "2026Q4")
CALENDAR = re.compile(r"/(20\d\dQ\d)(/.*)")


@dataclass(slots=True)
class Call:
    """One request to the API. `work` is the name of an execution fault that strikes it."""

    method: str
    path: str
    operation: str
    ids: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any]
    headers: dict[str, str]
    calendar: bool = False
    era: int = 0
    work: str = ""
    event_mode: str = ""
    event_delay_ms: int = 0

    @property
    def delivery(self) -> dict[str, Any]:
        """How a fault wants this call's events delivered."""
        return {"mode": self.event_mode, "delay_ms": self.event_delay_ms}


@dataclass(slots=True)
class Reply:
    """An answer that is no error: JSON, a status and extra headers."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Endpoint = Callable[[Call, Change], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: its legacy paths and its path after `/2026Q3`. `{x}` is a part of the path."""

    operation: str
    method: str
    legacy: tuple[str, ...]
    calendar: str
    run: Endpoint
    before: Callable[[Call], Awaitable[None]] | None = None


class Routes:
    """Finds the operation for a path of either family."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._legacy: list[tuple[str, re.Pattern[str], Route]] = []
        self._calendar: list[tuple[str, re.Pattern[str], Route]] = []
        for route in routes:
            self._calendar.append((route.method, _pattern(route.calendar), route))
            for path in route.legacy:
                self._legacy.append((route.method, _pattern(path), route))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str], bool] | None:
        """(route, parts of the path, whether it is the calendar family)."""
        dated = CALENDAR.fullmatch(path)
        if dated is not None and dated[1] not in QUARTERS:
            return None
        table = self._calendar if dated is not None else self._legacy
        for verb, pattern, route in table:
            match = pattern.fullmatch(dated[2] if dated is not None else path)
            if verb == method and match is not None:
                return route, match.groupdict(), dated is not None
        return None


def _pattern(template: str) -> re.Pattern[str]:
    """`{t}` becomes a named part; the rest of a template is letters, slashes, dots and dashes."""
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template.replace(".", r"\.")))
