"""Closes the ledgers that have work to do, when the clock says so."""

from __future__ import annotations

import asyncio

from sandbox.clock import Clock
from sandbox.horizon.core import Core
from sandbox.horizon.ledgers import Ledgers

LONGEST_NAP_SECONDS = 3600.0


class Schedule:
    """`handled` is the last ledger whose work has been done."""

    def __init__(self, clock: Clock, ledgers: Ledgers, core: Core) -> None:
        self._clock = clock
        self._ledgers = ledgers
        self._core = core
        self._handled = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self, entered: int | None) -> None:
        """Go on after the last ledger in the books, or after what is waiting came in."""
        self._handled = max(int(self._ledgers.last_stored()["sequence"]), entered or 0)
        self.run_due()

    def run_due(self) -> None:
        """Close every ledger that has become due and has work. Needs a running loop."""
        while (step := self._next()) is not None and step <= self._ledgers.latest():
            self._core.close(step, self._ledgers.closed_ms(step))
            self._handled = step
        self._handled = max(self._handled, self._ledgers.latest())
        self._arm()

    def _next(self) -> int | None:
        """The next ledger that has work."""
        if self._core.waiting:
            return self._handled + 1 if self._ticks() else None
        due = self._core.next_elsewhere()
        first = None if due is None else self._ledgers.first_after(due)
        return None if first is None else max(first, self._handled + 1)

    def _ticks(self) -> bool:
        return bool(self._ledgers.last_stored()["tick_ms"])

    def close_now(self) -> int:
        """One ledger more, at once; returns its number."""
        self.run_due()
        latest = self._ledgers.latest()
        moment = max(self._clock.now_ms(), self._ledgers.closed_ms(latest))
        self._core.close(latest + 1, moment)
        self._handled = latest + 1
        self._arm()
        return latest + 1

    def skip_to(self, ledger: int) -> None:
        """Ledgers up to this one have been put into the books by somebody else."""
        self._handled = max(self._handled, ledger)
        self._arm()

    def _arm(self) -> None:
        self.stop()
        step = self._next()
        if step is not None:
            wait = (self._ledgers.closed_ms(step) - self._clock.now_ms()) / 1000
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(min(max(wait, 0.005), LONGEST_NAP_SECONDS), self.run_due)

    def stop(self) -> None:
        """No more timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
