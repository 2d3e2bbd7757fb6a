"""Row 4: waking the workers for 10,000 transfers against one `.delay()` for each."""

from __future__ import annotations

from celery import current_app
from django.conf import settings
from prometheus_client import REGISTRY
from redis import Redis

from bench.measure import Effort, Line, at_least, interleaved, stopwatch
from transfers.tasks import work_transfers
from transfers.wake import wake

SIZES = {"full": (5, 10_000), "quick": (3, 1_000), "smoke": (1, 200)}


def measure(url: str, effort: Effort) -> list[Line]:
    """Seconds at the sender, with the broker there and taking every message."""
    rounds, count = SIZES[effort]
    queue = Redis.from_url(settings.REDIS_URL)
    name = current_app.conf.task_default_queue

    def ours() -> float:
        with stopwatch() as watch:
            wake(range(count))
        return _emptied(queue, name, watch.seconds)

    def theirs() -> float:
        with stopwatch() as watch:
            for pk in range(count):
                work_transfers.delay([pk])
        return _emptied(queue, name, watch.seconds)

    pair = interleaved(ours, theirs, rounds)
    assert REGISTRY.get_sample_value("paidonce_wake_failures_total") == 0
    return [
        Line(
            what=f"waking workers for {count:,} transfers",
            yardstick="one .delay() for each",
            ours=pair.ours * 1_000,
            theirs=pair.theirs * 1_000,
            unit="ms",
            ratio=pair.theirs / pair.ours,
            target=at_least(20),
            runs=pair.runs,
        )
    ]


def _emptied(queue: Redis, name: str, seconds: float) -> float:
    assert queue.llen(name) > 0, "nothing was queued"
    queue.delete(name)
    return seconds
