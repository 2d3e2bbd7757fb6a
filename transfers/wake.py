"""Wake-up messages after a commit. Losing one costs at most a sweep, never money; sending one never blocks for long.

Measured: `.delay()` on a black-holed Redis hangs the request after its commit, and costs 440 µs a message. So ids
travel in batches, over a kept connection with timeouts of half a second, and after a failure nobody tries for a
while. A connection for each wake-up cost 6 ms of CPU, several times the request that it followed.
"""

import math
import time
from collections.abc import Sequence
from functools import cache

import structlog
from amqp.exceptions import AMQPError
from celery import current_app
from django.db import transaction
from kombu import pools
from kombu.exceptions import KombuError
from prometheus_client import Counter
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

TRANSFER_TASK = "transfers.work_transfers"
REVERSAL_TASK = "transfers.work_reversals"
EVENT_TASK = "transfers.apply_rail_events"
MOST_IDS_IN_A_MESSAGE = 100
# Up to so many messages, a batch is spread over that many workers' threads; beyond, messages get fuller.
MESSAGES_TO_SPREAD_OVER = 32
QUIET_SECONDS_AFTER_FAILURE = 5.0
_TIMEOUT_SECONDS = 0.5
# What each kind of broker's client calls them.
_TIMEOUTS: dict[str, dict[str, float]] = {
    "redis": {
        "socket_connect_timeout": _TIMEOUT_SECONDS,
        "socket_timeout": _TIMEOUT_SECONDS,
        "max_retries": 0,
    },
    "amqp": {
        "connect_timeout": _TIMEOUT_SECONDS,
        "read_timeout": _TIMEOUT_SECONDS,
        "write_timeout": _TIMEOUT_SECONDS,
        "max_retries": 0,
    },
}

wake_failures = Counter("paidonce_wake_failures_total", "Wake-up messages that could not be queued")
_quiet_until = 0.0


def wake_after_commit(ids: Sequence[int], *, task: str = TRANSFER_TASK) -> None:
    """Queue the ids for the workers once the surrounding transaction is committed (now, if there is none)."""
    if ids:
        transaction.on_commit(lambda: wake(ids, task=task), robust=True)


def batches(ids: Sequence[int]) -> list[list[int]]:
    """Ids per message: spread while there are few, packed when there are many."""
    size = min(MOST_IDS_IN_A_MESSAGE, max(1, math.ceil(len(ids) / MESSAGES_TO_SPREAD_OVER)))
    return [list(ids[start : start + size]) for start in range(0, len(ids), size)]


def wake(all_ids: Sequence[int], *, task: str = TRANSFER_TASK) -> None:
    """Queue the ids now; a queue that does not take them is logged and counted, never an error of the caller."""
    global _quiet_until  # noqa: PLW0603 - one breaker per process, a race on it is harmless
    if time.monotonic() < _quiet_until:
        wake_failures.inc()
        return
    try:
        producers = _producers(current_app.conf.broker_write_url)
        with producers.acquire(block=True, timeout=_TIMEOUT_SECONDS) as producer:
            for ids in batches(all_ids):
                current_app.send_task(task, args=[ids], producer=producer, retry=False)
    except (KombuError, RedisError, AMQPError, OSError) as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS_AFTER_FAILURE
        wake_failures.inc()
        log.warning(
            "transfers.wake_failed", error=type(error).__name__, task=task, ids=len(all_ids)
        )


@cache
def _producers(address: str) -> pools.ProducerPool:
    """This process' kept connections to a queue, shared by its threads; each is opened when first needed."""
    kind = "amqp" if address.startswith(("amqp:", "amqps:", "pyamqp:")) else "redis"
    broker = current_app.connection_for_write(address, transport_options=_TIMEOUTS[kind])
    kept: pools.ProducerPool = pools.producers[broker]
    return kept
