"""Finds endpoints with due deliveries in the database; no queue is needed.

Each endpoint is worked on in *lanes*: threads that take its deliveries one after the other. A slow or failing
endpoint gets one lane, and that lane ends after a failure, so that it holds up nobody else.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog
from django.db import connection

from webhooks.deliver import Result, deliver_next
from webhooks.disable import withdraw_late_promises

log = structlog.get_logger(__name__)

MOST_LANES: Final = 4
# A lane then goes to the end of the line: other endpoints want a thread as well.
LANE_SECONDS: Final = 3.0
THREADS: Final = 16
INTERVAL_SECONDS: Final = 2.0

_DUE = """
    SELECT endpoint.id, due.count FROM webhooks_webhookendpoint AS endpoint
    CROSS JOIN LATERAL (
        SELECT count(*) FROM (
            SELECT FROM webhooks_webhookdelivery
            WHERE endpoint_id = endpoint.id AND due_at <= clock_timestamp() LIMIT %s
        ) AS first_ones
    ) AS due
    WHERE endpoint.disabled_at IS NULL AND due.count > 0
"""


class DeliverySweep:
    """Call it to do, or hand to a pool, what is due now. One per process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lanes: dict[int, int] = {}
        self._troubled: set[int] = set()

    def __call__(
        self, pool: ThreadPoolExecutor | None = None, progress: Callable[[], None] = lambda: None
    ) -> int:
        """How many lanes were opened; it waits for none. Without a pool they run in this thread (tests, commands)."""
        withdraw_late_promises()
        found = due_endpoints()
        connection.close()
        opened = [endpoint for endpoint, due in found for _ in range(self._open(endpoint, due))]
        for endpoint in opened:
            if pool is None:
                self._run(endpoint)
            else:
                pool.submit(self._run, endpoint)
            progress()
        return len(opened)

    def _open(self, endpoint: int, due: int) -> int:
        with self._lock:
            running = self._lanes.get(endpoint, 0)
            most = 1 if endpoint in self._troubled else MOST_LANES
            new = max(0, min(due, most - running))
            self._lanes[endpoint] = running + new
        return new

    def _run(self, endpoint: int) -> None:
        until = time.monotonic() + LANE_SECONDS
        try:
            while (result := deliver_next(endpoint_id=endpoint)) is not None:
                with self._lock:
                    if result is Result.DELIVERED:
                        self._troubled.discard(endpoint)
                    else:
                        self._troubled.add(endpoint)
                if result is not Result.DELIVERED or time.monotonic() >= until:
                    break
        except Exception:
            log.exception("webhooks.lane_failed", endpoint=endpoint)
        finally:
            connection.close()
            with self._lock:
                self._lanes[endpoint] -= 1
                if not self._lanes[endpoint]:
                    del self._lanes[endpoint]


def due_endpoints() -> list[tuple[int, int]]:
    """Endpoints that have something due, and how much, counted to MOST_LANES; by an index on `due_at`."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [MOST_LANES])
        return [(row[0], row[1]) for row in cursor.fetchall()]
