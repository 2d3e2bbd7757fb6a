"""The demonstration's checkout: made through the services and the sandbox's wallets, once, and told as it is."""

import io
import json
import time
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from pytest_django.fixtures import Settings

from checkout.models import CheckoutSession, Receipt
from checkout.services.watch_account import watch_account
from payouts.models import PayoutRequest
from tests.sandbox_horizon import SandboxHorizon
from tests.sandbox_process import SandboxProcess


def seed(state: Path) -> list[str]:
    said = io.StringIO()
    call_command("seed_demo", state=state, stdout=said)
    tried: list[str] = json.loads(said.getvalue().splitlines()[-1])["try"]
    return tried


@pytest.mark.django_db(transaction=True)
def test_sessions_are_paid_well_and_badly_and_one_payout_is_sent_for_nothing(
    horizon: SandboxHorizon, session_horizon: SandboxProcess, settings: Settings, tmp_path: Path
) -> None:
    settings.DEBUG = True
    settings.SANDBOX_URL = session_horizon.url
    settings.SANDBOX_WALLET_URL = f"{session_horizon.url}/wallet"
    horizon.settings(ledger_ms=0, close_on_submit=True)
    assert seed(tmp_path / "state")
    tried = seed(tmp_path / "state")
    assert CheckoutSession.objects.count() == 5
    assert len(tried) == 4 and "/pay/" in tried[2] and "/wallet?" in tried[2]
    approved = PayoutRequest.objects.get(payee__external_id="seller-7001")
    assert (approved.status, approved.reviewed_by) == ("approved", "ben")

    time.sleep(2.1)  # one session is open for a second, and ledgers close at whole seconds
    horizon.close()
    watch_account(account=configured.STELLAR_RECEIVING_ACCOUNT)
    statuses = CheckoutSession.objects.order_by("merchant_reference").values_list(
        "status", flat=True
    )
    assert list(statuses) == ["pending", "paid", "paid", "pending", "expired"]
    assert sorted(Receipt.objects.values_list("status", flat=True)) == [
        "applied",
        "applied",
        "surplus",
        "unmatched",
    ]


@pytest.mark.django_db
def test_without_the_sandboxes_network_nothing_of_it_is_made(
    settings: Settings, tmp_path: Path
) -> None:
    settings.DEBUG = True
    settings.SANDBOX_WALLET_URL = ""
    assert len(seed(tmp_path / "state")) == 3
    assert not CheckoutSession.objects.exists()
