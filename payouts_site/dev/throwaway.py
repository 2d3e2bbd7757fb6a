"""Services for one run of the tests or benchmarks: fresh, unshared, gone afterwards.

The environment says nothing else than what is listed here about rails: no test can reach a real one.
"""

import os
import secrets
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from payouts_site.dev import embedded
from payouts_site.dev.lifetime import die_with_parent
from payouts_site.dev.places import ROOT, RUN, Home, throwaway_home

_RAIL_PREFIXES = ("STRIPE_", "WISE_", "STELLAR_", "HORIZON_", "SANDBOX_")
_CHILD_PATIENCE_SECONDS = 30.0
LOGS = RUN / "logs" / "test"


def without_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY in both spellings, with this machine added to what is there."""
    known = environment.get("NO_PROXY") or environment.get("no_proxy")
    value = ",".join(filter(None, (known, "127.0.0.1,localhost")))
    return {"NO_PROXY": value, "no_proxy": value}


@contextmanager
def throwaway_services(settings: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield a whole environment with servers of its own behind DATABASE_URL and REDIS_URL.

    Where the caller's environment already names one, that one is used. `settings` are PostgreSQL's.
    """
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(_RAIL_PREFIXES)
    }
    environment |= without_proxy(environment) | {
        "DJANGO_SETTINGS_MODULE": "payouts_site.settings",
        # What a running `./dev up` wrote must not reach the tests.
        "PAIDONCE_SERVICES_FILE": os.devnull,
        "SECRET_KEY": secrets.token_urlsafe(32),
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1],testserver",
        "DEBUG": "false",
        # Tests about it switch it on.
        "REQUIRE_SECOND_FACTOR": "false",
    }
    with ExitStack() as stack:
        if not (environment.get("DATABASE_URL") and environment.get("REDIS_URL")):
            home = stack.enter_context(throwaway_home())
            environment |= _start(home, environment, settings, stack)
        yield environment


def _start(
    home: Home, environment: Mapping[str, str], settings: Mapping[str, str], stack: ExitStack
) -> dict[str, str]:
    urls = {}
    if not environment.get("DATABASE_URL"):
        server = embedded.postgres(home, LOGS, settings)
        stack.callback(server.process.stop)
        server.process.start()
        embedded.ensure_database(server)
        urls["DATABASE_URL"] = server.url
    if not environment.get("REDIS_URL"):
        server = embedded.valkey(home, LOGS)
        stack.callback(server.process.stop)
        server.process.start()
        urls["REDIS_URL"] = server.url
    return urls


def run_in_foreground(
    command: Sequence[str], environment: Mapping[str, str], cwd: Path = ROOT
) -> int:
    """Run a program on this terminal and return its exit code; it dies with us.

    Ctrl-C reaches it directly, as it is in our group, and SIGTERM is passed on; then it has half a
    minute to say what it has to say. The caller's cleanup runs in both cases.
    """
    parent = os.getpid()
    child = subprocess.Popen(
        list(command),
        env=dict(environment),
        cwd=cwd,
        preexec_fn=lambda: die_with_parent(signal.SIGTERM, parent),  # noqa: PLW1509 - no threads
    )

    def pass_on(number: int, frame: FrameType | None) -> None:
        child.send_signal(signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        code = _wait(child)
    finally:
        signal.signal(signal.SIGTERM, before)
    return code if code >= 0 else 128 - code


def _wait(child: subprocess.Popen[bytes]) -> int:
    try:
        return child.wait()
    except KeyboardInterrupt:
        try:
            return child.wait(timeout=_CHILD_PATIENCE_SECONDS)
        except (KeyboardInterrupt, subprocess.TimeoutExpired):
            child.kill()
            return child.wait()
