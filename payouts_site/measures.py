"""What the database says about the work, cheaply enough to be asked at every scrape of a table of any size."""

import json
from collections.abc import Iterator

from django.db import connection
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from transfers.models import Finding, FindingState, TransferStatus

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


class _FromDatabase(Collector):
    """Gauges that are computed when they are asked for."""

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("paidonce_database_up", "The database answered", value=1)
        due = GaugeMetricFamily(
            "paidonce_oldest_due_seconds",
            "For how long the oldest due work has been due",
            labels=["kind"],
        )
        for kind, seconds in oldest_due_by_kind().items():
            due.add_metric([kind], seconds)
        yield due
        unknown = GaugeMetricFamily(
            "paidonce_unknown_outcomes",
            "Transfers whose outcome nobody knows, first sent at most so many seconds ago",
            labels=["le"],
        )
        for age, count in unknown_by_age().items():
            unknown.add_metric([age], count)
        yield unknown
        by_status = GaugeMetricFamily("paidonce_transfers", "Transfers", labels=["status"])
        for status, count in transfers_by_status().items():
            by_status.add_metric([status], count)
        yield by_status
        yield GaugeMetricFamily(
            "paidonce_open_findings", "Findings that wait for a person", value=open_findings()
        )


def registry() -> CollectorRegistry:
    """A registry of its own: nothing in it belongs to a process. Collecting raises DatabaseError."""
    own = CollectorRegistry(auto_describe=False)
    # `describe` would be asked at registration and there is nothing to describe before the database is.
    own.register(_FromDatabase())
    return own
