"""Row 2: the guarded transition over HTTP against a naive unguarded view on the same server."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from bench.databases import add_bookings, add_transfers, settle
from bench.load import requests_per_second
from bench.measure import Effort, Line, at_least, interleaved
from bench.servers import bearer, web

SIZES = {"full": (15, 600), "quick": (3, 200), "smoke": (1, 16)}

PEOPLE, CLIENTS = 4, 8
_NAIVE_TABLE = """
    CREATE TABLE bench_naive_transfer (LIKE transfers_transfer INCLUDING ALL);
    INSERT INTO bench_naive_transfer OVERRIDING SYSTEM VALUE
        SELECT * FROM transfers_transfer WHERE id BETWEEN %d AND %d;
"""


def measure(url: str, effort: Effort) -> list[Line]:
    """Requests per second, every request another transfer."""
    rounds, size = SIZES[effort]
    with psycopg.connect(url) as seeding:
        bookings = add_bookings(seeding, "HTTP", (rounds + 1) * size // PEOPLE, PEOPLE)
        transfers = add_transfers(seeding, bookings)
        seeding.execute(_NAIVE_TABLE % (transfers[0], transfers[-1]))
        seeding.commit()
        settle(seeding)
    with web(url) as address:
        credentials = bearer(url)

        def side(kind: str) -> Callable[[], float]:
            portions = iter([transfers[at : at + size] for at in range(0, len(transfers), size)])

            def once() -> float:
                paths = [f"/bench/{kind}/{pk}" for pk in next(portions)]
                return requests_per_second(address, credentials, paths, CLIENTS)

            return once

        pair = interleaved(side("guarded"), side("naive"), rounds)
    return [
        Line(
            what=f"the same over HTTP (bench endpoint), {CLIENTS} clients, 2 web processes",
            yardstick="naive unguarded view: get, set status, save, no audit",
            ours=pair.ours,
            theirs=pair.theirs,
            unit="/s",
            ratio=pair.ours / pair.theirs,
            target=at_least(1.5),
            runs=pair.runs,
        )
    ]
