"""The sandbox's own clock: real time plus an offset that can only grow, kept in the books."""

from __future__ import annotations

import time

from sandbox.journal import Change, Journal


class Clock:
    """Seconds since the epoch as the rail sees them. Signatures and delays use real time."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    @property
    def offset(self) -> int:
        """Seconds by which the clock has been advanced."""
        return int(self._journal.table("meta").get("clock", {}).get("offset", 0))

    def now(self) -> int:
        return int(time.time()) + self.offset

    def now_ms(self) -> int:
        """The same in milliseconds."""
        return int(time.time() * 1000) + self.offset * 1000

    def advance(self, seconds: int) -> int:
        """Move forward; returns the new time. Raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        change = Change()
        change.put("meta", "clock", {"offset": self.offset + seconds})
        self._journal.commit(change)
        return self.now()
