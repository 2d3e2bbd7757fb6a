"""However a supervisor ends, what it started is gone soon after: proven on real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from payouts_site.dev.places import ROOT, exclusive, holder_of
from payouts_site.dev.processes import ManagedProcess, StartFailed

# A program that forks one child, as gunicorn and Celery do, and then waits for ever.
FORKING = """
import os, signal, sys, time
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
pid = os.fork()
if pid == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)
with open(sys.argv[1], "w") as file:
    file.write(f"{os.getpid()} {pid}")
os.rename(sys.argv[1], sys.argv[1] + ".ready")
while True:
    time.sleep(60)
"""
SUPERVISOR = """
import sys, time
from pathlib import Path
from payouts_site.dev.places import exclusive
from payouts_site.dev.processes import ManagedProcess
folder = Path(sys.argv[1])
with exclusive(folder / "lock") as lock:
    process = ManagedProcess(
        name="forking",
        command=[sys.executable, "-m", "payouts_site.dev.child", str(folder / "forking.py"),
                 str(folder / "pids"), sys.argv[2]],
        log=folder / "log", ready=(folder / "pids.ready").exists, inherit=(lock,),
    )
    process.start()
    (folder / "started").touch()
    time.sleep(60)
"""


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "forking.py").write_text(FORKING)
    (tmp_path / "supervisor.py").write_text(SUPERVISOR)
    yield tmp_path
    if (tmp_path / "pids.ready").exists():
        for pid in (tmp_path / "pids.ready").read_text().split():
            if is_alive(int(pid)):
                os.kill(int(pid), signal.SIGKILL)


def started_family(folder: Path, manners: str) -> tuple["subprocess.Popen[bytes]", int, int]:
    supervisor = subprocess.Popen(
        [sys.executable, str(folder / "supervisor.py"), str(folder), manners],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    wait_until((folder / "started").exists, 30)
    child, grandchild = map(int, (folder / "pids.ready").read_text().split())
    assert is_alive(child)
    assert is_alive(grandchild)
    return supervisor, child, grandchild


def test_a_killed_supervisor_leaves_no_child_and_no_grandchild(folder: Path) -> None:
    supervisor, child, grandchild = started_family(folder, "polite")
    supervisor.kill()
    supervisor.wait()
    wait_until(lambda: not is_alive(child) and not is_alive(grandchild), 5)
    # The inherited lock says the same without knowing a single process id.
    assert holder_of(folder / "lock") is None


def test_a_child_that_ignores_sigterm_is_killed_after_its_grace(folder: Path) -> None:
    supervisor, child, grandchild = started_family(folder, "stubborn")
    supervisor.kill()
    supervisor.wait()
    time.sleep(0.5)
    assert is_alive(child), "it was to ignore the first signal"
    assert holder_of(folder / "lock") is not None
    wait_until(lambda: not is_alive(child) and not is_alive(grandchild), 15)


def test_a_killed_master_takes_its_own_workers_along(folder: Path) -> None:
    supervisor, child, grandchild = started_family(folder, "polite")
    try:
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: not is_alive(grandchild), 5)
    finally:
        supervisor.kill()
        supervisor.wait()


def forking_process(folder: Path, inherit: int) -> ManagedProcess:
    script = [str(folder / "forking.py"), str(folder / "pids"), "stubborn"]
    return ManagedProcess(
        name="forking",
        command=[sys.executable, "-m", "payouts_site.dev.child", *script],
        log=folder / "log",
        ready=(folder / "pids.ready").exists,
        inherit=(inherit,),
        stop_timeout=0.3,
        cwd=ROOT,
    )


def test_stop_ends_a_process_that_will_not(folder: Path) -> None:
    with exclusive(folder / "lock") as lock:
        process = forking_process(folder, lock)
        process.start()
        _, grandchild = map(int, (folder / "pids.ready").read_text().split())
        process.stop()
        assert process.exit_code() == -signal.SIGKILL
        wait_until(lambda: not is_alive(grandchild), 5)
    assert holder_of(folder / "lock") is None


def test_a_process_that_ends_before_it_is_ready_is_reported_with_its_own_last_words(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    log.write_text("words of an earlier run\n")
    command = [sys.executable, "-c", "print('cannot go on'); raise SystemExit(3)"]
    process = ManagedProcess(name="broken", command=command, log=log, ready=lambda: False)
    with pytest.raises(StartFailed, match="broken ended with code 3") as failure:
        process.start()
    assert failure.value.log_tail == ["cannot go on"]


def test_a_process_that_never_becomes_ready_is_given_up(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    process = ManagedProcess(
        name="slow", command=command, log=tmp_path / "log", ready=lambda: False, ready_timeout=0.3
    )
    with pytest.raises(StartFailed, match="slow was not ready"):
        process.start()
    process.stop()
    assert not process.running()
