"""The ids of a table in order of creation, whole or by an attribute: what lists are paged over."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

from sandbox.journal import Journal, Row


class Column:
    """Follows one table of a journal. A row never changes the attributes it is found by."""

    def __init__(self, journal: Journal, table: str, by: tuple[str, ...]) -> None:
        self._by = by
        self._next = 0
        self.position: dict[str, int] = {}
        self.all: list[str] = []
        self.where: dict[tuple[str, str], list[str]] = defaultdict(list)
        journal.watch(table, self._seen)

    def _seen(self, key: str, row: Row | None) -> None:
        if row is None:
            self.__dict__.update(position={}, all=[], where=defaultdict(list))
        elif key not in self.position:
            self._next += 1
            self.position[key] = self._next
            self.all.append(key)
            for name in self._by:
                if row.get(name) is not None:
                    self.where[name, str(row[name])].append(key)

    def place(self, ids: list[str], key: str) -> int:
        """Where `key` stands, or would stand, in one of the lists."""
        return bisect_left(ids, self.position[key], key=self.position.__getitem__)
