"""`./dev`: what it passes on, and that it says what to do instead of failing oddly."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from payouts_site.dev import commands
from payouts_site.dev.browser import NoBrowser, launch_options
from payouts_site.dev.places import ROOT
from payouts_site.dev.throwaway import throwaway_services, without_proxy


def dev(*arguments: str) -> "subprocess.CompletedProcess[str]":
    # The distribution's Python may be older than ours: ./dev has to run on both.
    return subprocess.run(
        [sys.executable, str(ROOT / "dev"), *arguments], capture_output=True, text=True, check=False
    )


def test_help_names_every_command() -> None:
    text = dev("help").stdout
    for name in commands.COMMANDS:
        assert f"./dev {name}" in text


def test_an_unknown_command_points_to_help() -> None:
    done = dev("frobnicate")
    assert done.returncode == 1
    assert "./dev help" in done.stderr


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ["-m", "pytest", "-n", "2"]),
        (["tests/dev"], ["-m", "pytest", "-n", "2", "tests/dev"]),
        (["-n", "0", "-x"], ["-m", "pytest", "-n", "0", "-x"]),
        (["-n0"], ["-m", "pytest", "-n0"]),
        (["--numprocesses=4"], ["-m", "pytest", "--numprocesses=4"]),
    ],
)
def test_the_number_of_test_processes_can_be_chosen(given: list[str], expected: list[str]) -> None:
    assert commands.pytest_command(given) == expected


def test_tests_never_see_a_real_rail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://given")
    monkeypatch.setenv("REDIS_URL", "redis://given")
    monkeypatch.setenv("STRIPE_API_KEY", "sk_live_real")
    monkeypatch.setenv("WISE_API_TOKEN", "real")
    with throwaway_services({}) as environment:
        assert environment["DATABASE_URL"] == "postgres://given"
        assert not [name for name in environment if name.startswith(("STRIPE_", "WISE_"))]
        assert environment["PAIDONCE_SERVICES_FILE"] == os.devnull


def test_this_machine_is_reached_without_a_proxy() -> None:
    assert without_proxy({})["NO_PROXY"] == "127.0.0.1,localhost"
    assert without_proxy({"no_proxy": "corp"})["NO_PROXY"] == "corp,127.0.0.1,localhost"


def test_a_missing_browser_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAIDONCE_BROWSER_EXECUTABLE", raising=False)
    monkeypatch.setenv("PAIDONCE_BROWSER_MISSING", "no network")
    with pytest.raises(NoBrowser, match="no network"):
        launch_options()


def test_the_browsers_library_path_reaches_only_the_browser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PAIDONCE_BROWSER_EXECUTABLE", "/somewhere/chromium")
    monkeypatch.setenv("PAIDONCE_BROWSER_ENVIRONMENT", '{"LD_LIBRARY_PATH": "/somewhere/lib"}')
    options = launch_options()
    assert options["executable_path"] == "/somewhere/chromium"
    assert options["env"]["LD_LIBRARY_PATH"] == "/somewhere/lib"
    assert os.environ.get("LD_LIBRARY_PATH") != "/somewhere/lib"


def test_a_foreground_program_gets_sigterm_and_its_code_is_passed_on(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys\nfrom payouts_site.dev.throwaway import run_in_foreground\n"
        "child = 'import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(60)'\n"
        "sys.exit(run_in_foreground([sys.executable, '-c', child, sys.argv[1]], os.environ))\n"
    )
    started = tmp_path / "started"
    parent = subprocess.Popen(
        [sys.executable, str(script), str(started)], env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    deadline = time.monotonic() + 30
    while not started.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(timeout=30) == 128 + signal.SIGTERM
