"""Payout requests on Stellar from the request to the payment, and the same through a worker that is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from guard.idempotency import payout_job_key
from guard.models import IdempotencyRecord
from money import Money
from payouts.models import PayoutRequest
from payouts.selectors import facts_of, get_payout, transfer_of
from payouts.services.approve_payout import approve_payout
from payouts.services.retry_payout import retry_payout
from tests.payouts.conftest import Caller
from tests.payouts.requests import ANA, BEN, make_payout
from tests.sandbox_horizon import SandboxHorizon
from tests.sandbox_process import ROOT
from tests.stack import database_url
from tests.transfers.steps import work
from transfers.jobs import JobRun
from transfers.models import StellarEnvelope, Transfer
from transfers.services.work_transfer import work_transfer

pytestmark = pytest.mark.django_db(transaction=True)


def approved(
    stellar: SandboxHorizon, payee: str = "payee 1", currency: str = "USDC", memo: str = ""
) -> tuple[PayoutRequest, Transfer]:
    recipient = {"type": "stellar", "address": stellar.address(payee), "memo": memo}
    amount = Money.parse("12.5000000", currency)
    payout = make_payout("approved", amount=amount, rail="stellar", recipient=recipient)
    transfer = transfer_of(payout.pk)
    assert transfer is not None
    return payout, transfer


def test_from_the_request_to_the_payment(
    stellar: SandboxHorizon, caller: Callable[..., Caller], ana: Caller
) -> None:
    mia = caller("operator", "mia")
    body = {
        "payee": {"external_id": "p-7", "name": "Ann Example"},
        "amount": "12.5",
        "currency": "USDC",
        "rail": "stellar",
        "recipient": {"type": "stellar", "address": stellar.address("payee 1"), "memo": "inv-7"},
    }
    made = mia.post("payouts", body, Idempotency_Key="k-1")
    assert made.status_code == 201
    payout = made.json()
    assert (payout["amount"], payout["currency"]) == ("12.5000000", "USDC")
    ana.post("payees/p-7/kyc", {"status": "approved", "note": "passport seen"})
    assert ana.post(f"payouts/{payout['id']}/approve", {}).status_code == 200
    transfer = transfer_of(int(payout["id"]))
    assert transfer is not None
    work(transfer)
    shown = ana.get(f"transfers/{transfer.pk}").json()
    assert (shown["status"], shown["rail"]) == ("success", "stellar")
    (attempt,) = shown["attempts"]
    assert attempt["idempotency_key"] == shown["rail_reference"]
    assert ana.get(f"payouts/{payout['id']}").json()["status"] == "paid"
    assert stellar.times_paid(stellar.address("payee 1")) == 1


@pytest.mark.parametrize("currency", ["EURO", "usdc", "DOGE"])
def test_a_code_that_means_nothing_here_is_refused(
    currency: str, stellar: SandboxHorizon, caller: Callable[..., Caller]
) -> None:
    body = {
        "payee": {"external_id": "p-7"},
        "amount": "1",
        "currency": currency,
        "rail": "stellar",
        "recipient": {"type": "stellar", "address": stellar.address("payee 1")},
    }
    refused = caller("operator", "mia").post("payouts", body, Idempotency_Key="k-1")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "unknown_currency"


def test_another_issuer_behind_the_code_voids_the_approval(
    stellar: SandboxHorizon, settings: Settings
) -> None:
    payout, transfer = approved(stellar)
    settings.STELLAR_ASSETS = {"USDC": stellar.address("impostor")}
    assert payout.approval_fingerprint != facts_of(get_payout(payout.pk)).fingerprint()
    work(transfer)
    assert get_payout(payout.pk).status == "cancelled"
    assert not StellarEnvelope.objects.exists()


def test_a_refused_one_is_decided_anew_and_then_paid(stellar: SandboxHorizon) -> None:
    payout, transfer = approved(stellar, payee="payee no trust")
    assert work(transfer).failure_code == "op_no_trust"
    assert get_payout(payout.pk).status == "failed"
    stellar.trust(stellar.address("payee no trust"), "USDC")
    retry_payout(payout_id=payout.pk, actor=BEN)
    approve_payout(payout_id=payout.pk, actor=ANA)
    assert work(transfer).status == "success"
    assert stellar.times_paid(stellar.address("payee no trust")) == 1


_KILLED = """
import os, signal, sys, django
django.setup()
from transfers.rail_access import horizon_rail
from transfers.services.work_transfer import work_transfer
rail = horizon_rail()
submit = rail.submit
def killed(signed_xdr):
    if sys.argv[2] == "after":
        submit(signed_xdr)
    os.kill(os.getpid(), signal.SIGKILL)
rail.submit = killed
work_transfer(transfer_id=int(sys.argv[1]))
"""


def killed_worker(stellar: SandboxHorizon, transfer: Transfer, when: str) -> None:
    environment = {
        **os.environ,
        **stellar.environment_of_the_product(),
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "payouts_site.settings",
    }
    command = [sys.executable, "-c", _KILLED, str(transfer.pk), when]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_holder_is_taken_over_by_asking_first(when: str, stellar: SandboxHorizon) -> None:
    payout, transfer = approved(stellar)
    killed_worker(stellar, transfer, when)
    payee = stellar.address("payee 1")
    record = IdempotencyRecord.objects.get(key=payout_job_key(payout.pk, "dispatch"))
    assert (record.status, record.fence) == ("running", 1)
    assert StellarEnvelope.objects.get().state == "sent"
    # While its lock lives it is in flight, for whoever comes by.
    assert work_transfer(transfer_id=transfer.pk) == JobRun("in_flight")
    over = Now() - timedelta(seconds=1)
    IdempotencyRecord.objects.update(locked_until=over)
    Transfer.objects.update(due_at=over)
    StellarEnvelope.objects.update(check_due_at=over)
    before: Any = stellar.totals()["calls"]
    run = work_transfer(transfer_id=transfer.pk)
    after = stellar.totals()["calls"]
    assert run and run.result and run.result["status"] == "success"
    assert after["transactions.get"] == before.get("transactions.get", 0) + 1
    posts = after["transactions.submit"] - before.get("transactions.submit", 0)
    assert posts == (1 if when == "before" else 0)
    assert stellar.times_paid(payee) == 1
    assert StellarEnvelope.objects.count() == 1
    record.refresh_from_db()
    assert (record.status, record.fence) == ("completed", 2)
    assert get_payout(payout.pk).status == "paid"
