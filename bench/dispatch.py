"""Row 5: the whole pipeline against a rail with 200 ms latency and a rate limit of its own.

From createBulkTransfers over HTTP through the queue, two worker processes and the sandbox to `success`. The limit is
the sandbox's; the share of it is taken while the workers are busy, without the first and last moments.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

import psycopg

from bench.databases import add_bookings, fresh_database, settle
from bench.load import Client
from bench.measure import Effort, Line, at_least
from bench.servers import bearer, queue_emptied, web, worker
from tests.sandbox_process import SandboxProcess

SECONDS = {"full": 60, "quick": 12, "smoke": 2}

LATENCY_MS, PEOPLE, WORKERS = 200, 50, 2
WARM_UP_SECONDS = 5
# Work beyond the measured time, so that the workers are busy until its end.
SPARE_SECONDS = 10


def measure(url: str, effort: Effort) -> list[Line]:
    """Movements per second in the sandbox's books."""
    seconds = SECONDS[effort]
    # Workers sweep up whatever is due: a database of its own, without the other rows' leftovers.
    with fresh_database("dispatch") as own:
        return [_at_limit(own, limit, seconds) for limit in (25, 100)]


def _at_limit(url: str, limit: int, seconds: int) -> Line:
    count = limit * (WARM_UP_SECONDS + seconds + SPARE_SECONDS) // PEOPLE
    with psycopg.connect(url) as connection:
        bookings = add_bookings(connection, f"RAIL{limit}", count, PEOPLE)
        connection.commit()
        settle(connection)
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(limits=True))
        sandbox.settings(
            latency_ms=LATENCY_MS, rate_limit_per_second=limit, endpoint_limit_per_second=limit
        )
        stack.enter_context(queue_emptied())
        rail = {
            "STRIPE_API_KEY": "sk_test_bench",
            "STRIPE_API_BASE": sandbox.url,
            "STRIPE_MAX_PER_SECOND": str(limit),
        }
        for number in range(WORKERS):
            stack.enter_context(worker(url, number, rail))
        address = stack.enter_context(web(url, environment=rail))
        client = Client(address, bearer(url, f"rail{limit}"))
        for number in range(1, len(bookings) + 1):
            client.request("POST", f"/api/v1/bookings/RAIL{limit}-{number}/transfers", b"{}")
        rate = _steady_rate(sandbox, seconds)
        totals = _finished(sandbox, len(bookings) * PEOPLE)
    refused = totals["http_429"] + totals["rate_limited"]
    exact = totals["movements"] == len(bookings) * PEOPLE and not totals["paid_more_than_once"]
    return Line(
        what=f"dispatch, {LATENCY_MS} ms latency, {WORKERS} workers, {seconds} s: {refused} answers of 429",
        yardstick=f"the rail's limit, {limit}/s",
        ours=rate,
        theirs=float(limit),
        unit="/s",
        ratio=rate / limit,
        target=at_least(0.95),
        otherwise_good=refused == 0 and exact,
    )


def _steady_rate(sandbox: SandboxProcess, seconds: int) -> float:
    _wait_for(sandbox, 1)
    time.sleep(WARM_UP_SECONDS)
    first, started = sandbox.totals()["movements"], time.perf_counter()
    time.sleep(seconds)
    last, ended = sandbox.totals()["movements"], time.perf_counter()
    return float(last - first) / (ended - started)


def _finished(sandbox: SandboxProcess, movements: int) -> dict[str, int]:
    _wait_for(sandbox, movements)
    time.sleep(1)  # for a movement too many, which would be a defect
    totals: dict[str, int] = sandbox.totals()
    return totals


def _wait_for(sandbox: SandboxProcess, movements: int) -> None:
    deadline = time.monotonic() + 60
    while sandbox.totals()["movements"] < movements:
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited for {movements} movements: {sandbox.totals()}")
        time.sleep(0.1)
