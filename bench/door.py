"""Row 1: one guarded transition in process against `pgbench` running the same statement on the same tables."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from django.db import connection

from bench.databases import add_bookings, add_transfers, settle
from bench.measure import Effort, Line, Pair, Target, at_least, interleaved, stopwatch
from bench.pgbench import Script, recorded_statement
from bench.transition import claim
from guard.door import Won

SIZES = {"full": (7, 1_000), "quick": (3, 200), "smoke": (1, 12)}

PEOPLE = 4


def measure(url: str, effort: Effort) -> list[Line]:
    """Transitions per second over one connection.

    Once more without waiting for the disk, for information: there Python's own share shows.
    """
    rounds, size = SIZES[effort]
    with psycopg.connect(url) as seeding:
        bookings = add_bookings(seeding, "DOOR", 4 * (rounds + 1) * size // PEOPLE, PEOPLE)
        transfers = add_transfers(seeding, bookings)
        seeding.commit()
        settle(seeding)
    portions = iter([transfers[at : at + size] for at in range(0, len(transfers), size)])
    script = Script(recorded_statement(claim))
    durable = _compare(script, url, portions, rounds, "on")
    relaxed = _compare(script, url, portions, rounds, "off")
    what = "guarded transition, in process, one connection"
    yardstick = "pgbench, the same statement, one client"
    return [
        _line(what, yardstick, durable, at_least(0.5)),
        _line(f"{what}, synchronous_commit=off", f"{yardstick}, also off", relaxed, None),
    ]


def _compare(
    script: Script, url: str, portions: Iterator[range], rounds: int, synchronous_commit: str
) -> Pair:
    def ours() -> float:
        ids = next(portions)
        with connection.cursor() as cursor:
            cursor.execute(f"SET synchronous_commit = {synchronous_commit}")
        with stopwatch() as watch:
            won = sum(isinstance(claim(pk), Won) for pk in ids)
        assert won == len(ids)
        return won / watch.seconds

    options = f"-c synchronous_commit={synchronous_commit}"
    pair = interleaved(ours, lambda: script.run(url, next(portions), options), rounds)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
    connection.close()
    return pair


def _line(what: str, yardstick: str, pair: Pair, target: Target | None) -> Line:
    return Line(
        what=what,
        yardstick=yardstick,
        ours=pair.ours,
        theirs=pair.theirs,
        unit="/s",
        ratio=pair.ours / pair.theirs,
        target=target,
        runs=pair.runs,
    )
