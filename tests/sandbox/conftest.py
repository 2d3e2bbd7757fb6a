"""One sandbox and one webhook receiver for the whole folder, emptied before each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe

from tests.sandbox.receiver import Receiver
from tests.sandbox_process import SandboxProcess

SECRET = "whsec_folder"

Pay = Callable[..., stripe.Transfer]


@pytest.fixture(scope="session")
def running_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def running_sandbox(running_receiver: Receiver) -> Iterator[SandboxProcess]:
    with SandboxProcess(webhook_url=running_receiver.url, webhook_secret=SECRET) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> SandboxProcess:
    """Empty books, no limits, webhooks held back."""
    running_sandbox.reset()
    running_sandbox.settings(webhooks_enabled=False, webhook_retry_ms=50)
    return running_sandbox


@pytest.fixture
def receiver(sandbox: SandboxProcess, running_receiver: Receiver) -> Receiver:
    """An empty endpoint; webhooks flow."""
    running_receiver.clear()
    sandbox.settings(webhooks_enabled=True)
    return running_receiver


def client_for(sandbox: SandboxProcess, timeout: float = 5) -> stripe.StripeClient:
    """The product's way to talk to Stripe: no retries of its own."""
    return stripe.StripeClient(
        "sk_test_folder",
        base_addresses={"api": sandbox.url},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=timeout),
    )


@pytest.fixture
def client(sandbox: SandboxProcess) -> stripe.StripeClient:
    return client_for(sandbox)


@pytest.fixture
def pay(client: stripe.StripeClient) -> Pay:
    """Create a transfer of 45.00 USD; `key` is the idempotency key."""

    def create(
        destination: str = "acct_1Crew", key: str | None = None, **params: Any
    ) -> stripe.Transfer:
        options: dict[str, Any] = {"idempotency_key": key} if key else {}
        given = {"amount": 4500, "currency": "usd", "destination": destination, **params}
        return client.v1.transfers.create(given, options)  # type: ignore[arg-type]

    return create
