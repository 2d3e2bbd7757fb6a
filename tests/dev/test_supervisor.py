"""The supervisor's own decisions: ports, demo data's answer, what to do about a dead program."""

import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from payouts_site.dev.places import throwaway_home
from payouts_site.dev.processes import ManagedProcess, StartFailed
from payouts_site.dev.supervisor import StopSignals, Supervisor, choose_port
from payouts_site.dev.welcome import last_json_object


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    with throwaway_home() as home:
        watching = Supervisor(home, 0, StopSignals())
        yield watching
        for process in watching.started:
            process.stop()
    for number, handler in before.items():
        signal.signal(number, handler)


def sleeper(folder: Path) -> ManagedProcess:
    command = [sys.executable, "-c", "import time; print('last words', flush=True); time.sleep(60)"]
    log = folder / "log"
    return ManagedProcess(
        name="sleeper",
        command=command,
        log=log,
        ready=lambda: log.exists() and "last" in log.read_text(),
    )


def test_a_port_that_somebody_asked_for_is_not_replaced_silently(taken_port: int) -> None:
    with pytest.raises(StartFailed, match=f"port {taken_port} is in use"):
        choose_port(taken_port)


def test_the_usual_port_is_replaced_when_it_is_taken(
    taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payouts_site.dev.supervisor._DEFAULT_PORT", taken_port)
    assert choose_port(None) not in {0, taken_port}


def test_demo_data_is_the_last_json_object_whatever_is_logged_around_it() -> None:
    lines = ['{"event": "migrated"}', '{"api_token": "abc"}', "2026-11-20 [info] done", "[1]", ""]
    assert last_json_object(lines) == {"api_token": "abc"}
    assert last_json_object(["nothing"]) == {}


def test_a_dead_program_is_reported_with_its_last_words_and_started_again(
    supervisor: Supervisor,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("payouts_site.dev.supervisor._FIRST_PAUSE_SECONDS", 0.05)
    process = sleeper(tmp_path)
    supervisor.started.append(process)
    process.start()
    spawned_at = {process.name: time.monotonic()}
    for pause in (0.05, 0.1, 0.2):
        assert process.popen
        process.popen.kill()
        process.popen.wait()
        supervisor.attend_to_the_dead(spawned_at)
        assert supervisor.pauses[process.name] == pytest.approx(pause)
        assert not process.running(), "not before its pause is over"
        time.sleep(pause + 0.02)
        supervisor.attend_to_the_dead(spawned_at)
        process.wait_until_ready()
        assert process.running()
    printed = capsys.readouterr().out
    assert printed.count("sleeper ended with code -9") == 3
    assert "last words" in printed
    assert printed.count("sleeper started again") == 3


def test_the_second_stop_signal_means_hurry(supervisor: Supervisor) -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    assert not supervisor.stop_signals.hurry()
    signal.raise_signal(signal.SIGINT)
    assert supervisor.stop_signals.hurry()
