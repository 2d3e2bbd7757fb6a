"""One rate limit per rail, shared by all worker processes, kept in PostgreSQL so that it works without a queue.

A generic cell rate algorithm: each caller reserves the next free moment, one interval after the one before. No burst
is saved up while idle, so that two processes starting together cannot exceed the rail's own bucket.
"""

import math
import time
from typing import Final

from django.conf import settings
from django.db import connection

_RESERVE = """
    INSERT INTO transfers_pace AS pace (rail, next_at)
    VALUES (%(rail)s, clock_timestamp() + make_interval(secs => %(interval)s))
    ON CONFLICT (rail) DO UPDATE
        SET next_at = greatest(pace.next_at, clock_timestamp()) + make_interval(secs => %(interval)s)
    RETURNING extract(epoch FROM next_at - clock_timestamp())::float8 - %(interval)s
"""
_HOLD = """
    INSERT INTO transfers_pace AS pace (rail, next_at, held_until)
    VALUES (%(rail)s, clock_timestamp() + make_interval(secs => %(seconds)s),
        clock_timestamp() + make_interval(secs => %(seconds)s))
    ON CONFLICT (rail) DO UPDATE
        SET next_at = greatest(pace.next_at, excluded.next_at),
            held_until = greatest(pace.held_until, excluded.held_until)
"""
# A second is soon over, and the usual answer to one call too many: nobody needs to stay away for that.
HELD_BACK: Final = "held_until > clock_timestamp() + interval '2 seconds'"


def interval_seconds(rail: str) -> float:
    """Seconds between two calls to `rail` over all workers."""
    limits: dict[str, float] = {
        "stripe": settings.STRIPE_MAX_PER_SECOND,
        "wise": settings.WISE_MAX_PER_SECOND,
        "stellar": settings.STELLAR_MAX_PER_SECOND,
    }
    return 1 / limits[rail]


def held_back_rails() -> list[str]:
    """Rails that asked for no calls for a while: whoever waited for a turn there would wait in vain.

    Work on them stays due and is found again; threads that slept for it would be missing on every other rail.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT rail FROM transfers_pace WHERE {HELD_BACK}")
        return [row[0] for row in cursor.fetchall()]


class TurnTooFar(Exception):
    """The next free moment on the rail is further away than the caller waits; it stays reserved, unused."""

    def __init__(self, rail: str, seconds: float) -> None:
        super().__init__(f"{rail} may be called again in {math.ceil(seconds)} s")
        self.seconds = seconds


def wait_for_turn(rail: str, *, patience_seconds: float | None = None) -> None:
    """Reserve the next call on `rail` and sleep until then. Holds no database connection while it sleeps.

    Raises TurnTooFar instead of sleeping for longer than `patience_seconds`; workers have all the time there is.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, {"rail": rail, "interval": interval_seconds(rail)})
        (seconds,) = cursor.fetchone()
    connection.close()
    if patience_seconds is not None and seconds > patience_seconds:
        raise TurnTooFar(rail, seconds)
    if seconds > 0:
        time.sleep(seconds)


def hold_back(rail: str, seconds: float) -> None:
    """The rail said "too fast": nobody calls it for so long."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, {"rail": rail, "seconds": seconds})
