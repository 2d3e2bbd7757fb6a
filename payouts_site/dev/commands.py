"""What each `./dev COMMAND` does once the environment stands. `./dev help` is the list."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from payouts_site.dev import embedded, service_settings
from payouts_site.dev.browser import exported_environment
from payouts_site.dev.lint import run_checks
from payouts_site.dev.lock import regenerate
from payouts_site.dev.places import Busy, holder_of, remove_everything
from payouts_site.dev.processes import StartFailed
from payouts_site.dev.supervisor import LOCK_FILE, SERVICES_FILE, only_supervisor, up
from payouts_site.dev.terminal import say
from payouts_site.dev.throwaway import run_in_foreground, throwaway_services

Command = Callable[[list[str]], int]


def _up(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev up")
    parser.add_argument("--port", type=int, help="port of the web server (8000, else a free one)")
    return up(parser.parse_args(arguments).port)


def _in_throwaway_services(
    command: Sequence[str], settings: Mapping[str, str], *, browser: bool
) -> int:
    with throwaway_services(settings) as services:
        # Playwright's synchronous interface runs an event loop in the tests' thread.
        environment = services | {"DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
        if browser:
            environment |= exported_environment()
        return run_in_foreground([sys.executable, *command], environment)


def pytest_command(arguments: Sequence[str]) -> list[str]:
    """Pytest on two processes, unless the caller chose a number."""
    chosen = any(argument.startswith(("-n", "--numprocesses")) for argument in arguments)
    return ["-m", "pytest", *([] if chosen else ["-n", "2"]), *arguments]


def _test(arguments: list[str]) -> int:
    return _in_throwaway_services(
        pytest_command(arguments), embedded.THROWAWAY_SETTINGS, browser=True
    )


def _test_guards(arguments: list[str]) -> int:
    return _in_throwaway_services(
        ["-m", "tests.guards", *arguments], embedded.THROWAWAY_SETTINGS, browser=True
    )


def _fuzz(arguments: list[str]) -> int:
    return _in_throwaway_services(
        ["-m", "tests.fuzz", *arguments], embedded.THROWAWAY_SETTINGS, browser=False
    )


def _client(arguments: list[str]) -> int:
    return _in_throwaway_services(
        ["manage.py", "generate_client", *arguments], embedded.THROWAWAY_SETTINGS, browser=False
    )


def _roles(arguments: list[str]) -> int:
    return _in_throwaway_services(
        ["manage.py", "generate_roles", *arguments], embedded.THROWAWAY_SETTINGS, browser=False
    )


def _bench(arguments: list[str]) -> int:
    return _in_throwaway_services(
        ["-m", "bench", *arguments], embedded.DURABLE_SETTINGS, browser=False
    )


def _manage(arguments: list[str]) -> int:
    # A killed `./dev up` leaves the file behind, but never its lock.
    running = holder_of(LOCK_FILE) is not None
    settings = service_settings.read(SERVICES_FILE) if running else {}
    if not settings and not os.environ.get("DATABASE_URL"):
        say("Nothing is running here: start ./dev up in another terminal, or set DATABASE_URL.")
        return 1
    return run_in_foreground([sys.executable, "manage.py", *arguments], settings | os.environ)


def _wallet(arguments: list[str]) -> int:
    running = holder_of(LOCK_FILE) is not None
    settings = service_settings.read(SERVICES_FILE) if running else {}
    command = [sys.executable, "-m", "sandbox.horizon.wallet", *arguments]
    return run_in_foreground(command, settings | os.environ)


def _lint(arguments: list[str]) -> int:
    with throwaway_services(embedded.THROWAWAY_SETTINGS) as environment:
        return run_checks(environment)


def _check(arguments: list[str]) -> int:
    results = {"lint": _lint([]), "test": _test(arguments)}
    results["guard_audit"] = _guard_audit()
    failed = [name for name, code in results.items() if code]
    say(f"Failed: {', '.join(failed)}" if failed else "Everything passed.")
    return 1 if failed else 0


def _guard_audit() -> int:
    with throwaway_services(embedded.THROWAWAY_SETTINGS) as environment:
        return run_in_foreground([sys.executable, "manage.py", "guard_audit"], environment)


def _reset(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev reset")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    sure = parser.parse_args(arguments).yes
    with only_supervisor():
        if not sure:
            question = "Remove the database, the queue, the sandbox's books and all logs? [y/N] "
            sure = sys.stdin.isatty() and input(question).strip().lower() in ("y", "yes")
        if not sure:
            say("Nothing was removed; ./dev reset --yes does not ask.")
            return 1
        for folder in remove_everything():
            say(f"removed {folder}")
    return 0


def _lock(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev lock")
    parser.add_argument("--upgrade", action="store_true", help="newest allowed versions")
    return regenerate(upgrade=parser.parse_args(arguments).upgrade)


COMMANDS: dict[str, Command] = {
    "up": _up,
    "test": _test,
    "test-guards": _test_guards,
    "fuzz": _fuzz,
    "client": _client,
    "roles": _roles,
    "lint": _lint,
    "check": _check,
    "bench": _bench,
    "manage": _manage,
    "wallet": _wallet,
    "reset": _reset,
    "lock": _lock,
}


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    if not arguments or arguments[0] not in COMMANDS:
        say(f"Commands: {', '.join(COMMANDS)}")
        return 2
    try:
        return COMMANDS[arguments[0]](arguments[1:])
    except (StartFailed, Busy) as failure:
        say(str(failure))
        for line in getattr(failure, "log_tail", []):
            say(f"    {line}")
        return 1
    except KeyboardInterrupt:
        return 130
