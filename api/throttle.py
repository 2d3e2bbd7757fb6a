"""A limit on the calls of one token or one session's user, counted in Redis by the minute.

It protects the others from one caller's loop and decides nothing about money, so that a Redis that is away or silent
limits nobody: the failure is counted, and Redis is left alone for some seconds.
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
    """This call's number within the minute; 0 when nobody can tell."""
    global _quiet_until  # noqa: PLW0603 - one breaker per process, a race on it is harmless
    if time.monotonic() < _quiet_until:
        throttle_failures.inc()
        return 0
    key = f"calls:{caller}:{int(time.time() // WINDOW_SECONDS)}"
    try:
        with _redis(settings.REDIS_URL).pipeline(transaction=False) as pipeline:
            pipeline.incr(key)
            pipeline.expire(key, 2 * WINDOW_SECONDS)
            return int(pipeline.execute()[0])
    except (RedisError, OSError) as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS_AFTER_FAILURE
        throttle_failures.inc()
        log.warning("api.calls_not_counted", error=str(error))
        return 0


@cache
def _redis(url: str) -> Redis:
    """This process' connections, shared by its threads."""
    return Redis.from_url(
        url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    )
