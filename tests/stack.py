"""The real product in real processes, on the database of the running test: web, workers, queue, sandbox.

Everything ends with `stop()`, and with the test run itself, also when that is killed. Start it from the main thread
and within a transactional test: the other processes see only what is committed.
"""

import os
import shutil
import signal
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

from django.db import connection
from redis import Redis

from payouts_site.dev import embedded
from payouts_site.dev.places import throwaway_home
from payouts_site.dev.processes import ManagedProcess
from payouts_site.dev.throwaway import without_proxy
from tests.sandbox_process import NO_PROXY, ROOT, SandboxProcess

WEBHOOK_SECRET = "whsec_stack"
# Timers so short that a test need not wait. A lease is at least twice the rail's timeout.
SHORT_TIMERS = {
    "SWEEP_INTERVAL_SECONDS": "1",
    "LEASE_SECONDS": "4",
    "RAIL_TIMEOUT_SECONDS": "1.5",
    "PROBE_DELAYS_SECONDS": "0.5,0.5,1",
    "STRIPE_MAX_PER_SECOND": "1000",
}
# A row may be stuck for one sweep and one lease; the rest is this machine's slowness, not the product's.
SWEEP_PLUS_LEASE_SECONDS = 5.0

Queue = Literal["valkey", "absent", "black_hole"]


class BlackHole:
    """A port that takes connections and never says a word."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        # Nobody accepts: the kernel completes the handshakes, and then nothing comes.
        self._socket.listen(256)
        self.url = f"redis://127.0.0.1:{self._socket.getsockname()[1]}/0"

    def close(self) -> None:
        self._socket.close()


class Stack:
    """`with Stack(workers=2) as stack:` - or the fixture `stack`, which has one worker.

    `queue`: a Valkey of its own, a port where nobody listens, or one where nobody answers. `environment` overrides
    settings of web and workers.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        web: bool = True,
        queue: Queue = "valkey",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._wanted_workers = workers
        self._wants_web = web
        self._queue = queue
        self._overrides = dict(environment or {})
        self._held = ExitStack()
        self._port = embedded.free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="stack-"))
        self.web_url = f"http://127.0.0.1:{self._port}"
        self.queue_url = ""
        self.sandbox = SandboxProcess(
            webhook_url=f"{self.web_url}/webhooks/stripe", webhook_secret=WEBHOOK_SECRET
        )
        self.web: ManagedProcess | None = None
        self.workers: list[ManagedProcess] = []
        self._started_workers = 0
        self._queue_server: ManagedProcess | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Start sandbox, queue, web and workers, and wait until each is ready. Raises StartFailed, SandboxError."""
        self._held.callback(shutil.rmtree, self.folder, ignore_errors=True)
        try:
            self.sandbox.start()
            self._held.callback(self.sandbox.close)
            self.queue_url = self._start_queue()
            if self._wants_web:
                self._start_web()
            for _ in range(self._wanted_workers):
                self.start_worker(wait=False)
            for worker in self.workers:
                worker.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End everything; twice does no harm."""
        for process in self.workers:
            process.stop_timeout = 8.0
            process.stop()
        self.workers.clear()
        self._held.close()

    def start_worker(
        self, *, wait: bool = True, environment: Mapping[str, str] | None = None
    ) -> ManagedProcess:
        """One more Celery worker. With a queue that does not answer, "ready" is only that it was started."""
        self._started_workers += 1
        name = f"worker-{self._started_workers}"
        ready_file = self.folder / f"{name}.ready"
        worker = self._program(
            name,
            *("celery", "-A", "payouts_site", "worker", "--loglevel", "INFO"),
            *("--without-mingle", "--without-gossip", "--hostname", f"{name}@%h"),
            ready=ready_file.exists if self._queue == "valkey" else lambda: True,
            environment={**(environment or {}), "PAIDONCE_READY_FILE": str(ready_file)},
        )
        worker.spawn()
        self.workers.append(worker)
        if wait:
            worker.wait_until_ready()
        return worker

    def start_beat(self, *, environment: Mapping[str, str] | None = None) -> ManagedProcess:
        """The scheduler, as in production; it ends with the stack."""
        ready_file = self.folder / "beat.ready"
        beat = self._program(
            "beat",
            *("celery", "-A", "payouts_site", "beat", "--loglevel", "INFO", "--pidfile="),
            ready=ready_file.exists,
            environment={**(environment or {}), "PAIDONCE_READY_FILE": str(ready_file)},
        )
        self._held.callback(beat.stop)
        beat.start()
        return beat

    def kill_worker(self, number: signal.Signals = signal.SIGKILL, *, index: int = 0) -> None:
        """Send a signal to a worker's process and wait for its end; SIGKILL leaves it no last word."""
        worker = self.workers.pop(index)
        assert worker.popen is not None
        worker.popen.send_signal(number)
        worker.popen.wait(timeout=15)
        worker.stop()

    def log(self, name: str = "worker-1") -> str:
        """What `web`, `worker-1`, ... wrote so far."""
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def log_tail(self, characters: int = 3_000) -> str:
        """The end of what the newest worker wrote, to explain a failure."""
        return self.log(f"worker-{self._started_workers}")[-characters:]

    def empty_queue(self) -> None:
        """FLUSHALL on the stack's own Valkey."""
        with Redis.from_url(self.queue_url) as queue:
            queue.flushall()

    def lose_queue(self) -> None:
        """The stack's own Valkey is gone, with all that was in it."""
        assert self._queue_server is not None
        self._queue_server.stop()

    def _start_queue(self) -> str:
        if self._queue == "absent":
            return f"redis://127.0.0.1:{embedded.free_port()}/0"
        if self._queue == "black_hole":
            hole = BlackHole()
            self._held.callback(hole.close)
            return hole.url
        server = embedded.valkey(self._held.enter_context(throwaway_home()), self.folder)
        self._queue_server = server.process
        self._held.callback(server.process.stop)
        server.process.start()
        return server.url

    def _start_web(self) -> None:
        self.web = self._program(
            "web",
            *("gunicorn", "-c", "python:payouts_site.gunicorn"),
            *("--bind", f"127.0.0.1:{self._port}", "payouts_site.wsgi:application"),
            ready=lambda: _speaks_http(self.web_url),
        )
        self._held.callback(self.web.stop)
        self.web.start()

    def _program(
        self,
        name: str,
        *arguments: str,
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
    ) -> ManagedProcess:
        return ManagedProcess(
            name=name,
            command=[sys.executable, "-m", "payouts_site.dev.child", *arguments],
            log=self.folder / f"{name}.log",
            ready=ready,
            environment=self.environment() | dict(environment or {}),
            cwd=ROOT,
        )

    def environment(self) -> dict[str, str]:
        """What web and workers run with; a `manage.py` of a test may use it as well."""
        rails = ("STRIPE_", "WISE_", "STELLAR_", "HORIZON_")
        mine = {name: value for name, value in os.environ.items() if not name.startswith(rails)}
        return (
            mine
            | without_proxy(os.environ)
            | {
                "DJANGO_SETTINGS_MODULE": "payouts_site.settings",
                "PAIDONCE_SERVICES_FILE": os.devnull,
                "PYTHONUNBUFFERED": "1",
                "SECRET_KEY": "a-secret-of-the-tests",
                "DEBUG": "false",
                "ALLOWED_HOSTS": "127.0.0.1,localhost",
                "PUBLIC_URL": self.web_url,
                "DATABASE_URL": database_url(),
                "DATABASE_POOL_SIZE": "12",
                "REDIS_URL": self.queue_url,
                "WEB_PROCESSES": "2",
                "WORKER_THREADS": "8",
                "STRIPE_API_KEY": "sk_test_stack",
                "STRIPE_API_BASE": self.sandbox.url,
                "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            }
            | SHORT_TIMERS
            | self._overrides
        )


def database_url() -> str:
    """The database of the running test, for another process."""
    to = connection.settings_dict
    user, password = quote(str(to["USER"])), quote(str(to["PASSWORD"] or ""), safe="")
    return f"postgres://{user}:{password}@{to['HOST']}:{to['PORT']}/{quote(str(to['NAME']))}"


def wait_until(what: Callable[[], bool], *, seconds: float = 15.0, why: str = "") -> float:
    """Ask until it is true; how many seconds that took. Fails the test with `why` when it never is."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, why or f"not so within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began


def _speaks_http(url: str) -> bool:
    try:
        NO_PROXY.open(urllib.request.Request(f"{url}/healthz"), timeout=5).close()
    except urllib.error.HTTPError as error:
        error.close()
        return error.code < 500
    except OSError:
        return False
    return True
