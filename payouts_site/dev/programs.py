"""How each program of the product is run under supervision, and how it shows that it is ready."""

import os
import signal
import sys
import urllib.request
from typing import Any

from payouts_site.dev.places import ROOT, RUN, Home
from payouts_site.dev.processes import ManagedProcess
from payouts_site.dev.throwaway import without_proxy

LOGS = RUN / "logs"
_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetched(url: str) -> str:
    """What a GET of `url` answers, without any proxy. Raises OSError."""
    with _WITHOUT_PROXY.open(url, timeout=5) as answer:
        text: str = answer.read().decode()
    return text


def answers(url: str) -> bool:
    """Whether a GET of `url` is answered with success, without any proxy."""
    try:
        with _WITHOUT_PROXY.open(url, timeout=5) as answer:
            return bool(200 <= answer.status < 300)
    except (OSError, ValueError):
        return False


class Programs:
    """Makes the processes of one run, all with the same `settings` in their environment."""

    def __init__(self, home: Home, port: int, settings: dict[str, str]) -> None:
        self.home = home
        self.port = port
        self.settings = settings

    def _environment(self) -> dict[str, str]:
        environment = os.environ | self.settings | without_proxy(os.environ)
        return environment | {
            "DJANGO_SETTINGS_MODULE": "payouts_site.settings",
            "PYTHONUNBUFFERED": "1",
        }

    def _program(self, name: str, *arguments: str, **options: Any) -> ManagedProcess:
        return ManagedProcess(
            name=name,
            command=[sys.executable, "-m", "payouts_site.dev.child", *arguments],
            log=LOGS / f"{name}.log",
            environment=self._environment() | options.pop("environment", {}),
            inherit=(self.home.lock,),
            cwd=ROOT,
            **options,
        )

    def command(self, name: str, *arguments: str) -> ManagedProcess:
        """A program that is ready when it has ended well; its log is fresh."""
        log = LOGS / f"{name}.log"
        log.unlink(missing_ok=True)

        def ended_well() -> bool:
            return process.exit_code() == 0

        process: ManagedProcess = self._program(
            name, *arguments, ready=ended_well, ready_timeout=300.0
        )
        return process

    def sandbox(self) -> ManagedProcess:
        """The rails' stand-in, with books of its own that survive a restart."""
        url = self.settings["SANDBOX_URL"]
        folder = RUN / "sandbox"
        folder.mkdir(exist_ok=True)
        hook = {
            f"{rail.upper()}_WEBHOOK_URL": f"http://127.0.0.1:{self.port}/webhooks/{rail}"
            for rail in ("stripe", "wise")
        }
        port = url.rpartition(":")[2]
        more_ports: list[str] = []
        for rail in ("wise", "horizon"):
            if own := self.settings.get(f"SANDBOX_{rail.upper()}_URL"):
                more_ports += [f"--{rail}-port", own.rpartition(":")[2]]
        return self._program(
            "sandbox",
            *("sandbox", "--port", port, "--data-dir", str(folder), *more_ports),
            ready=lambda: answers(f"{url}/healthz"),
            environment=hook,
        )

    def worker(self) -> ManagedProcess:
        """Celery's worker. Its warm shutdown lets the tasks in hand finish."""
        options = ("--loglevel", "INFO", "--without-mingle", "--without-gossip")
        return self._celery("worker", *options)

    def beat(self) -> ManagedProcess:
        """Celery's scheduler."""
        return self._celery("beat", "--loglevel", "INFO", "--pidfile=")

    def _celery(self, name: str, *options: str) -> ManagedProcess:
        ready_file = RUN / f"{name}.ready"
        ready_file.unlink(missing_ok=True)
        return self._program(
            name,
            *("celery", "-A", "payouts_site", name, *options),
            ready=ready_file.exists,
            environment={"PAIDONCE_READY_FILE": str(ready_file)},
            stop_timeout=45.0,
            second_signal=signal.SIGQUIT,
        )

    def web(self) -> ManagedProcess:
        """The web server."""
        url = f"http://127.0.0.1:{self.port}"
        return self._program(
            "web",
            *("gunicorn", "-c", "python:payouts_site.gunicorn"),
            *("--bind", f"127.0.0.1:{self.port}", "payouts_site.wsgi:application"),
            ready=lambda: answers(f"{url}/healthz"),
        )
