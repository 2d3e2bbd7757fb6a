"""createBulkTransfers over HTTP: time until its 202 and people per second, for information."""

from __future__ import annotations

import json
import statistics

import psycopg

from bench.databases import add_bookings, settle
from bench.load import Client
from bench.measure import Effort, Line, stopwatch
from bench.servers import bearer, queue_emptied, web

SIZES = {"full": (5, (10, 1_000, 10_000)), "quick": (3, (10, 1_000)), "smoke": (1, (10,))}


def measure(url: str, effort: Effort) -> list[Line]:
    """Median seconds of some calls, each for another booking. The queue is there, workers are not."""
    rounds, crews = SIZES[effort]
    with psycopg.connect(url) as connection:
        for people in crews:
            add_bookings(connection, f"PAY{people}", rounds + 1, people)
        connection.commit()
        settle(connection)
    with queue_emptied(), web(url) as address:
        client = Client(address, bearer(url, "payer"))
        lines = [_line(client, people, rounds) for people in crews]
        client.close()
    return lines


def _line(client: Client, people: int, rounds: int) -> Line:
    runs = [_pay_all(client, f"PAY{people}-{number}", people) for number in range(1, rounds + 2)]
    seconds = statistics.median(runs[1:])
    return Line(
        what=f"createBulkTransfers for {people:,} people, HTTP: time to 202",
        yardstick=f"{people / seconds:,.0f} people a second",
        ours=seconds * 1_000,
        theirs=None,
        unit="ms",
        runs=(tuple(runs[1:]),),
    )


def _pay_all(client: Client, reference: str, people: int) -> float:
    with stopwatch() as watch:
        body = client.request("POST", f"/api/v1/bookings/{reference}/transfers", b"{}")
    outcomes = [row["outcome"] for row in json.loads(body)["results"]]
    assert outcomes == ["enqueued"] * people
    return watch.seconds
