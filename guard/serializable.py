"""One SERIALIZABLE transaction, tried again when PostgreSQL says that it met another one.

The isolation level makes what was read count as well as what was written: two transactions that each judge by rows
the other adds cannot both commit. The price is that the loser has to run again, a bounded number of times.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog
from django.db import IntegrityError, OperationalError, connection, transaction
from prometheus_client import Counter
from psycopg import IsolationLevel, errors

log = structlog.get_logger(__name__)
_T = TypeVar("_T")

MOST_ATTEMPTS = 12
_FIRST_PAUSE_SECONDS = 0.004
_LONGEST_PAUSE_SECONDS = 0.25
serialization_retries = Counter(
    "paidonce_serialization_retries_total", "Transactions run again after 40001 or 40P01"
)


def in_serializable(work: Callable[[], _T], *, unique: str = "") -> _T:
    """Run `work` in a SERIALIZABLE transaction of its own and commit it; again after 40001 and 40P01.

    `unique`: a constraint whose violation also means that another transaction was faster, so that the next try sees
    its row. `work` must be repeatable: it makes no call and sends no message. Raises RuntimeError inside another
    transaction, and the last database error when every try lost.
    """
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            with _serializable(), transaction.atomic(durable=True):
                return work()
        except (OperationalError, IntegrityError) as error:
            if attempt == MOST_ATTEMPTS or not _met_another(error, unique):
                raise
        serialization_retries.inc()
        # Full jitter: losers of one meeting must not meet again.
        longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt)
        time.sleep(random.uniform(0, longest))  # noqa: S311 - a pause, not a secret
    raise AssertionError("unreachable")


@contextmanager
def _serializable() -> Iterator[None]:
    """The next transaction of this connection is serializable; the level travels in its BEGIN."""
    connection.ensure_connection()
    if connection.in_atomic_block:
        raise RuntimeError("a serializable transaction cannot start inside another one")
    native = connection.connection
    before = native.isolation_level
    native.isolation_level = IsolationLevel.SERIALIZABLE
    try:
        yield
    finally:
        if not native.closed:
            native.isolation_level = before


def _met_another(error: OperationalError | IntegrityError, unique: str) -> bool:
    cause = error.__cause__
    if isinstance(cause, (errors.SerializationFailure, errors.DeadlockDetected)):
        return True
    return (
        bool(unique)
        and isinstance(cause, errors.UniqueViolation)
        and cause.diag.constraint_name == unique
    )
