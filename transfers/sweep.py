"""Finds due work in the database. It needs no queue to be correct: messages only make it sooner.

Rows are selected by state (`due_at` is over), never by "id after the last one seen": a row that commits late would
be missed for ever. Every worker process sweeps; a row that two of them find is claimed by one.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed

import structlog
from django.conf import settings
from django.db import Error, connection
from prometheus_client import Counter

from transfers.models import Rail
from transfers.models.rail_switch import EVERY_RAIL
from transfers.pace import held_back_rails
from transfers.services.apply_rail_event import apply_rail_event
from transfers.services.work_reversal import work_reversal
from transfers.services.work_transfer import work_transfer

log = structlog.get_logger(__name__)

MOST_ROWS_IN_A_ROUND = 500
sweep_found = Counter("paidonce_sweep_found_total", "Due rows found by the sweep", ["kind"])

Work = Callable[[int], object]
Progress = Callable[[], None]

WORK: dict[str, Work] = {
    "transfers_transfer": lambda pk: work_transfer(transfer_id=pk),
    "transfers_transferreversal": lambda pk: work_reversal(reversal_id=pk),
    "transfers_railevent": lambda pk: apply_rail_event(event_id=pk),
}

# Reversals exist on one rail only.
_OF_RAIL: dict[str, str] = {
    "transfers_transfer": "rail = ANY(%(held)s)",
    "transfers_transferreversal": "'stripe' = ANY(%(held)s)",
    "transfers_railevent": "rail = ANY(%(held)s)",
}
# Nothing but new sends: they wait for their rail.
_UNSENT: dict[str, str] = {
    "transfers_transfer": "AND NOT (status = 'pending' AND rail = ANY(%(rails)s))",
    "transfers_transferreversal": "AND NOT (send_count = 0 AND 'stripe' = ANY(%(rails)s))",
}


def due_ids(table: str) -> list[int]:
    """Ids of due rows, the longest due first, by a partial index on `due_at`.

    What has never been sent on a paused rail is left out, and everything on one that wants no calls for a while, so
    that it takes no other rail's place in the round.
    """
    held = held_back_rails()
    with connection.cursor() as cursor:
        cursor.execute("SELECT rail FROM transfers_railswitch WHERE status = 'paused'")
        paused = {row[0] for row in cursor.fetchall()}
        rails = list(Rail.values) if EVERY_RAIL in paused else sorted(paused)
        not_yet = _UNSENT.get(table, "") if rails else ""
        not_now = f"AND NOT {_OF_RAIL[table]}" if held else ""
        cursor.execute(
            f'SELECT id FROM "{table}" WHERE due_at <= clock_timestamp() {not_yet} {not_now} '
            "ORDER BY due_at LIMIT %(most)s",
            {"most": MOST_ROWS_IN_A_ROUND, "rails": rails, "held": held},
        )
        return [row[0] for row in cursor.fetchall()]


def work_on(table: str, ids: Iterable[int]) -> None:
    """Do the work on each row in this thread. One row's failure is logged and spoils nobody else's."""
    for pk in ids:
        try:
            WORK[table](pk)
        except Exception:
            log.exception("transfers.work_failed", table=table, id=pk)
            _to_the_end_of_the_line(table, pk)
        finally:
            connection.close()


def _to_the_end_of_the_line(table: str, pk: int) -> None:
    """What failed before it was claimed is still the longest due: enough of it would fill every round for ever."""
    with contextlib.suppress(Error), connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{table}" SET due_at = clock_timestamp() + make_interval(secs => %s) '
            "WHERE id = %s AND due_at <= clock_timestamp()",
            [settings.LEASE_SECONDS, pk],
        )


def sweep_once(pool: ThreadPoolExecutor | None = None, progress: Progress = lambda: None) -> int:
    """Do all work that is due now; how many rows were found. Without a pool, in this thread (tests, commands).

    `progress` is called after each row that a pool worked on.
    """
    found = 0
    for table in WORK:
        ids = due_ids(table)
        connection.close()
        found += len(ids)
        sweep_found.labels(kind=table).inc(len(ids))
        if pool is None:
            work_on(table, ids)
        else:
            for done in as_completed([pool.submit(work_on, table, [pk]) for pk in ids]):
                done.result()
                progress()
    return found


class Sweeper(threading.Thread):
    """Calls `sweep(pool, progress)` in a worker process until it is told to stop; `progress` as long as it gets on.

    `sweep` returns how much it found. After a round it sleeps for `interval` seconds; not at all after `full` finds.
    """

    def __init__(
        self,
        progress: Progress = lambda: None,
        *,
        sweep: Callable[[ThreadPoolExecutor, Progress], int] | None = None,
        name: str = "sweeper",
        threads: int | None = None,
        interval: float | None = None,
        full: int = MOST_ROWS_IN_A_ROUND,
        longest_call: float | None = None,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._progress = progress
        self._sweep, self._full = sweep or sweep_once, full
        self._threads = threads or settings.CELERY_WORKER_CONCURRENCY
        self._interval = settings.SWEEP_INTERVAL_SECONDS if interval is None else interval
        self._longest = longest_call or settings.RAIL_TIMEOUT_SECONDS
        self._stopping = threading.Event()

    def run(self) -> None:
        """Sweep, sleep, sweep again."""
        with ThreadPoolExecutor(self._threads, self.name) as pool:
            while not self._stopping.is_set():
                self._progress()
                try:
                    found = self._sweep(pool, self._progress)
                except Exception:
                    log.exception("sweep.failed", sweeper=self.name)
                    found = 0
                if found < self._full:
                    self._stopping.wait(self._interval)

    def stop(self) -> None:
        """Finish the round under way and end; a call that is out takes at most its timeout."""
        self._stopping.set()
        self.join(self._longest + 5)
