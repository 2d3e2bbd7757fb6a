"""Row 2: guarded changes of a status over HTTP against a naive unguarded view on the same server.

Once the transition of row 1 alone, by an endpoint that only `bench.urls` mounts, and once retryTransfer as the
product serves it: it also looks at the person's present account, the findings and the attempts, wakes the workers
through the queue and shows the attempts, none of which the naive view does.
"""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from bench.databases import add_bookings, add_transfers, fail_transfers, settle
from bench.load import requests_per_second
from bench.measure import Effort, Line, Pair, Target, at_least, interleaved
from bench.servers import bearer, queue_emptied, web

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
        failed = add_transfers(
            seeding, add_bookings(seeding, "FAILED", (rounds + 1) * size // PEOPLE, PEOPLE)
        )
        fail_transfers(seeding, failed)
        seeding.execute(_NAIVE_TABLE % (transfers[0], failed[-1]))
        seeding.commit()
        settle(seeding)
    with queue_emptied(), web(url) as address:
        credentials = bearer(url)

        def side(path: str, ids: range) -> Callable[[], float]:
            portions = iter([ids[at : at + size] for at in range(0, len(ids), size)])

            def once() -> float:
                paths = [path.format(pk) for pk in next(portions)]
                return requests_per_second(address, credentials, paths, CLIENTS)

            return once

        naive = "/bench/naive/{}"
        bare = interleaved(side("/bench/guarded/{}", transfers), side(naive, transfers), rounds)
        whole = interleaved(side("/api/v1/transfers/{}/retry", failed), side(naive, failed), rounds)
    _assert_moved(url, transfers, "processing", "")
    _assert_moved(url, failed, "pending", "retry")
    return [
        _line("the same over HTTP (bench endpoint)", bare, at_least(1.5)),
        _line("for information: retryTransfer over HTTP (product endpoint)", whole, None),
    ]


def _line(what: str, pair: Pair, target: Target | None) -> Line:
    return Line(
        what=f"{what}, {CLIENTS} clients, 2 web processes",
        yardstick="naive unguarded view: get, set status, save, no audit",
        ours=pair.ours,
        theirs=pair.theirs,
        unit="/s",
        ratio=pair.ours / pair.theirs,
        target=target,
        runs=pair.runs,
    )


def _assert_moved(url: str, ids: range, status: str, reason: str) -> None:
    """Every one of ours has moved and has its audit entry; every one of the yardstick's has been saved."""
    with psycopg.connect(url) as connection:
        facts = connection.execute(
            """
            SELECT (SELECT count(*) FROM transfers_transfer WHERE id BETWEEN %(a)s AND %(z)s AND status = %(to)s),
                (SELECT count(*) FROM audit_entry JOIN transfers_transfer one ON subject = 'transfer:' || one.id
                    WHERE one.id BETWEEN %(a)s AND %(z)s AND action = 'transfer.' || %(to)s
                    AND reason = %(reason)s AND prior_status <> ''),
                (SELECT count(*) FROM bench_naive_transfer WHERE id BETWEEN %(a)s AND %(z)s
                    AND status = 'processing' AND updated_at > created_at)
            """,
            {"a": ids[0], "z": ids[-1], "to": status, "reason": reason},
        ).fetchone()
    assert facts == (len(ids), len(ids), len(ids)), facts
