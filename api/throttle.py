"""A limit on the calls of one token or one session's user, counted in Redis by the minute.

It protects the others from one caller's loop and decides nothing about money. So a process tells Redis of sixteen calls
at a time (a call each would be a tenth of a small request's CPU; the limit is exceeded by at most fifteen calls of
each process), and a Redis that is away or silent limits nobody: the failure is counted, and Redis is left alone for
some seconds.
"""

import time
from functools import cache
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from prometheus_client import Counter
from redis import Redis
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from access.permissions import token_of

if TYPE_CHECKING:  # rest_framework.views imports this module while it is itself being imported
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)

WINDOW_SECONDS = 60
QUIET_SECONDS_AFTER_FAILURE = 5.0
_TIMEOUT_SECONDS = 0.2
throttle_failures = Counter(
    "paidonce_throttle_failures_total", "Calls that could not be counted, and were let through."
)
CALLS_TOLD_AT_ONCE = 16
_MOST_CALLERS = 10_000
# Caller -> minute, calls that Redis has not been told of, calls that it knew of when it was last told.
_calls: dict[str, tuple[int, int, int]] = {}
_quiet_until = 0.0


class CallerThrottle(BaseThrottle):
    """At most API_MAX_PER_MINUTE calls; 429 `throttled` with Retry-After until the minute is over. 0 = no limit."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        limit: int = settings.API_MAX_PER_MINUTE
        return limit == 0 or _count(_caller(request)) <= limit

    def wait(self) -> float:
        """Seconds until the next minute."""
        return WINDOW_SECONDS - time.time() % WINDOW_SECONDS


def _caller(request: Request) -> str:
    token = token_of(request)
    return f"token:{token.pk}" if token is not None else f"user:{request.user.pk}"


def _count(caller: str) -> int:
    """How many calls within the minute are known of, this one included; 0 when nobody can tell."""
    minute = int(time.time() // WINDOW_SECONDS)
    counted, pending, known = _calls.get(caller, (minute, 0, 0))
    if counted != minute:
        pending, known = 0, 0
    pending += 1
    if pending >= CALLS_TOLD_AT_ONCE or known == 0:
        known, pending = _tell(f"calls:{caller}:{minute}", pending), 0
    if len(_calls) > _MOST_CALLERS:
        _calls.clear()
    # A race between threads loses a call of the count; that is within what the limit promises.
    _calls[caller] = (minute, pending, known)
    return known + pending


def _tell(key: str, calls: int) -> int:
    """Add `calls`; what all processes have counted so far, 0 when Redis does not say."""
    global _quiet_until  # noqa: PLW0603 - one breaker per process, a race on it is harmless
    if time.monotonic() < _quiet_until:
        throttle_failures.inc(calls)
        return 0
    try:
        with _redis(settings.REDIS_URL).pipeline(transaction=False) as pipeline:
            pipeline.incrby(key, calls)
            pipeline.expire(key, 2 * WINDOW_SECONDS)
            return int(pipeline.execute()[0])
    except (RedisError, OSError) as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS_AFTER_FAILURE
        throttle_failures.inc(calls)
        log.warning("api.calls_not_counted", error=str(error))
        return 0


@cache
def _redis(url: str) -> Redis:
    """This process' connections, shared by its threads."""
    return Redis.from_url(
        url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    )
