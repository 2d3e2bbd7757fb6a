"""When a delivery is tried again: about three days, then it is given up until somebody resends it."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_MINUTE, _HOUR = 60, 3_600
# Standard Webhooks 1.0's own example, with the first retry at once.
DELAYS: Final = (
    5,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
JITTER: Final = 0.1  # so that what failed together does not come back together
MOST_RETRY_AFTER: Final = 24 * _HOUR


def next_delay(step: int, retry_after: str, *, now: datetime) -> float | None:
    """Seconds until the try after number `step` (from 0) failed; None when the schedule is over.

    An endpoint's Retry-After makes it later, by a day at most, and never sooner.
    """
    if step >= len(DELAYS):
        return None
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
    asked = min(_asked(retry_after, now), MOST_RETRY_AFTER)
    return max(DELAYS[step] * spread, asked)


def _asked(retry_after: str, now: datetime) -> float:
    """Seconds that the header asks for, as a number or a date; 0 for anything else."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now.timestamp()
