"""Events and their delivery: signed afresh for each attempt, repeated with back-off until a 2xx.

Delivery runs beside the API and never holds it up, except for the fault that asks for exactly that.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from urllib.parse import urlsplit

from sandbox.clock import Clock
from sandbox.journal import Change, Journal, Row
from sandbox.stripe import objects
from sandbox.stripe.books import Column
from sandbox.stripe.settings import Settings

TIMEOUT_SECONDS = 10
MAX_DELAY_SECONDS = 60
PARALLEL = 8


def signature(secret: str, body: bytes, moment: int) -> str:
    """The Stripe-Signature header for a body sent at `moment` (real Unix seconds)."""
    digest = hmac.new(secret.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


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


class Webhooks:
    """Records events in the caller's change and delivers them after its commit."""

    def __init__(
        self, journal: Journal, clock: Clock, settings: Settings, url: str, secret: str
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._settings = settings
        self.url = url
        self.secret = secret
        self.events = Column(journal, "events", ("type",))
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[bool]] = set()
        self._in_flight: set[str] = set()
        self._gate = asyncio.Semaphore(PARALLEL)

    def record(
        self,
        change: Change,
        kind: str,
        payload: Row,
        *,
        request: Row,
        mode: str = "",
        delay_ms: int = 0,
        account: str = "",
        previous: Row | None = None,
    ) -> None:
        """Add an event. `mode` is a webhook fault's name or empty."""
        for _ in range(2 if mode == "webhook_twin" else 1):
            event = objects.event(kind, payload, created=self._clock.now(), request=request)
            if account:
                event["account"] = account
            if previous is not None:
                event["data"]["previous_attributes"] = previous
            change.put("events", event["id"], event)
            change.put(
                "deliveries",
                event["id"],
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
                change.events.append(event["id"])

    def start(self) -> None:
        """Take up what was still pending."""
        self.schedule(self.pending())

    async def stop(self) -> None:
        """Stop delivering; what is pending stays so in the books."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def pending(self) -> list[str]:
        """Oldest first."""
        rows = self._journal.table("deliveries")
        return [key for key, row in rows.items() if row["state"] == "pending"]

    def schedule(self, events: list[str]) -> None:
        """Deliver each event after its delay, unless webhooks are held or there is no endpoint."""
        if not (self.url and self._settings.knobs.webhooks_enabled):
            return
        loop = asyncio.get_running_loop()
        for key in events:
            row = self._journal.table("deliveries").get(key)
            if row is not None and key not in self._timers and key not in self._in_flight:
                self._timers[key] = loop.call_later(self._delay(row), self._spawn, key)

    def _delay(self, row: Row) -> float:
        if row["attempts"] == 0:
            return float(row["delay_ms"]) / 1000
        base = self._settings.knobs.webhook_retry_ms / 1000
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
        return waiting and self._settings.knobs.webhooks_enabled

    async def deliver(self, key: str) -> bool:
        """One attempt now, whatever its state; a failed pending one is scheduled again."""
        event = self._journal.table("events").get(key)
        if event is None or not self.url:
            return False
        self._cancel(key)
        body = json.dumps(event).encode()
        status: int | None = None
        error = None
        copies = self._journal.table("deliveries")[key]["copies"]
        for _ in range(copies):
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
                "Stripe-Signature": signature(self.secret, body, int(time.time())),
            }
            try:
                status = await post(self.url, body, headers)
            except (OSError, ValueError, TimeoutError) as problem:
                status, error = None, type(problem).__name__
        delivered = status is not None and 200 <= status < 300
        self._note(key, delivered=delivered, status=status, error=error)
        return delivered

    def _note(self, key: str, *, delivered: bool, status: int | None, error: str | None) -> None:
        row = self._journal.table("deliveries").get(key)
        if row is None:
            return
        state = "delivered" if delivered else row["state"]
        change = Change()
        change.put(
            "deliveries",
            key,
            {
                **row,
                "state": state,
                "attempts": row["attempts"] + 1,
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

    def forget(self) -> None:
        """Drop every timer, after the books have been erased."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
