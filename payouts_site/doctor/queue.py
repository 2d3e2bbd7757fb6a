"""What the broker says. Without it everything is still paid, later; so most of this is a warning."""

from collections.abc import Iterator
from typing import Any, Final

from payouts_site import broker
from payouts_site.doctor.line import Check, Line, fail, ok, warn

_MANY: Final = 10_000


def _reachable() -> Iterator[Line]:
    kind = "Redis" if broker.is_redis() else "RabbitMQ"
    try:
        broker.ping()
    except Exception as error:  # noqa: BLE001 - each kind of broker has its own errors, and their texts addresses
        todo = (
            "start it, or correct REDIS_URL or BROKER_URL; until then payments wait for the sweep"
        )
        yield fail("queue", f"{kind} does not answer: {type(error).__name__}", todo)
        return
    yield ok("queue", f"{kind} answers")
    yield from _state()


def _state() -> Iterator[Line]:
    if broker.is_redis():
        client = broker.redis_client()
        try:
            memory: Any = client.info("memory")
            persistence: Any = client.info("persistence")
            depth: Any = client.llen(broker.QUEUE)
        finally:
            client.close()
        policy = str(memory.get("maxmemory_policy", "unknown"))
        if policy == "noeviction":
            yield ok("eviction policy", policy)
        else:
            yield fail("eviction policy", policy, "CONFIG SET maxmemory-policy noeviction")
        if persistence.get("aof_enabled"):
            yield ok("append-only file", "on")
        else:
            yield warn("append-only file", "off", "appendonly yes: a restart then loses no wake-up")
    else:
        depth = broker.queue_depth()
    if int(depth) < _MANY:
        yield ok("queue depth", f"{depth} messages")
    else:
        yield warn("queue depth", f"{depth} messages", "start more workers")


CHECKS: Final[tuple[Check, ...]] = (_reachable,)
