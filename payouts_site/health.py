"""Is it up, is it ready, how is it doing. Open to everybody who reaches the port, so nothing here names anybody.

Ready means: the database, the queue and the schema are there. Work that is late is told but leaves the process
ready: taking the console away would hide the trouble without curing it.
"""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import redis
from amqp.exceptions import AMQPError
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from api.problems import Problem
from payouts_site import broker, measures
from transfers.switches import paused_switches


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """503 unless database, broker and migrations are as they must be; each with its own word."""
    checks: dict[str, Any] = {
        "database": _word(_database),
        "broker": _word(broker.ping),
        "migrations": _word(_migrations),
    }
    ready = all(word == "ok" for word in checks.values())
    try:
        age = measures.oldest_due_seconds() if checks["database"] == "ok" else None
    except DatabaseError:
        age = None
    checks["paused_rails"] = _paused() if checks["database"] == "ok" else None
    late = settings.LEASE_SECONDS + 2 * settings.SWEEP_INTERVAL_SECONDS
    checks["oldest_due_work"] = {"age_seconds": age, "late": age is not None and age > late}
    return JsonResponse(
        {"status": "ready" if ready else "not_ready", "checks": checks},
        status=200 if ready else 503,
    )


def _paused() -> list[str] | None:
    """Paused on purpose is not unready: it is told, and nothing is taken out of service for it."""
    try:
        return [switch.rail for switch in paused_switches()]
    except DatabaseError:
        return None


def _word(check: Callable[[], None]) -> str:
    try:
        check()
    except (DatabaseError, redis.RedisError, AMQPError, OSError, _Pending) as error:
        return f"failed: {type(error).__name__.lstrip('_')}"
    return "ok"


class _Pending(Exception):
    """Migrations are missing."""


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


_applied = False


def _migrations() -> None:
    global _applied  # noqa: PLW0603 - once applied they stay so for this process's code; reading them costs 100 ms
    if _applied:
        return
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise _Pending
    _applied = True


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """This process's counters, then what the database says at this moment (the same from every process).

    For whoever has METRICS_TOKEN; where there is none, for this machine, unless a proxy speaks for somebody.
    """
    if not _may_measure(request):
        return Problem(
            request,
            status=403,
            code="permission_denied",
            title="Not allowed",
            detail="Send METRICS_TOKEN as a bearer token; without one only this machine may ask.",
        )
    text = generate_latest(REGISTRY) + generate_latest(measures.own_registry())
    try:
        text += generate_latest(measures.registry())
    except DatabaseError:
        text += b"paidonce_database_up 0\n"
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _may_measure(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return constant_time_compare(given, settings.METRICS_TOKEN)
    if request.headers.get("X-Forwarded-For") or request.headers.get("Forwarded"):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return not request.META.get("REMOTE_ADDR")  # a Unix socket has no address
