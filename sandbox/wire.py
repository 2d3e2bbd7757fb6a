"""What the network makes of an answer: late, lost, torn, or replaced by a proxy's page."""

from __future__ import annotations

import asyncio

from sandbox.faults import Strike
from sandbox.server import Response, Wire

BAD_GATEWAY = (
    b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1>"
    b"</center><hr><center>nginx</center></body></html>"
)


def bad_gateway() -> Response:
    """What a proxy in front of a rail says: none of the rail's headers, no JSON."""
    return Response(502, BAD_GATEWAY, {"Server": "nginx"}, "text/html")


async def wait(strike: Strike, default_ms: int) -> None:
    """Hold a request up if that is what the fault does."""
    if strike.name in ("slow", "slow_commit"):
        await asyncio.sleep(int(strike.params.get("ms", default_ms)) / 1000)


async def send(response: Response, strike: Strike | None, slow_ms: int) -> Response:
    """The answer after a fault of the phase `answer`."""
    if strike is None:
        return response
    await wait(strike, slow_ms)
    if strike.name in ("lost_answer", "silent"):
        response.wire = Wire.DROPPED
    elif strike.name == "truncated":
        response.wire = Wire.TRUNCATED
    elif strike.name == "html_502_after":
        return bad_gateway()
    return response
