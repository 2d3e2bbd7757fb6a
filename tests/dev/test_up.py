"""`./dev up` as a whole: one start refuses another, a SIGKILL leaves nothing, yesterday's data is there."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from payouts_site.dev import service_settings
from payouts_site.dev.embedded import free_port
from payouts_site.dev.places import ROOT, holder_of

WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
BOOKING = {
    "reference": "BK-OF-YESTERDAY",
    "customer_name": "Somebody",
    "crew": [
        {
            "user_id": "u-1",
            "name": "Ada",
            "role": "Guide",
            "amount": "10.00",
            "currency": "USD",
            "stripe_account": "acct_1",
        }
    ],
}


class Site:
    """`./dev up` with a data folder of its own, so that it can run beside a developer's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        given = (
            "DATABASE_URL",
            "REDIS_URL",
            "PAIDONCE_SERVICES_FILE",
            "STRIPE_API_KEY",
            "STRIPE_API_BASE",
        )
        own = {name: value for name, value in os.environ.items() if name not in given}
        self.environment = own | {"PAIDONCE_RUN_FOLDER": str(folder), "DEBUG": "true"}
        self.process: subprocess.Popen[str] | None = None

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "payouts_site.dev", *arguments]

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*arguments),
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self) -> str:
        """Everything that is printed until it runs."""
        self.process = subprocess.Popen(
            self.command("up", "--port", str(self.port)),
            env=self.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        printed = ""
        line: str
        assert self.process.stdout
        for line in self.process.stdout:
            printed += line
            if line.startswith("Ctrl-C stops everything"):
                return printed
        raise AssertionError(f"it did not start:\n{printed}")

    def end(self, number: signal.Signals) -> int:
        assert self.process
        self.process.send_signal(number)
        self.process.communicate(timeout=90)
        return self.process.returncode

    def nobody_is_left(self) -> bool:
        # Everything that was started holds this lock open until it is gone.
        homes = [self.folder / "up" / "lock"]
        if os.geteuid() == 0:
            instance = (self.folder / "instance").read_text().strip()
            homes = [
                path / f"paidonce-{instance}" / "up" / "lock"
                for path in (Path("/var/lib"), Path("/tmp"))
            ]
        return all(holder_of(lock) is None for lock in homes)

    def call(self, path: str, token: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1/{path}",
            data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with WITHOUT_PROXY.open(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "run")
    yield made
    if made.process and made.process.poll() is None:
        made.end(signal.SIGTERM)
    assert made.run("reset", "--yes").returncode == 0
    assert not made.folder.exists()


def token_in(printed: str) -> str:
    lines = printed.splitlines()
    return lines[lines.index("API token") + 1].strip()


@pytest.mark.timeout(300)
def test_data_survives_a_kill_that_leaves_no_process(site: Site) -> None:
    printed = site.start()
    token = token_in(printed)
    assert f"http://127.0.0.1:{site.port}/" in printed
    assert site.call("bookings", token, BOOKING)["reference"] == "BK-OF-YESTERDAY"
    services = site.folder / "services.env"
    assert services.stat().st_mode & 0o077 == 0
    assert service_settings.read(services)["PUBLIC_URL"] == f"http://127.0.0.1:{site.port}"

    second = site.run("up")
    assert second.returncode == 1
    assert f"already running: http://127.0.0.1:{site.port}/" in second.stdout
    assert site.run("reset", "--yes").returncode == 1
    assert not site.nobody_is_left()

    site.end(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while not site.nobody_is_left():
        assert time.monotonic() < deadline, "a killed supervisor left a process behind"
        time.sleep(0.2)
    assert "Nothing is running here" in site.run("manage", "check").stdout

    assert token_in(site.start()) == token
    assert site.call("bookings/BK-OF-YESTERDAY", token)["customer_name"] == "Somebody"
    assert site.end(signal.SIGTERM) == 0
    assert site.nobody_is_left()
    assert not services.exists()
