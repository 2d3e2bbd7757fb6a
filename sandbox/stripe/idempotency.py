"""What an idempotency key remembers. Stripe's rules, `stripe.md` section 4.

A key that is being executed answers 409; a finished one gives its answer again, byte for byte; the
same key for another request answers 400. Errors before execution leave no trace. A key forgotten
after its retention executes again.
"""

from __future__ import annotations

import hashlib
import json

from sandbox.clock import Clock
from sandbox.journal import Change, Journal, Row
from sandbox.stripe.errors import StripeError, key_in_use, key_reused
from sandbox.stripe.forms import Params
from sandbox.stripe.settings import Settings

MAX_KEY = 255


def fingerprint(method: str, path: str, params: Params, account: str) -> str:
    """Equal for requests that Stripe takes for the same one."""
    canonical = json.dumps([method, path, params, account], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


class Keys:
    """Finished keys live in the books, running ones in memory: a crash forgets only the latter."""

    def __init__(self, journal: Journal, clock: Clock, settings: Settings) -> None:
        self._journal = journal
        self._clock = clock
        self._settings = settings
        self._running: set[str] = set()
        self.in_use = 0
        self.replays = 0

    def finished(self, key: str, print_: str) -> Row | None:
        """The stored answer, or None for a fresh key. Raises StripeError 409 or 400."""
        if len(key) > MAX_KEY:
            raise StripeError(
                400,
                f"Idempotency keys are limited to {MAX_KEY} characters.",
                kind="idempotency_error",
            )
        if key in self._running:
            self.in_use += 1
            raise key_in_use(key)
        row = self._journal.table("keys").get(key)
        if row is None or self._expired(row):
            return None
        if row["fingerprint"] != print_:
            self._count_conflict()
            raise key_reused(key)
        self.replays += 1
        return row

    @property
    def conflicts(self) -> int:
        """How often a key came with another request. Survives a crash: it is a client's bug."""
        return int(self._journal.table("meta").get("conflicts", {}).get("count", 0))

    def _count_conflict(self) -> None:
        change = Change()
        change.put("meta", "conflicts", {"count": self.conflicts + 1})
        self._journal.commit(change)

    def known(self, key: str) -> bool:
        """Whether the key is running or its answer is kept."""
        row = self._journal.table("keys").get(key)
        return key in self._running or (row is not None and not self._expired(row))

    def start(self, key: str) -> None:
        self._running.add(key)

    def finish(self, key: str) -> None:
        self._running.discard(key)

    def running(self) -> list[str]:
        return sorted(self._running)

    def store(
        self, change: Change, key: str, *, print_: str, status: int, body: str, request_id: str
    ) -> None:
        """Remember the answer, in the same commit as what it did."""
        change.put(
            "keys",
            key,
            {
                "fingerprint": print_,
                "status": status,
                "body": body,
                "request_id": request_id,
                "created": self._clock.now(),
            },
        )

    def prune(self, *, everything: bool) -> int:
        """Forget expired keys, or all of them; returns how many."""
        table = self._journal.table("keys")
        gone = [key for key, row in table.items() if everything or self._expired(row)]
        change = Change()
        for key in gone:
            change.put("keys", key, None)
        self._journal.commit(change)
        return len(gone)

    def _expired(self, row: Row) -> bool:
        age = self._clock.now() - int(row["created"])
        return age >= self._settings.knobs.key_retention_seconds
