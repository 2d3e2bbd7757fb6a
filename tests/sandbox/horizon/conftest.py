"""One sandbox with Horizon for the whole folder, a new network for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from stellar_sdk import Server

from tests.sandbox_horizon import SandboxHorizon
from tests.sandbox_process import SandboxProcess


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(horizon=True) as sandbox:
        yield sandbox


@pytest.fixture
def horizon(running_sandbox: SandboxProcess) -> SandboxHorizon:
    """Calm: a ledger for every transaction, no limits."""
    running_sandbox.horizon.reset()
    return running_sandbox.horizon


@pytest.fixture
def server(horizon: SandboxHorizon) -> Server:
    """The product's way to talk to Horizon: no retries of its own."""
    return horizon.server
