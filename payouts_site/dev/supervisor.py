"""`./dev up`: PostgreSQL, Valkey, schema, demo data, sandbox, worker, scheduler, web - in this order.

Invariants: at most one supervisor per checkout; a program that dies is reported and started again;
everything stops in the opposite order; when this process is SIGKILLed nothing outlives it for long.
"""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from payouts_site.dev import embedded, service_settings
from payouts_site.dev.places import (
    RUN,
    Busy,
    Home,
    exclusive,
    home,
    make_run_folder,
    write_note,
)
from payouts_site.dev.processes import ManagedProcess, StartFailed
from payouts_site.dev.programs import LOGS, Programs, fetched
from payouts_site.dev.terminal import say, step
from payouts_site.dev.welcome import last_json_object, show_welcome

SERVICES_FILE = RUN / "services.env"
LOCK_FILE = RUN / "lock"
_DEFAULT_PORT = 8000
_DEV_CHANNELS = 4
_POLL_SECONDS = 0.5
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_STABLE_AFTER_SECONDS = 60.0


class StopSignals:
    """Ctrl-C, SIGTERM and SIGHUP: the first one interrupts, a second one means hurry."""

    def __init__(self) -> None:
        self.count = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._received)

    def _received(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count == 1:
            raise KeyboardInterrupt

    def hurry(self) -> bool:
        return self.count > 1


def choose_port(wanted: int | None) -> int:
    """The port for the web server: the wanted one, else 8000, else a free one. Raises StartFailed."""
    port = wanted or _DEFAULT_PORT
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            if wanted:
                message = f"port {wanted} is in use; choose another or leave out --port"
                raise StartFailed("web", message, []) from None
            return embedded.free_port()
    return port


class Supervisor:
    """Starts the product's processes, watches them, and stops them in the opposite order."""

    def __init__(self, home: Home, port: int, stop_signals: StopSignals) -> None:
        self.home = home
        self.port = port
        self.stop_signals = stop_signals
        self.started: list[ManagedProcess] = []
        self.settings: dict[str, str] = {}
        self.restart_at: dict[str, float] = {}
        self.pauses: dict[str, float] = {}

    def start(self) -> dict[str, Any]:
        """Start everything; return what the demo data says about logins. Raises StartFailed."""
        self._start_servers()
        self._decide_settings()
        service_settings.write(SERVICES_FILE, self.settings)
        programs = Programs(self.home, self.port, self.settings)
        with step("database schema"):
            self._run(programs.command("migrate", "manage.py", "migrate", "--noinput"))
        if "SANDBOX_URL" in self.settings:
            self._start(programs.sandbox())
            self._trust_the_sandbox()
        with step("demo data"):
            state = RUN / "demo.json"
            seed = ("manage.py", "seed_demo", "--state", str(state))
            demo = self._run(programs.command("seed_demo", *seed))
        together = [programs.worker(), programs.beat(), programs.web()]
        for program in together:
            self.started.append(program)
            program.spawn()
        for program in together:
            with step(program.name):
                program.wait_until_ready()
        return last_json_object(demo)

    def _trust_the_sandbox(self) -> None:
        """Settings that only the running sandbox knows: Wise's public key, who is who on its Stellar network."""
        self._trust_wise()
        self._join_the_stellar_network()
        service_settings.write(SERVICES_FILE, self.settings)

    def _trust_wise(self) -> None:
        if "SANDBOX_WISE_URL" in self.settings and not os.environ.get("WISE_WEBHOOK_PUBLIC_KEY"):
            key = fetched(f"{self.settings['SANDBOX_URL']}/_sandbox/wise/public-key")
            self.settings["WISE_WEBHOOK_PUBLIC_KEY"] = key.strip().replace("\n", "\\n")

    def _join_the_stellar_network(self) -> None:
        if "SANDBOX_HORIZON_URL" not in self.settings:
            return
        network = json.loads(fetched(f"{self.settings['SANDBOX_URL']}/_sandbox/horizon/network"))
        told = {
            "STELLAR_NETWORK_PASSPHRASE": network["passphrase"],
            "STELLAR_RECEIVING_ACCOUNT": network["accounts"]["receiving"],
            "STELLAR_TREASURY_SECRET": network["treasury_secret"],
            "STELLAR_ASSETS": ",".join(network["assets"]),
            "STELLAR_CHANNELS": str(_DEV_CHANNELS),
            "STELLAR_CHANNEL_SECRETS": ",".join(network["channel_secrets"][:_DEV_CHANNELS]),
        }
        given = {name: os.environ[name] for name in told if os.environ.get(name)}
        self.settings |= {"HORIZON_URL": self.settings["SANDBOX_HORIZON_URL"]} | told | given

    def _start(self, process: ManagedProcess) -> None:
        self.started.append(process)
        with step(process.name):
            process.start()

    def _run(self, process: ManagedProcess) -> list[str]:
        """Run a command to its end; return what it printed. Raises StartFailed."""
        self.started.append(process)
        process.start()
        self.started.remove(process)
        printed = process.log.read_text().splitlines()
        process.log.unlink()  # it may hold passwords
        return printed

    def _start_servers(self) -> None:
        given = ("DATABASE_URL", "REDIS_URL")
        self.settings |= {name: os.environ[name] for name in given if os.environ.get(name)}
        if "DATABASE_URL" not in self.settings:
            with step("PostgreSQL data folder"):
                server = embedded.postgres(self.home, LOGS, {"max_connections": "200"})
            self._start(server.process)
            embedded.ensure_database(server)
            self.settings["DATABASE_URL"] = server.url
        if "REDIS_URL" not in self.settings:
            server = embedded.valkey(self.home, LOGS)
            self._start(server.process)
            self.settings["REDIS_URL"] = server.url

    def _decide_settings(self) -> None:
        self.settings |= service_settings.persistent_secrets(RUN / "secrets.env")
        self.settings |= {
            "DEBUG": "true",
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        }
        if not os.environ.get("STRIPE_API_BASE") and not os.environ.get("STRIPE_API_KEY"):
            sandbox = f"http://127.0.0.1:{embedded.free_port()}"
            self.settings |= {
                "SANDBOX_URL": sandbox,
                "STRIPE_API_BASE": sandbox,
                "STRIPE_API_KEY": "sk_test_sandbox_paidonce",
            }
            if not os.environ.get("WISE_API_BASE") and not os.environ.get("WISE_API_TOKEN"):
                wise = f"http://127.0.0.1:{embedded.free_port()}"
                self.settings |= {
                    "SANDBOX_WISE_URL": wise,
                    "WISE_API_BASE": wise,
                    "WISE_API_TOKEN": "sandbox-paidonce",
                    "WISE_PROFILE_ID": "28891298",
                }
            if not os.environ.get("HORIZON_URL"):
                horizon = f"http://127.0.0.1:{embedded.free_port()}"
                self.settings["SANDBOX_HORIZON_URL"] = horizon
        # What the user's environment says wins, here as in the product's settings.
        given = {name: os.environ[name] for name in self.settings if os.environ.get(name)}
        self.settings |= given

    def watch(self) -> None:
        """Until interrupted: report every program that dies and start it again, ever more slowly."""
        spawned_at = {process.name: time.monotonic() for process in self.started}
        while True:
            time.sleep(_POLL_SECONDS)
            self.attend_to_the_dead(spawned_at)

    def attend_to_the_dead(self, spawned_at: dict[str, float]) -> None:
        """Report what has died since the last look; start again what has waited for its pause."""
        for process in self.started:
            if not process.running():
                self._report_or_restart(process, spawned_at)

    def _report_or_restart(self, process: ManagedProcess, spawned_at: dict[str, float]) -> None:
        now, name = time.monotonic(), process.name
        due = self.restart_at.get(name)
        if due is None:
            lived = now - spawned_at[name]
            before = self.pauses.get(name, 0.0) if lived < _STABLE_AFTER_SECONDS else 0.0
            self.pauses[name] = pause = min(
                max(before * 2, _FIRST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS
            )
            self.restart_at[name] = now + pause
            say(f"{name} ended with code {process.exit_code()}; starting it again in {pause:.0f} s")
            say(f"  the last lines of {process.log}:")
            for line in process.tail():
                say(f"    {line}")
        elif now >= due:
            del self.restart_at[name]
            spawned_at[name] = now
            process.stop()
            process.spawn()
            say(f"{name} started again")

    def stop(self) -> None:
        """Stop what runs, last started first; a second Ctrl-C ends the waiting."""
        for process in reversed(self.started):
            if process.running():
                with step(f"stopping {process.name}"):
                    process.stop(self.stop_signals.hurry)
        SERVICES_FILE.unlink(missing_ok=True)


@contextmanager
def only_supervisor() -> Iterator[int]:
    """Hold this checkout's lock. Raises StartFailed with the running one's address."""
    make_run_folder()
    try:
        with exclusive(LOCK_FILE, "still starting") as lock:
            yield lock
    except Busy as busy:
        message = f"is already running: {busy}. Stop it with Ctrl-C in its terminal."
        raise StartFailed("PaidOnce", message, []) from None


def up(port: int | None) -> int:
    """Run everything until interrupted; returns the exit code."""
    os.umask(0o077)
    stop_signals = StopSignals()
    try:
        with only_supervisor() as lock, home("up") as data:
            say("Starting PaidOnce")
            supervisor = Supervisor(data, choose_port(port), stop_signals)
            try:
                demo = supervisor.start()
                write_note(lock, f"http://127.0.0.1:{supervisor.port}/ (process {os.getpid()})")
                show_welcome(supervisor.settings, demo)
                supervisor.watch()
            finally:
                stop_signals.count = max(stop_signals.count, 1)
                supervisor.stop()
    except KeyboardInterrupt:
        say("Stopped. The data stays in place; ./dev reset removes it.")
        return 0
    except (StartFailed, Busy) as failure:
        say(f"{failure}")
        for line in getattr(failure, "log_tail", []):
            say(f"    {line}")
        return 1
    return 0
