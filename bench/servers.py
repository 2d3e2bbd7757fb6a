"""The product's own programs as the benchmarks start them: gunicorn, Celery workers; always stopped again."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path

from celery import current_app
from django.conf import settings
from redis import Redis

from bench.databases import ROOT
from payouts_site.dev.embedded import free_port
from payouts_site.dev.processes import ManagedProcess

PASSWORD = secrets.token_urlsafe(16)
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
def web(
    url: str, processes: int = 2, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """The address of a gunicorn of so many processes on the database `url`."""
    address = f"http://127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory(prefix="bench-web-") as folder:
        gunicorn = ManagedProcess(
            name="gunicorn",
            command=[
                *(sys.executable, "-m", "gunicorn", "-c", "python:payouts_site.gunicorn"),
                # Processes are not replaced in the middle of a run.
                *("--bind", address.removeprefix("http://"), "--max-requests", "0"),
                "payouts_site.wsgi:application",
            ],
            log=Path(folder) / "web.log",
            ready=lambda: responds(address),
            # A limit that counts every call and that no quick machine reaches.
            environment=_environment(
                url,
                {
                    "WEB_PROCESSES": str(processes),
                    "API_MAX_PER_MINUTE": "100000000",
                    **(environment or {}),
                },
            ),
            cwd=ROOT,
        )
        with running(gunicorn):
            yield address


@contextmanager
def worker(url: str, number: int, environment: Mapping[str, str]) -> Iterator[None]:
    """One Celery worker process, with the options of `./dev up`."""
    with tempfile.TemporaryDirectory(prefix="bench-worker-") as folder:
        ready = Path(folder) / "ready"
        celery = ManagedProcess(
            name=f"worker {number}",
            command=[
                *(sys.executable, "-m", "payouts_site.dev.child", "celery", "-A", "payouts_site"),
                *("worker", "--loglevel", "WARNING", "--without-mingle", "--without-gossip"),
                *("--hostname", f"bench{number}@%h"),
            ],
            log=Path(folder) / "worker.log",
            ready=ready.exists,
            environment=_environment(url, {"PAIDONCE_READY_FILE": str(ready), **environment}),
            stop_timeout=30.0,
            second_signal=signal.SIGQUIT,
            cwd=ROOT,
        )
        with running(celery):
            yield


@contextmanager
def queue_emptied() -> Iterator[None]:
    """No message of anybody else before, none left behind."""
    queue = Redis.from_url(settings.REDIS_URL)
    name = current_app.conf.task_default_queue
    queue.delete(name)
    try:
        yield
    finally:
        queue.delete(name)


def responds(address: str) -> bool:
    """Whether a request reaches a web process, whatever it answers."""
    try:
        _WITHOUT_PROXY.open(f"{address}/healthz", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def bearer(url: str, username: str = "bench") -> str:
    """The Authorization line of a new super_admin's token on the database `url`; the password is PASSWORD."""
    environment = _environment(url, {"BENCH_PASSWORD": PASSWORD})
    create = ["create_operator", username, "--role", "super_admin"]
    _manage(environment, *create, "--password-env", "BENCH_PASSWORD")
    return f"Authorization: Bearer {_manage(environment, 'create_api_token', username).split()[-1]}"


def _manage(environment: Mapping[str, str], *arguments: str) -> str:
    return subprocess.check_output(
        [sys.executable, "manage.py", *arguments], env=environment, cwd=ROOT, text=True
    )


def console_session(address: str, username: str = "bench") -> str:
    """The Cookie line of a person who logged in to the console as a browser does."""
    jar = CookieJar()
    browser = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar)
    )
    login = f"{address}/admin/login/"
    browser.open(login, timeout=60).close()
    csrf = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    form = {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": csrf or ""}
    browser.open(login, urllib.parse.urlencode(form).encode(), timeout=60).close()
    session = next(cookie.value for cookie in jar if cookie.name == "sessionid")
    return f"Cookie: sessionid={session}"


def _environment(url: str, more: Mapping[str, str]) -> dict[str, str]:
    own = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bench.settings"}
    return {**os.environ, **own, **more}
