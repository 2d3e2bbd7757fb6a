"""What the database says about the work, cheaply enough to be asked at every scrape of a table of any size."""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from django.db import connection
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from payouts_site import broker
from transfers.models import Finding, FindingState, Rail, TransferStatus
from transfers.models.rail_switch import EVERY_RAIL
from transfers.switches import paused_switches

# Counted exactly up to here, by an index; beyond it the planner's estimate is good enough for a graph.
COUNT_EXACTLY = 20_000
AGES_SECONDS = (60, 600, 3600, 86_400)

_WORK = {
    "transfer": "transfers_transfer",
    "reversal": "transfers_transferreversal",
    "rail_event": "transfers_railevent",
}


def oldest_due_by_kind() -> dict[str, float]:
    """Seconds for which the oldest due work of each kind has been due; 0 when nothing is due."""
    columns = ", ".join(
        f"coalesce((SELECT greatest(0, extract(epoch FROM clock_timestamp() - min(due_at))) "
        f'FROM "{table}" WHERE due_at IS NOT NULL), 0)::float8'
        for table in _WORK.values()
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}")
        return dict(zip(_WORK, cursor.fetchone(), strict=True))


def oldest_due_seconds() -> float:
    """The worst of them."""
    return max(oldest_due_by_kind().values())


def transfers_by_status() -> dict[str, int]:
    """How many transfers there are in each status: exact up to COUNT_EXACTLY, then the planner's estimate."""
    counts: dict[str, int] = {}
    with connection.cursor() as cursor:
        for status in TransferStatus.values:
            cursor.execute(
                "SELECT count(*) FROM (SELECT FROM transfers_transfer WHERE status = %s LIMIT %s) AS counted",
                [status, COUNT_EXACTLY],
            )
            (counts[status],) = cursor.fetchone()
            if counts[status] == COUNT_EXACTLY:
                cursor.execute(
                    "EXPLAIN (FORMAT JSON) SELECT FROM transfers_transfer WHERE status = %s",
                    [status],
                )
                (plan,) = cursor.fetchone()
                plan = json.loads(plan) if isinstance(plan, str) else plan
                counts[status] = max(COUNT_EXACTLY, int(plan[0]["Plan"]["Plan Rows"]))
    return counts


def unknown_by_age() -> dict[str, int]:
    """Unknown outcomes by the time since their attempt was first sent, cumulative; `+Inf` is all of them."""
    filters = ", ".join(
        "count(*) FILTER (WHERE attempt.first_sent_at > clock_timestamp() - make_interval(secs => %s))"
        for _ in AGES_SECONDS
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {filters}, count(*) FROM transfers_transfer AS transfer "
            "LEFT JOIN transfers_transferattempt AS attempt "
            "ON attempt.transfer_id = transfer.id AND attempt.outcome IN ('live', 'unknown') "
            "WHERE transfer.outcome_unknown",
            list(AGES_SECONDS),
        )
        labels = [*(str(age) for age in AGES_SECONDS), "+Inf"]
        return dict(zip(labels, cursor.fetchone(), strict=True))


def open_findings() -> int:
    """Findings that wait for a person, counted up to COUNT_EXACTLY."""
    return Finding.objects.filter(state=FindingState.OPEN)[:COUNT_EXACTLY].count()


_RECENT: Final = "interval '5 minutes'"


def refusals() -> dict[str, int]:
    """Refused changes of the last five minutes: lost races (409), steps that do not exist, and what may not be done."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, count(*) FROM audit_entry "
            f"WHERE at > clock_timestamp() - {_RECENT} AND outcome IN ('conflict', 'illegal', 'denied') "
            "GROUP BY outcome"
        )
        found = dict(cursor.fetchall())
    return {outcome: int(found.get(outcome, 0)) for outcome in ("conflict", "illegal", "denied")}


def dispatched() -> dict[tuple[str, str], int]:
    """Rail and result -> transfers that got it in the last five minutes; `unknown` is how many are so now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT transfer.rail, entry.new_status, count(*) FROM audit_entry AS entry "
            "JOIN transfers_transfer AS transfer ON transfer.id = split_part(entry.subject, ':', 2)::bigint "
            f"WHERE entry.at > clock_timestamp() - {_RECENT} AND entry.outcome = 'won' "
            "AND entry.action IN ('transfer.success', 'transfer.failed') GROUP BY 1, 2"
        )
        found = {(rail, status): int(count) for rail, status, count in cursor.fetchall()}
        cursor.execute(
            "SELECT rail, count(*) FROM (SELECT rail FROM transfers_transfer WHERE outcome_unknown LIMIT %s) "
            "AS unknown GROUP BY rail",
            [COUNT_EXACTLY],
        )
        found |= {(rail, "unknown"): int(count) for rail, count in cursor.fetchall()}
    results = ("success", "failed", "unknown")
    return {(rail, one): found.get((rail, one), 0) for rail in Rail.values for one in results}


def webhook_backlog() -> dict[str, int]:
    """Messages of the rails that wait to be applied, and messages to integrators that are due; up to COUNT_EXACTLY."""
    tables = {"in": "transfers_railevent", "out": "webhooks_webhookdelivery"}
    counts = {}
    with connection.cursor() as cursor:
        for direction, table in tables.items():
            cursor.execute(
                f'SELECT count(*) FROM (SELECT FROM "{table}" WHERE due_at <= clock_timestamp() LIMIT %s) AS due',
                [COUNT_EXACTLY],
            )
            (counts[direction],) = cursor.fetchone()
    return counts


class OfThisProcess(Collector):
    """Its connections, and the queue as it sees it. Each is absent when nobody can tell."""

    def collect(self) -> Iterator[Metric]:
        pool = getattr(connection, "pool", None)
        if pool is not None:
            stats = pool.get_stats()
            gauge = GaugeMetricFamily(
                "paidonce_pool",
                "Connections of this process and who waits for one",
                labels=["state"],
            )
            for state in ("pool_size", "pool_available", "pool_max", "requests_waiting"):
                gauge.add_metric([state], stats.get(state, 0))
            yield gauge
        try:
            depth = broker.queue_depth()
        except Exception:  # noqa: BLE001 - each kind of broker has its own errors, and a scrape must not fail
            return
        yield GaugeMetricFamily(
            "paidonce_queue_depth", "Wake-ups that wait for a worker", value=depth
        )


def _gauge(
    name: str, means: str, label: str, values: Iterable[tuple[str | tuple[str, ...], float]]
) -> Metric:
    """One gauge with a value for each label; two labels are parted by a space, in `label` and in `values`."""
    gauge = GaugeMetricFamily(name, means, labels=label.split())
    for labels, value in values:
        gauge.add_metric([labels] if isinstance(labels, str) else list(labels), value)
    return gauge


class _FromDatabase(Collector):
    """Gauges that are computed when they are asked for."""

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("paidonce_database_up", "The database answered", value=1)
        yield _gauge(
            "paidonce_oldest_due_seconds",
            "For how long the oldest due work has been due",
            "kind",
            oldest_due_by_kind().items(),
        )
        yield _gauge(
            "paidonce_unknown_outcomes",
            "Transfers whose outcome nobody knows, first sent at most so many seconds ago",
            "le",
            unknown_by_age().items(),
        )
        yield _gauge("paidonce_transfers", "Transfers", "status", transfers_by_status().items())
        yield _gauge(
            "paidonce_recent_refusals",
            "Refused changes in five minutes",
            "outcome",
            refusals().items(),
        )
        yield _gauge(
            "paidonce_recent_dispatch",
            "Transfers that succeeded or failed in five minutes; unknown is how many are so now",
            "rail result",
            dispatched().items(),
        )
        yield _gauge(
            "paidonce_webhook_backlog",
            "Messages that are due",
            "direction",
            webhook_backlog().items(),
        )
        paused = {switch.rail for switch in paused_switches()}
        yield _gauge(
            "paidonce_rail_paused",
            "1 while nothing is sent on a rail; all: on none",
            "rail",
            ((rail, float(rail in paused)) for rail in (*Rail.values, EVERY_RAIL)),
        )
        yield GaugeMetricFamily(
            "paidonce_open_findings", "Findings that wait for a person", value=open_findings()
        )


def own_registry() -> CollectorRegistry:
    """What this process knows beside its counters."""
    own = CollectorRegistry(auto_describe=False)
    own.register(OfThisProcess())
    return own


def registry() -> CollectorRegistry:
    """A registry of its own: nothing in it belongs to a process. Collecting raises DatabaseError."""
    own = CollectorRegistry(auto_describe=False)
    # `describe` would be asked at registration and there is nothing to describe before the database is.
    own.register(_FromDatabase())
    return own
