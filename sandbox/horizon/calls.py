"""A parsed request, and the table that leads from its path to what answers it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sandbox.faults import Strike
from sandbox.horizon import errors
from sandbox.horizon.records import toid

MAX_LIMIT = 200


@dataclass(slots=True)
class Call:
    """One request to the API. `work` is the execution fault that strikes it."""

    path: str
    operation: str
    ids: dict[str, str]
    query: dict[str, str]
    form: dict[str, str]
    base: str
    work: Strike | None = None

    def paging(self, ingested: int) -> Paging:
        """cursor, order, limit. Raises HorizonError."""
        order = self.query.get("order") or "asc"
        if order not in ("asc", "desc"):
            raise errors.bad_request("order", "order: invalid value")
        limit = self._number("limit", self.query.get("limit") or "10")
        if not 1 <= limit <= MAX_LIMIT:
            raise errors.bad_request("limit", f"limit: must be between 1 and {MAX_LIMIT}")
        given = self.query.get("cursor") or ""
        if given == "now":
            cursor: int | None = toid(ingested + 1, 0)
        else:
            cursor = self._number("cursor", given) if given else None
        return Paging(cursor, order == "desc", limit)

    def _number(self, name: str, text: str) -> int:
        if not re.fullmatch(r"\d{1,19}", text):
            raise errors.bad_request(name, f"{name}: the value is not a whole number")
        return int(text)

    def flag(self, name: str) -> bool:
        """True or false of the query. Raises HorizonError."""
        given = self.query.get(name) or "false"
        if given not in ("true", "false"):
            raise errors.bad_request(name, f"{name}: not true or false")
        return given == "true"

    def link(self, **changes: str) -> str:
        """This list with another cursor or order."""
        return f"{self.base}{self.path}?{urlencode({**self.query, **changes})}"


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a page begins and how it goes on."""

    cursor: int | None
    descending: bool
    limit: int


@dataclass(slots=True)
class Reply:
    """An answer that is no error. `dropped`: the client gets nothing."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    dropped: bool = False


Endpoint = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `{x}` is a part of the path."""

    operation: str
    method: str
    path: str
    run: Endpoint


class Routes:
    """Finds the operation for a path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._table = [
            (route.method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)), route)
            for route in routes
        ]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """(route, parts of the path)."""
        for verb, pattern, route in self._table:
            match = pattern.fullmatch(path)
            if verb == method and match is not None:
                return route, match.groupdict()
        return None
