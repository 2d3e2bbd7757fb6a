"""One supervised process: started in its own group with a log file, awaited, stopped, reported."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from payouts_site.dev.lifetime import die_with_parent

_FIRST_POLL_SECONDS = 0.02
_LONGEST_POLL_SECONDS = 0.5
_RESPAWN_PAUSE_SECONDS = 0.3
_LOG_ROTATE_BYTES = 10_000_000


class StartFailed(Exception):
    """A process did not become ready; `log_tail` holds the last lines that it wrote."""

    def __init__(self, name: str, reason: str, log_tail: Sequence[str]) -> None:
        super().__init__(f"{name} {reason}")
        self.log_tail = list(log_tail)


@dataclass(frozen=True)
class Account:
    """The operating-system user that a server runs as."""

    uid: int
    gid: int


@dataclass
class ManagedProcess:
    """A program, how to tell that it is ready, and the signals that end it.

    `inherit` are file descriptors kept open in the program and all it starts: a lock held through
    them is free again only when the last of these processes is gone.
    """

    name: str
    command: Sequence[str]
    log: Path
    ready: Callable[[], bool]
    environment: Mapping[str, str] | None = None
    account: Account | None = None
    inherit: tuple[int, ...] = ()
    ready_timeout: float = 60.0
    # A server whose predecessor is still leaving its data folder refuses at first.
    respawn_while_starting: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    second_signal: signal.Signals = signal.SIGKILL
    stop_timeout: float = 15.0
    death_signal: signal.Signals = signal.SIGTERM
    cwd: Path | None = None
    popen: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _log_start: int = field(default=0, init=False)

    def spawn(self) -> None:
        """Start the program without waiting for it. Call from the main thread only."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_ROTATE_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        parent, death_signal = os.getpid(), self.death_signal
        account = self.account
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self.popen = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                env=None if self.environment is None else dict(self.environment),
                pass_fds=self.inherit,
                process_group=0,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                # After the change of user, which would clear the death signal.
                preexec_fn=lambda: die_with_parent(death_signal, parent),  # noqa: PLW1509 - no threads
            )

    def start(self) -> float:
        """Spawn and wait until ready; return the seconds taken. Raises StartFailed."""
        began = time.monotonic()
        self.spawn()
        self.wait_until_ready()
        return time.monotonic() - began

    def wait_until_ready(self) -> None:
        """Wait for `ready`. Raises StartFailed when it exits or takes longer than its timeout."""
        deadline, pause = time.monotonic() + self.ready_timeout, _FIRST_POLL_SECONDS
        while not self.ready():
            code = self.exit_code()
            if time.monotonic() > deadline:
                raise StartFailed(
                    self.name, f"was not ready in {self.ready_timeout:.0f} s", self.tail()
                )
            if code is not None and not self.respawn_while_starting:
                raise StartFailed(
                    self.name, f"ended with code {code} before it was ready", self.tail()
                )
            if code is not None:
                time.sleep(_RESPAWN_PAUSE_SECONDS)
                self.spawn()
            time.sleep(pause)
            pause = min(pause * 1.2, _LONGEST_POLL_SECONDS)

    def exit_code(self) -> int | None:
        """None while it runs (or was never started), otherwise its exit code."""
        return None if self.popen is None else self.popen.poll()

    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.popen is not None and self.popen.poll() is None

    def stop(self, hurry: Callable[[], bool] = lambda: False) -> None:
        """End it: stop signal, then the second one, then SIGKILL to its whole group.

        `hurry` is asked all the time; as soon as it says yes nothing is waited for.
        """
        if self.popen is None:
            return
        for sent, patience in (
            (self.stop_signal, self.stop_timeout),
            (self.second_signal, 5.0),
            (signal.SIGKILL, 5.0),
        ):
            if self.popen.poll() is not None:
                break
            self.popen.send_signal(sent)
            self._wait(patience, hurry)
        self._kill_rest_of_group()

    def _wait(self, patience: float, hurry: Callable[[], bool]) -> None:
        assert self.popen is not None
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and not hurry():
            try:
                self.popen.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
            return

    def _kill_rest_of_group(self) -> None:
        assert self.popen is not None
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def tail(self, lines: int = 20) -> list[str]:
        """The last lines that it wrote since it was spawned."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - 16_384))
                text = log.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return []
        return text.splitlines()[-lines:]
