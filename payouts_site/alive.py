"""Signs of life for a container's healthcheck: `python -I payouts_site/alive.py web|worker|beat`.

The standard library only, so that a check costs milliseconds and not the start of the product. A worker and a
scheduler touch ALIVE_FILE while they make progress; neither is restarted because a broker or a database is gone.
"""

import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

TIMEOUT_SECONDS = 4
# The scheduler ticks every five seconds at the latest.
BEAT_SECONDS = 30.0


def mark() -> None:
    """Say that this process made progress; nothing without ALIVE_FILE. A full disk is no reason to stop."""
    place = os.environ.get("ALIVE_FILE", "")
    if place:
        try:
            Path(place).touch()
        except OSError:
            return


def web(address: str, host: str) -> bool:
    """Whether /healthz answers there. Asked as if through the proxy in front, so that nothing redirects."""
    request = urllib.request.Request(  # noqa: S310 - this process' own address
        f"{address}/healthz", headers={"Host": host, "X-Forwarded-Proto": "https"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def recently(place: str, seconds: float) -> bool:
    """Whether the file was touched within so many seconds."""
    try:
        return time.time() - Path(place).stat().st_mtime < seconds
    except OSError:
        return False


def patience(environment: "os._Environ[str] | dict[str, str]") -> float:
    """For how long a worker may be silent: one lease of calls to a slow rail, and a few sweeps."""
    lease = float(environment.get("LEASE_SECONDS") or 120)
    sweep = float(environment.get("SWEEP_INTERVAL_SECONDS") or 10)
    return lease + 3 * sweep + BEAT_SECONDS


def main(kind: str) -> int:
    """The exit code: 0 when it lives."""
    if kind == "web":
        hosts = (os.environ.get("ALLOWED_HOSTS") or "localhost").split(",")
        host = hosts[0].strip().lstrip(".").replace("*", "localhost")
        alive = web(f"http://127.0.0.1:{os.environ.get('WEB_PORT') or 8000}", host)
    else:
        seconds = BEAT_SECONDS if kind == "beat" else patience(os.environ)
        alive = recently(os.environ.get("ALIVE_FILE", ""), seconds)
    return 0 if alive else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
