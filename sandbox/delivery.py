"""Webhook delivery for every rail: beside the API, in order of readiness, repeated until a 2xx.

What is to be delivered is a row of the table `deliveries`, written in the commit that caused it, so
that no crash loses it. A rail says where a letter goes and how it is signed.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from sandbox.journal import Change, Journal, Row

TIMEOUT_SECONDS = 10
MAX_DELAY_SECONDS = 60
PARALLEL = 8


class Pace(Protocol):
    """The knobs that delivery looks at."""

    webhooks_enabled: bool
    webhook_retry_ms: int


class Paced(Protocol):
    """Settings that have them."""

    @property
    def knobs(self) -> Pace: ...


@dataclass(frozen=True, slots=True)
class Letter:
    """One attempt: where to, and what."""

    url: str
    body: bytes
    headers: dict[str, str]


async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Status of one POST; a redirect is not followed. Raises OSError, ValueError, TimeoutError."""
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    host = parts.hostname or ""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    async with asyncio.timeout(TIMEOUT_SECONDS):
        reader, writer = await asyncio.open_connection(
            host, parts.port or (443 if tls else 80), ssl=tls or None
        )
        try:
            lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            lines.append(f"Content-Length: {len(body)}\r\n\r\n")
            writer.write("\r\n".join(lines).encode() + body)
            status_line = await reader.readline()
            while (await reader.readline()).strip():
                pass
            return int(status_line.split()[1])
        except (IndexError, asyncio.LimitOverrunError) as error:
            raise ValueError("not an HTTP answer") from error
        finally:
            writer.close()


class Deliveries(ABC):
    """Delivers what has been put into the books. A rail's sub-class writes the letters."""

    def __init__(self, journal: Journal, paced: Paced) -> None:
        self._journal = journal
        self._paced = paced
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[bool]] = set()
        self._in_flight: set[str] = set()
        self._gate = asyncio.Semaphore(PARALLEL)

    @abstractmethod
    def letter(self, key: str) -> Letter | None:
        """What to send now, signed now; None while there is no endpoint."""

    def reachable(self, key: str) -> bool:
        """Whether there is an endpoint for it now."""
        return self.letter(key) is not None

    def gives_up(self, attempts: int, status: int | None) -> bool:
        """Whether the rail stops trying after this many attempts, the last answered `status`."""
        return False

    def put(self, change: Change, key: str, *, mode: str, delay_ms: int) -> None:
        """Add one delivery. `mode` is a webhook fault's name or empty."""
        change.put(
            "deliveries",
            key,
            {
                "state": "lost" if mode == "webhook_lost" else "pending",
                "copies": 2 if mode == "webhook_twice" else 1,
                "delay_ms": delay_ms,
                "attempts": 0,
                "status": None,
                "error": None,
                "at": None,
            },
        )
        if mode != "webhook_lost":
            change.events.append(key)

    def start(self) -> None:
        """Take up what was still pending."""
        self.schedule(self.pending())

    async def stop(self) -> None:
        """Stop delivering; what is pending stays so in the books."""
        self.forget()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def forget(self) -> None:
        """Drop every timer, after the books have been erased."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def pending(self) -> list[str]:
        """Oldest first."""
        rows = self._journal.table("deliveries")
        return [key for key, row in rows.items() if row["state"] == "pending"]

    def schedule(self, keys: list[str]) -> None:
        """Deliver each after its delay, unless webhooks are held or there is no endpoint."""
        if not self._paced.knobs.webhooks_enabled:
            return
        loop = asyncio.get_running_loop()
        for key in keys:
            row = self._journal.table("deliveries").get(key)
            if row is None or key in self._timers or key in self._in_flight:
                continue
            if self.reachable(key):
                self._timers[key] = loop.call_later(self._delay(row), self._spawn, key)

    def _delay(self, row: Row) -> float:
        if row["attempts"] == 0:
            return float(row["delay_ms"]) / 1000
        base = self._paced.knobs.webhook_retry_ms / 1000
        return float(min(base * 2 ** min(row["attempts"] - 1, 10), MAX_DELAY_SECONDS))

    def _spawn(self, key: str) -> None:
        self._timers.pop(key, None)
        self._in_flight.add(key)
        task = asyncio.get_running_loop().create_task(self._deliver_in_turn(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_in_turn(self, key: str) -> bool:
        try:
            async with self._gate:
                return self._due(key) and await self.deliver(key)
        finally:
            self._in_flight.discard(key)
            if self._due(key):
                self.schedule([key])

    def _due(self, key: str) -> bool:
        row = self._journal.table("deliveries").get(key)
        waiting = row is not None and row["state"] == "pending"
        return waiting and self._paced.knobs.webhooks_enabled

    async def deliver(self, key: str) -> bool:
        """One attempt now, whatever its state; a failed pending one is scheduled again."""
        row = self._journal.table("deliveries").get(key)
        if row is None or not self.reachable(key):
            return False
        self._cancel(key)
        status: int | None = None
        error = None
        for _ in range(row["copies"]):
            letter = self.letter(key)
            if letter is None:
                break
            try:
                status = await post(letter.url, letter.body, letter.headers)
            except (OSError, ValueError, TimeoutError) as problem:
                status, error = None, type(problem).__name__
        delivered = status is not None and 200 <= status < 300
        self._note(key, delivered=delivered, status=status, error=error)
        return delivered

    def _note(self, key: str, *, delivered: bool, status: int | None, error: str | None) -> None:
        row = self._journal.table("deliveries").get(key)
        if row is None:
            return
        attempts = row["attempts"] + 1
        state = "delivered" if delivered else row["state"]
        if state == "pending" and self.gives_up(attempts, status):
            state = "failed"
        change = Change()
        change.put(
            "deliveries",
            key,
            {
                **row,
                "state": state,
                "attempts": attempts,
                "status": status,
                "error": None if delivered else error,
                "at": int(time.time()),
            },
        )
        self._journal.commit(change)
        if state == "pending":
            self.schedule([key])

    def _cancel(self, key: str) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    def delivered(self, key: str) -> bool:
        return bool(self._journal.table("deliveries")[key]["state"] == "delivered")

    async def deliver_pending(self, order: str) -> list[Row]:
        """Deliver all pending events one by one, `forward` or `reverse`, even if held."""
        keys = self.pending()
        if order == "reverse":
            keys.reverse()
        return [{"event": key, "delivered": await self.deliver(key)} for key in keys]
