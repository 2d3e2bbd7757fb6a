"""The ledger clock. Only ledgers in which something happened are in the books.

Between them ledgers are empty and follow the last one in steps of its `tick_ms`, so that a week
without payments costs nothing and a restart finds the same numbers at the same times. Close times
never go back; unlike on the real network several ledgers may close in the same second.
"""

from __future__ import annotations

from bisect import bisect_right
from hashlib import sha256

from sandbox.clock import Clock
from sandbox.horizon.network import FIRST_LEDGER, PASSPHRASE
from sandbox.horizon.settings import Settings
from sandbox.journal import Change, Journal, Row

BEFORE_MS = 5_000


class Ledgers:
    """Numbers and close times."""

    def __init__(self, journal: Journal, clock: Clock, settings: Settings) -> None:
        self._table = journal.table("ledgers")
        self._clock = clock
        self._settings = settings
        self._stored: list[int] = []
        journal.watch("ledgers", self._seen)

    def _seen(self, key: str, row: Row | None) -> None:
        if row is None:
            self._stored.clear()
        elif not self._stored or int(key) > self._stored[-1]:
            self._stored.append(int(key))

    def found(self, change: Change) -> int:
        """The first ledgers of a new network; returns the one that its accounts come from."""
        now = self._clock.now_ms()
        began = now - (FIRST_LEDGER - 1) * BEFORE_MS
        change.put("ledgers", "1", {"sequence": 1, "closed_ms": began, "tick_ms": BEFORE_MS,
                                    "ops": 0, "good": 0, "bad": 0})  # fmt: skip
        self.close(change, FIRST_LEDGER, now)
        return FIRST_LEDGER

    def close(self, change: Change, sequence: int, closed_ms: int, *, ops: int = 0, good: int = 0,
              bad: int = 0) -> None:  # fmt: skip
        """Put one that is worth remembering into the books."""
        row = {"sequence": sequence, "closed_ms": closed_ms, "ops": ops, "good": good, "bad": bad,
               "tick_ms": self._settings.knobs.ledger_ms}  # fmt: skip
        change.put("ledgers", str(sequence), row)

    def last_stored(self) -> Row:
        return self._table[str(self._stored[-1])]

    def latest(self) -> int:
        """The number that the clock says; what waits for it may still have to be applied."""
        return self.at(self._clock.now_ms())

    def at(self, moment_ms: int) -> int:
        """The last one that had closed by then."""
        place = bisect_right(
            self._stored, moment_ms, key=lambda key: self._table[str(key)]["closed_ms"]
        )
        row = self._table[str(self._stored[max(place - 1, 0)])]
        steps = 0
        if row["tick_ms"]:
            steps = max(moment_ms - row["closed_ms"], 0) // row["tick_ms"]
        sequence = int(row["sequence"] + steps)
        return sequence if place >= len(self._stored) else min(sequence, self._stored[place] - 1)

    def closed_ms(self, sequence: int) -> int:
        """When a ledger closed, or will."""
        row = self._row(sequence)
        return int(row["closed_ms"] + (sequence - row["sequence"]) * row["tick_ms"])

    def first_after(self, moment_ms: int) -> int | None:
        """The first ledger that closes at that time or later; None while none closes by itself."""
        row = self.last_stored()
        if not row["tick_ms"]:
            return None
        steps = max(0, -(-(moment_ms - row["closed_ms"]) // row["tick_ms"]))
        return int(row["sequence"] + steps)

    def _row(self, sequence: int) -> Row:
        place = bisect_right(self._stored, sequence)
        return self._table[str(self._stored[max(place - 1, 0)])]

    def counts(self, sequence: int) -> Row:
        """`{ops, good, bad}` of one ledger."""
        row = self._table.get(str(sequence))
        return row if row is not None else {"ops": 0, "good": 0, "bad": 0}

    @staticmethod
    def hash(sequence: int) -> str:
        """The same for everybody who asks."""
        return sha256(f"{PASSPHRASE}:{sequence}".encode()).hexdigest()
