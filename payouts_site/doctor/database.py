"""What PostgreSQL says: reachable, durable, with our schema and triggers, its clock like ours, its work on time."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from pgtrigger import registered

from audit.redact import redact_text
from payouts_site import measures
from payouts_site.doctor.line import Check, Line, fail, ok, warn
from transfers.models.rail_switch import EVERY_RAIL
from transfers.switches import paused_switches

_OLDEST_VERSION: Final = 15
_SKEW_WARN, _SKEW_FAIL = 1.0, 5.0
_SEAL_LATE: Final = timedelta(minutes=5)
# django-celery-beat writes down what ran every three minutes.
_BEAT_LATE: Final = timedelta(minutes=10)
# Spare ones: a psql, a backup, the next version while it starts.
_SPARE_CONNECTIONS: Final = 10


def _row(sql: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def _reachable() -> Iterator[Line]:
    (number,) = _row("SELECT current_setting('server_version_num')::int / 10000")
    if number >= _OLDEST_VERSION:
        yield ok("database", f"PostgreSQL {number} answers")
    else:
        yield fail("database", f"PostgreSQL {number}", f"use version {_OLDEST_VERSION} or newer")


def _durable() -> Iterator[Line]:
    sql = "SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes')"
    commit, fsync, pages = _row(sql)
    if commit in ("on", "remote_apply", "remote_write", "local") and commit != "local":
        yield ok("synchronous_commit", commit)
    else:
        yield fail(
            "synchronous_commit", commit, "a crash would lose acknowledged payments: set it on"
        )
    if (fsync, pages) == ("on", "on"):
        yield ok("fsync", "on")
    else:
        bad = warn if settings.DEBUG else fail
        yield bad("fsync", f"fsync {fsync}, full_page_writes {pages}", "set both on")


def _clock() -> Iterator[Line]:
    before = time.time()
    (there,) = _row("SELECT extract(epoch FROM clock_timestamp())::float8")
    skew = abs(there - (before + time.time()) / 2)
    text = f"{skew:.2f} s between this host and the database"
    todo = "run a time service (chrony) on both"
    if skew < _SKEW_WARN:
        yield ok("clock", text)
    else:
        yield (warn if skew < _SKEW_FAIL else fail)("clock", text, todo)
    (zone,) = _row("SELECT current_setting('TimeZone')")
    yield (
        ok("database time zone", zone)
        if zone in ("UTC", "Etc/UTC")
        else warn("database time zone", zone, "sessions should run in UTC")
    )


def _limits() -> Iterator[Line]:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    values = _row("SELECT " + ", ".join(f"current_setting('{name}')" for name in names))
    unset = [name for name, value in zip(names, values, strict=True) if value == "0"]
    if unset:
        yield fail(
            "database timeouts",
            f"none for {', '.join(unset)}",
            "settings/database.py sets them; who undid it?",
        )
    else:
        yield ok("database timeouts", ", ".join(values))
    (most,) = _row("SELECT current_setting('max_connections')::int")
    size = int(settings.DATABASES["default"].get("OPTIONS", {}).get("pool", {}).get("max_size", 0))
    processes = int(os.environ.get("WEB_PROCESSES") or 2) + 2
    text = f"{most} allowed; {processes} processes of {size}"
    if most >= processes * size + _SPARE_CONNECTIONS:
        yield ok("connections", text)
    else:
        yield warn("connections", text, "raise max_connections, or lower DATABASE_POOL_SIZE")


def _schema() -> Iterator[Line]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        yield fail("migrations", f"{len(missing)} not applied", "run manage.py migrate")
    else:
        yield ok("migrations", "all applied")


def _triggers() -> Iterator[Line]:
    wrong = []
    for model, trigger in registered():
        status, enabled = trigger.get_installation_status(model)
        if status != "INSTALLED" or not enabled:
            word = status.lower() if status != "INSTALLED" else "disabled"
            wrong.append(f"{trigger.name} {word}")
    if wrong:
        todo = "find out who changed them (audit log, roles), then manage.py pgtrigger install and enable"
        yield fail("triggers", ", ".join(sorted(wrong)[:5]), todo)
    else:
        yield ok("triggers", f"{len(registered())} as declared")


def _seals() -> Iterator[Line]:
    sql = """
        SELECT clock_timestamp() - at FROM audit_entry
        WHERE id > coalesce((SELECT max(last_entry_id) FROM audit_seal), 0) ORDER BY id LIMIT 1
    """
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
    if row is None or row[0] < _SEAL_LATE:
        yield ok("audit seals", "fresh")
    else:
        text = f"the oldest unsealed entry is {row[0].total_seconds() / 60:.0f} min old"
        yield fail("audit seals", text, "is the scheduler running? manage.py seal_audit seals now")


def _beat() -> Iterator[Line]:
    last = (
        PeriodicTask.objects.filter(last_run_at__isnull=False)
        .order_by("-last_run_at")
        .values_list("last_run_at", flat=True)
        .first()
    )
    if last is None:
        yield warn("scheduler", "never ran", "start one: celery -A payouts_site beat")
        return
    ago = timezone.now() - last
    text = f"last seen {ago.total_seconds():.0f} s ago"
    if ago < _BEAT_LATE:
        yield ok("scheduler", text)
    else:
        yield fail("scheduler", text, "start one: celery -A payouts_site beat")


def _work() -> Iterator[Line]:
    oldest = measures.oldest_due_seconds()
    late = settings.LEASE_SECONDS + 2 * settings.SWEEP_INTERVAL_SECONDS
    text = f"the oldest has waited {oldest:.0f} s"
    if oldest <= late:
        yield ok("due work", text)
    else:
        yield fail("due work", text, "is a worker running? docs/runbooks/stuck-unknown.md")
    findings = measures.open_findings()
    if findings:
        yield warn("findings", f"{findings} open", "a person must look at each")
    else:
        yield ok("findings", "none open")


def _paused_rails() -> Iterator[Line]:
    switches = paused_switches()
    for switch in switches:
        how = "unfreeze_dispatch" if switch.rail == EVERY_RAIL else f"resume_rail {switch.rail}"
        what = "every rail" if switch.rail == EVERY_RAIL else switch.rail
        said = f"{what}, by {switch.changed_by}: {redact_text(switch.reason)}"
        yield warn("paused rails", said, f"manage.py {how}, when the reason is gone")
    if not switches:
        yield ok("paused rails", "none")


CHECKS: Final[tuple[Check, ...]] = (
    _reachable,
    _durable,
    _clock,
    _limits,
    _schema,
    _triggers,
    _seals,
    _beat,
    _work,
    _paused_rails,
)
