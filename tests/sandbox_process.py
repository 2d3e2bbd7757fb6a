"""The sandbox as a process of its own, for tests and benches: start, ask, break, kill, restart."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from payouts_site.dev.lifetime import die_with_parent
from tests.sandbox_horizon import SandboxHorizon
from tests.sandbox_wise import SandboxWise

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 15
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _in_main_thread() -> bool:
    # The kernel's signal comes when the *thread* that forked ends.
    return threading.current_thread() is threading.main_thread()


def _end_with(parent: int) -> Callable[[], None]:
    """Even a test run that is killed leaves no sandbox behind."""
    return lambda: die_with_parent(signal.SIGKILL, parent)


class SandboxError(Exception):
    """The sandbox did not start, or refused a control call."""


class SandboxProcess:
    """One sandbox on a free port with books of its own. `with SandboxProcess() as sandbox:`.

    `limits=False` (the default) lifts the rate limiters, so that only tests about them meet them.
    `wise=True` starts Wise's stand-in too: `wise_url` for the client, `wise` for control and books.
    `horizon=True` the same for Horizon: `horizon_url`, `horizon`.
    """

    def __init__(
        self,
        *,
        webhook_url: str = "",
        webhook_secret: str = "whsec_test",
        data_dir: Path | None = None,
        limits: bool = False,
        port: int = 0,
        wise: bool = False,
        wise_webhook_url: str = "",
        wise_port: int = 0,
        horizon: bool = False,
        horizon_port: int = 0,
    ) -> None:
        self.webhook_url = webhook_url
        self.webhook_secret = webhook_secret
        self.data_dir = data_dir or Path(tempfile.mkdtemp(prefix="sandbox-"))
        self._own_dir = data_dir is None
        self._limits = limits
        self.port = port
        self._with_wise = wise
        self.wise_webhook_url = wise_webhook_url
        self.wise_port = wise_port
        self._with_horizon = horizon
        self.horizon_port = horizon_port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Base address, for StripeClient(base_addresses={"api": …}) and STRIPE_API_BASE."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def wise_url(self) -> str:
        """WISE_API_BASE. Raises SandboxError without `wise=True`."""
        if not self._with_wise:
            raise SandboxError("start it with wise=True")
        return f"http://127.0.0.1:{self.wise_port}"

    @property
    def wise(self) -> SandboxWise:
        """Wise's knobs, faults and books."""
        return SandboxWise(self.call, limits=self._limits)

    @property
    def horizon_url(self) -> str:
        """HORIZON_URL. Raises SandboxError without `horizon=True`."""
        if not self._with_horizon:
            raise SandboxError("start it with horizon=True")
        return f"http://127.0.0.1:{self.horizon_port}"

    @property
    def horizon(self) -> SandboxHorizon:
        """Horizon's ledgers, knobs, faults and books."""
        return SandboxHorizon(self.call, self.horizon_url, limits=self._limits)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        """Start and wait until it answers. Raises SandboxError."""
        fresh = not (self.data_dir / "stripe.journal").exists()
        self._launch()
        if fresh and not self._limits:
            self.settings(rate_limit_per_second=0, endpoint_limit_per_second=0)
        if fresh and self._with_wise:
            self.wise.calm()
        if fresh and self._with_horizon:
            self.horizon.calm()
        return self

    def _launch(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        log = self.data_dir / "sandbox.log"
        environment = {
            **os.environ,
            "STRIPE_WEBHOOK_URL": self.webhook_url,
            "STRIPE_WEBHOOK_SECRET": self.webhook_secret,
            "WISE_WEBHOOK_URL": self.wise_webhook_url,
        }
        command = [sys.executable, "-m", "sandbox", "--port", str(self.port)]
        if self._with_wise:
            command += ["--wise-port", str(self.wise_port)]
        if self._with_horizon:
            command += ["--horizon-port", str(self.horizon_port)]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, "--data-dir", str(self.data_dir)],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=_end_with(os.getpid()) if _in_main_thread() else None,  # noqa: PLW1509 - see there
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            said = log.read_text()
            announced = re.findall(r" on http://[^:]+:(\d+)", said)
            if announced and said.endswith("\n"):
                self.port = int(announced[0])
                self.wise_port = int(announced[1]) if self._with_wise else 0
                self.horizon_port = int(announced[-1]) if self._with_horizon else 0
                return
            if self._process.poll() is not None:
                raise SandboxError(f"the sandbox ended with {self._process.returncode}: {said}")
            time.sleep(0.02)
        self.kill()
        raise SandboxError("the sandbox did not start in time")

    def kill(self) -> None:
        """SIGKILL: no chance to tidy up. The books stay."""
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM, and wait."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Kill if running, start again on the same port with the same books."""
        self.kill()
        self._launch()

    def close(self) -> None:
        """Stop, and remove the books if they were a temporary folder."""
        self.kill()
        if self._own_dir:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def call(self, method: str, path: str, values: dict[str, Any] | None = None) -> Any:
        """A control call, `path` after /_sandbox/. Raises SandboxError on anything but 200."""
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}",
            data=None if values is None else json.dumps(values).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with NO_PROXY.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise SandboxError(f"{method} {path}: {error.code} {error.read()!r}") from error

    def wise_public_key(self) -> str:
        """PEM for WISE_WEBHOOK_PUBLIC_KEY."""
        with NO_PROXY.open(f"{self.url}/_sandbox/wise/public-key", timeout=30) as answer:
            pem: str = answer.read().decode()
        return pem

    def books(self) -> dict[str, Any]:
        """Everything: balance, transfers, reversals, keys, totals per destination, group, key."""
        answer: dict[str, Any] = self.call("GET", "books")
        return answer

    def totals(self) -> dict[str, Any]:
        """The few numbers to poll."""
        answer: dict[str, Any] = self.call("GET", "totals")
        return answer

    def set_fault(
        self, fault: str, *, times: int | None = 1, params: dict[str, Any] | None = None,
        **match: str,
    ) -> dict[str, Any]:  # fmt: skip
        """Arm a fault for the next `times` matching requests (None: until removed).

        Match by method (default POST), path, destination, idempotency_key, transfer_group; globs.
        """
        answer: dict[str, Any] = self.call(
            "POST",
            "faults",
            {"fault": fault, "match": match, "times": times, "params": params or {}},
        )
        return answer

    def clear_faults(self) -> None:
        self.call("DELETE", "faults")

    def settings(self, **values: int | bool | str) -> dict[str, Any]:
        """Turn knobs; returns all of them."""
        answer: dict[str, Any] = self.call("POST", "settings", values)
        return answer

    def cure(self, account: str) -> dict[str, Any]:
        """Make an account healthy: no magic, no missing capability."""
        answer: dict[str, Any] = self.call("POST", f"accounts/{account}/cure", {})
        return answer

    def set_account(self, account: str, **values: bool | str | None) -> dict[str, Any]:
        """Set missing, transfers, payouts_enabled or trouble of an account."""
        answer: dict[str, Any] = self.call("POST", f"accounts/{account}", values)
        return answer

    def advance_clock(self, seconds: int) -> None:
        self.call("POST", "clock/advance", {"seconds": seconds})

    def prune_keys(self) -> int:
        """Forget every idempotency key now; returns how many."""
        return int(self.call("POST", "keys/prune", {})["pruned"])

    def topup(self, amount: int, currency: str = "usd") -> None:
        """Add minor units to the platform's balance."""
        self.call("POST", "balance/topup", {"amount": amount, "currency": currency})

    def drain(self, amount: int | None = None, currency: str = "usd") -> None:
        """Take minor units away; None takes all."""
        self.call("POST", "balance/drain", {"amount": amount, "currency": currency})

    def deliver_pending(self, order: str = "forward") -> list[dict[str, Any]]:
        """Deliver pending webhooks now, `forward` or `reverse`, one by one."""
        answer: list[dict[str, Any]] = self.call("POST", "webhooks/deliver", {"order": order})[
            "deliveries"
        ]
        return answer

    def redeliver(self, event: str) -> bool:
        """Deliver one event again, whatever its state."""
        return bool(self.call("POST", f"events/{event}/redeliver", {})["delivered"])

    def deliveries(self) -> list[dict[str, Any]]:
        """Newest first, at most 200."""
        answer: list[dict[str, Any]] = self.call("GET", "webhooks")["deliveries"]
        return answer

    def reset(self) -> None:
        """Empty books, default knobs; the limiter is lifted again unless limits=True."""
        self.call("POST", "reset", {})
        if not self._limits:
            self.settings(rate_limit_per_second=0, endpoint_limit_per_second=0)
