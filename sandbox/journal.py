"""Tables in memory whose every change is first one line of an append-only file.

One commit is one line, so a killed process has made a change wholly or not at all. A torn last line
is a change that was never answered; it is cut off at the next start. Damage anywhere else refuses
to start. Rows are never changed in place: put a new row instead.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Put = tuple[str, str, Row | None]
Watcher = Callable[[str, Row | None], None]

COMPACT_ABOVE_LINES = 5_000


class JournalCorruptError(Exception):
    """A whole line cannot be read; the books cannot be trusted."""


class JournalInUseError(Exception):
    """Another process holds the same data folder."""


class Change:
    """Puts that are committed together, and the events that they cause."""

    def __init__(self) -> None:
        self.puts: list[Put] = []
        self.events: list[str] = []

    def put(self, table: str, key: str, row: Row | None) -> None:
        """Add one row; None deletes it."""
        self.puts.append((table, key, row))


class Journal:
    """The only writer of the books. Not thread-safe: one event loop owns it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tables: dict[str, dict[str, Row]] = {}
        self._watchers: dict[str, list[Watcher]] = {}
        self._fd = -1

    def table(self, name: str) -> dict[str, Row]:
        """Rows by key, in the order in which they first appeared. Read only for the caller."""
        return self._tables.setdefault(name, {})

    def watch(self, table: str, watcher: Watcher) -> None:
        """Call `watcher(key, row)` for every put of the table, replayed or new."""
        self._watchers.setdefault(table, []).append(watcher)

    def open(self) -> None:
        """Lock the file and replay it. Raises JournalInUseError or JournalCorruptError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise JournalInUseError(f"{self._path} is in use by another sandbox") from error
        lines = self._replay()
        rows = sum(len(table) for table in self._tables.values())
        if lines > COMPACT_ABOVE_LINES and lines > 2 * rows:
            self._compact()

    def commit(self, change: Change) -> None:
        """Write the change as one line, then make it visible. Raises OSError: nothing happened."""
        if not change.puts:
            return
        self._write((json.dumps(change.puts, separators=(",", ":")) + "\n").encode())
        for put in change.puts:
            self._apply(*put)

    def erase(self) -> None:
        """Forget everything, on disk first."""
        os.ftruncate(self._fd, 0)
        for name, table in self._tables.items():
            for key in list(table):
                self._apply(name, key, None)

    def close(self) -> None:
        os.close(self._fd)

    def _write(self, data: bytes) -> None:
        start = os.fstat(self._fd).st_size
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError:
            # Half a line would glue itself to the next one.
            os.ftruncate(self._fd, start)
            raise

    def _apply(self, table: str, key: str, row: Row | None) -> None:
        rows = self.table(table)
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row
        for watcher in self._watchers.get(table, ()):
            watcher(key, row)

    def _replay(self) -> int:
        good = count = 0
        with open(self._path, "rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    os.ftruncate(self._fd, good)
                    break
                try:
                    puts = json.loads(line)
                except ValueError as error:
                    raise JournalCorruptError(f"{self._path}: line {count + 1}: {error}") from error
                for table, key, row in puts:
                    self._apply(table, key, row)
                good += len(line)
                count += 1
        return count

    def _compact(self) -> None:
        fresh = self._path.with_suffix(".compact")
        fresh_fd = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        fcntl.flock(fresh_fd, fcntl.LOCK_EX)
        old_fd, self._fd = self._fd, fresh_fd
        for name, table in self._tables.items():
            for key, row in table.items():
                self._write((json.dumps([(name, key, row)], separators=(",", ":")) + "\n").encode())
        os.fsync(fresh_fd)
        os.replace(fresh, self._path)
        os.close(old_fd)
