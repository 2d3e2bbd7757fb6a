"""Rate limiters as rails have them: token buckets for everything and per endpoint, on real time."""

from __future__ import annotations

import time


class Bucket:
    """Holds one second's worth of tokens."""

    __slots__ = ("at", "tokens")

    def __init__(self, tokens: float) -> None:
        self.tokens = tokens
        self.at = time.monotonic()

    def take(self, rate: int) -> bool:
        """One token, if there is one; `rate` per second, 0 for no limit."""
        if rate == 0:
            return True
        now = time.monotonic()
        self.tokens = min(rate, self.tokens + (now - self.at) * rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Limiter:
    """Says why a request is over the limit, or None."""

    def __init__(self) -> None:
        self._all: Bucket | None = None
        self._endpoints: dict[str, Bucket] = {}

    def refusal(self, endpoint: str, total_rate: int, endpoint_rate: int) -> str | None:
        """`global-rate` or `endpoint-rate` for a refused request, None for an admitted one."""
        if self._all is None:
            self._all = Bucket(total_rate)
        if not self._all.take(total_rate):
            return "global-rate"
        bucket = self._endpoints.get(endpoint)
        if bucket is None:
            bucket = self._endpoints[endpoint] = Bucket(endpoint_rate)
        return None if bucket.take(endpoint_rate) else "endpoint-rate"

    def reset(self) -> None:
        """Full buckets, after the limits have been changed."""
        self._all = None
        self._endpoints.clear()


class Window:
    """So many per minute of the wall clock."""

    def __init__(self) -> None:
        self._minute = 0
        self._taken = 0

    def refusal(self, rate: int) -> int:
        """Seconds until the next minute for a refused request, 0 for an admitted one."""
        minute, second = divmod(int(time.time()), 60)
        if minute != self._minute:
            self._minute, self._taken = minute, 0
        if rate and self._taken >= rate:
            return 60 - second
        self._taken += 1
        return 0
