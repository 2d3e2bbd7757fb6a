"""One sandbox with Wise and one webhook receiver for the whole folder, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.wise.client import WiseClient
from tests.sandbox.wise.receiver import Receiver
from tests.sandbox_process import SandboxProcess
from tests.sandbox_wise import SandboxWise


@pytest.fixture(scope="session")
def running_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def running_sandbox(running_receiver: Receiver) -> Iterator[SandboxProcess]:
    with SandboxProcess(wise=True, wise_webhook_url=running_receiver.url) as sandbox:
        running_receiver.key = sandbox.wise_public_key()
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> SandboxProcess:
    """Empty books, no limits, webhooks held back."""
    running_sandbox.wise.reset()
    running_sandbox.wise.settings(webhooks_enabled=False, webhook_retry_ms=50)
    return running_sandbox


@pytest.fixture
def wise(sandbox: SandboxProcess) -> SandboxWise:
    return sandbox.wise


@pytest.fixture
def receiver(wise: SandboxWise, running_receiver: Receiver) -> Receiver:
    """An empty endpoint; webhooks flow."""
    running_receiver.clear()
    wise.settings(webhooks_enabled=True)
    return running_receiver


@pytest.fixture
def client(sandbox: SandboxProcess) -> Iterator[WiseClient]:
    with WiseClient(sandbox.wise_url) as client:
        yield client
