"""Payments that Horizon has not ingested yet: nothing is expired or rolled back, and they count once afterwards."""

from datetime import UTC, datetime, timedelta

import pytest

from checkout.models import CheckoutSession, Payment, Receipt
from checkout.services.notify_payment import notify_payment
from checkout.services.reconcile_sessions import reconcile_sessions
from checkout.services.watch_account import watch_account
from guard.errors import Refused
from money import Money
from tests.checkout.ledger import SHOP, make_session
from tests.checkout.planted import age
from tests.sandbox_horizon import SandboxHorizon
from tests.webhooks.endpoints import make_endpoint, told
from transfers.models import Finding

pytestmark = pytest.mark.django_db(transaction=True)

FIVE = Money(50_000_000, "XLM")
STALE = 400


@pytest.fixture(autouse=True)
def _ledger(_receiving: None, horizon: SandboxHorizon) -> None:
    """The sandbox's network; its receiving account is set after the tests' own."""


def look(horizon: SandboxHorizon) -> int:
    """A round of the watcher; how many sessions it expired."""
    try:
        return watch_account(account=horizon.receiving).expired
    except Refused:
        return 0


def statuses(*sessions: CheckoutSession) -> list[str]:
    for session in sessions:
        session.refresh_from_db()
    return [str(session.status) for session in sessions]


@pytest.mark.parametrize("first", ["watcher", "reconciler"])
def test_a_payment_behind_the_lag_counts_once_whoever_reads_it_first(
    first: str, horizon: SandboxHorizon
) -> None:
    endpoint = make_endpoint(
        "https://shop.example/hooks", "checkout.session.paid", "checkout.session.expired"
    )
    named, late, unpaid = (make_session(FIVE) for _ in range(3))
    look(horizon)
    horizon.stop_ingestion()
    (paid,) = horizon.wallet_pays(memo=named.memo, amount="5")
    horizon.wallet_pays(memo=late.memo, amount="5")
    # Both were paid in time; by now the time of two sessions is over, and Horizon does not know of any of it.
    over = datetime.now(UTC) + timedelta(seconds=5)
    CheckoutSession.objects.filter(pk__in=[late.pk, unpaid.pk]).update(expires_at=over)
    horizon.advance_clock(30)
    said = notify_payment(session_id=named.pk, tx_hash=paid, actor=SHOP)
    assert (said.result, said.reason) == ("pending", "not_on_the_ledger_yet")
    for _ in range(2):
        age(named, STALE)
        CheckoutSession.objects.filter(pk=named.pk).update(
            updated_at=datetime.now(UTC) - timedelta(seconds=1)
        )
        done = reconcile_sessions()
        assert (done.repaired, done.findings) == (0, 0)
        assert look(horizon) == 0
        assert statuses(named, late, unpaid) == ["processing", "pending", "pending"]
    assert not Receipt.objects.filter(session__isnull=False).exists() and told(endpoint) == []

    horizon.resume_ingestion()
    horizon.close(2)
    age(named, STALE)
    if first == "reconciler":
        assert reconcile_sessions().repaired == 1
        assert statuses(named, late) == ["paid", "pending"]
    watch_account(account=horizon.receiving)
    assert statuses(named, late, unpaid) == ["paid", "paid", "expired"]
    for _ in range(2):
        assert reconcile_sessions().repaired == 0
        assert watch_account(account=horizon.receiving).new == 0
    assert notify_payment(session_id=named.pk, tx_hash=paid, actor=SHOP).result == "duplicate"
    assert Payment.objects.count() == 2
    assert set(Receipt.objects.filter(session__isnull=False).values_list("status", flat=True)) == {
        "applied"
    }
    assert sorted(told(endpoint)) == ["checkout.session.expired"] + ["checkout.session.paid"] * 2
    assert not Finding.objects.exists()
