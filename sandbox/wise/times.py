"""The formats in which Wise writes a moment. All are UTC; a client has to read each of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def zulu(ms: int) -> str:
    """`2026-07-31T09:14:10Z`: quotes, webhooks of version 2."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ms // 1000))


def zulu_ms(ms: int) -> str:
    """`2026-07-31T09:14:10.123Z`: webhooks of version 4."""
    return time.strftime(f"%Y-%m-%dT%H:%M:%S.{ms % 1000:03d}Z", time.gmtime(ms // 1000))


def plain(ms: int) -> str:
    """`2026-07-31 09:14:10`: a transfer's `created`."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(ms // 1000))


def offset(ms: int) -> str:
    """`2026-07-31T09:14:10+0000`: payments, rates, errors."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(ms // 1000))


def parse(text: str, *, end: bool = False) -> int:
    """Milliseconds of a date or time; a bare date is its first or last moment. ValueError."""
    moment = datetime.fromisoformat(text.strip())
    if len(text.strip()) == 10 and end:
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_000)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
