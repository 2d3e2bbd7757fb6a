"""The product's own programs as the benchmarks start them: gunicorn, Celery workers; always stopped again."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.databases import ROOT
from payouts_site.dev.embedded import free_port
from payouts_site.dev.processes import ManagedProcess

_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def running(process: ManagedProcess) -> Iterator[None]:
    """Started and ready inside of the block."""
    process.start()
    try:
        yield
    finally:
        process.stop()


@contextmanager
def web(url: str, *, processes: int = 2, **environment: str) -> Iterator[str]:
    """The address of a gunicorn of so many processes on the database `url`."""
    address = f"http://127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory(prefix="bench-web-") as folder:
        gunicorn = ManagedProcess(
            name="gunicorn",
            command=[
                *(sys.executable, "-m", "gunicorn", "-c", "python:payouts_site.gunicorn"),
                *("--bind", address.removeprefix("http://"), "payouts_site.wsgi:application"),
            ],
            log=Path(folder) / "web.log",
            ready=lambda: responds(address),
            environment=_environment(url, {"WEB_PROCESSES": str(processes), **environment}),
            cwd=ROOT,
        )
        with running(gunicorn):
            yield address


def responds(address: str) -> bool:
    """Whether a request reaches a web process, whatever it answers."""
    try:
        _WITHOUT_PROXY.open(f"{address}/healthz", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def token_for(url: str, username: str = "bench") -> str:
    """A bearer token of a super_admin on the database `url`."""
    manage = [sys.executable, "manage.py"]
    environment = _environment(url, {"BENCH_PASSWORD": "bench-only-password"})
    create = ["create_operator", username, "--role", "super_admin"]
    subprocess.run(
        [*manage, *create, "--password-env", "BENCH_PASSWORD"],
        env=environment,
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    said = subprocess.check_output(
        [*manage, "create_api_token", username], env=environment, cwd=ROOT, text=True
    )
    return said.split()[-1]


def _environment(url: str, more: Mapping[str, str]) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bench.settings"} | more
