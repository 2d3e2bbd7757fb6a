"""Each configured rail's clock, from the Date of any answer: signatures and keys have an age."""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2
from django.conf import settings

from payouts_site.doctor.line import Check, Line, ok, warn

_TIMEOUT_SECONDS: Final = 3.0
# Stripe refuses signatures that are five minutes off; a Date has whole seconds.
_SKEW_SECONDS: Final = 30.0


def _clocks() -> Iterator[Line]:
    rails = {
        "Stripe": settings.STRIPE_API_BASE if settings.STRIPE_API_KEY else "",
        "Wise": settings.WISE_API_BASE if settings.WISE_API_TOKEN else "",
        "Horizon": settings.HORIZON_URL,
    }
    for name, base in rails.items():
        if base:
            yield _clock(name, base)


def _clock(name: str, base: str) -> Line:
    try:
        # Without credentials: whatever it answers, it answers with a date.
        answer = httpx2.head(base, timeout=_TIMEOUT_SECONDS, follow_redirects=False)
    except httpx2.HTTPError as error:
        todo = "look at the rail's status page; docs/runbooks/rail-down.md"
        return warn(f"{name} reachable", f"no: {type(error).__name__}", todo)
    try:
        there = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return ok(f"{name} reachable", "yes; it tells no time")
    skew = abs(there - time.time())
    if skew <= _SKEW_SECONDS:
        return ok(f"{name} clock", f"{skew:.0f} s from ours")
    return warn(f"{name} clock", f"{skew:.0f} s from ours", "run a time service (chrony) here")


CHECKS: Final[tuple[Check, ...]] = (_clocks,)
