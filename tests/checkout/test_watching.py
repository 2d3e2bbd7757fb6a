"""Reading a real ledger (the sandbox's): by cursor, by hash, twice, late, and when Horizon cannot be believed."""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from stellar_sdk import Keypair, MuxedAccount, TransactionBuilder

from checkout.models import CheckoutSession, Payment, Receipt, WatchCursor
from checkout.services.notify_payment import notify_payment
from checkout.services.reconcile_sessions import reconcile_sessions
from checkout.services.watch_account import watch_account
from checkout.tasks import watch_payments
from guard.errors import Refused
from money import Money
from tests.checkout.ledger import SHOP, make_session, tx_hash
from tests.checkout.racing import race
from tests.conftest import forget_stellar
from tests.payouts.conftest import Caller
from tests.sandbox_horizon import SandboxHorizon
from tests.webhooks.endpoints import make_endpoint
from transfers.models import Finding

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("CHECKOUT_ROUNDS", "2"))
FIVE = Money(50_000_000, "XLM")


@pytest.fixture(autouse=True)
def _ledger(_receiving: None, horizon: SandboxHorizon) -> None:
    """The sandbox's receiving account instead of the tests' own: asked for after it."""
    assert horizon.receiving == settings.STELLAR_RECEIVING_ACCOUNT


def watch(horizon: SandboxHorizon) -> Any:
    return watch_account(account=horizon.receiving)


def status(session: CheckoutSession) -> str:
    session.refresh_from_db()
    return str(session.status)


def pay_by_muxed(horizon: SandboxHorizon, *payments: tuple[str, str]) -> str:
    """One transaction with an operation for each (muxed id or "", amount)."""
    account = horizon.server.load_account(horizon.wallet.public_key)
    builder = TransactionBuilder(account, horizon.passphrase, 100).set_timeout(300)
    for muxed, amount in payments:
        to = muxed or horizon.receiving
        builder.append_payment_op(to, horizon.asset("native"), amount)
    envelope = builder.build()
    envelope.sign(horizon.wallet)
    return horizon.submit(envelope)


def test_the_watcher_reads_every_operation_once(horizon: SandboxHorizon) -> None:
    endpoint = make_endpoint()
    session = make_session(FIVE)
    named = horizon.pay(session.memo, "5")
    horizon.pay("who knows", "1")
    horizon.pay(session.memo, "5", "USDC")
    first = watch(horizon)
    assert first.caught_up and first.new >= 3
    assert status(session) == "paid"
    assert Payment.objects.get().receipt.tx_hash == named
    reasons = set(Receipt.objects.exclude(status="applied").values_list("reason", flat=True))
    assert {"unknown_memo", "wrong_asset"} <= reasons
    count = Receipt.objects.count()
    assert (watch(horizon).read, watch(horizon).new) == (0, 0)
    WatchCursor.objects.update(cursor=0)
    again = watch(horizon)
    assert again.read > 0 and again.new == 0
    assert Receipt.objects.count() == count and endpoint.deliveries.count() == 1


def test_two_watchers_at_once(horizon: SandboxHorizon) -> None:
    sessions = [make_session(FIVE) for _ in range(4)]
    for session in sessions:
        horizon.pay(session.memo, "5")
    race([partial(watch, horizon)] * 3)
    assert [status(one) for one in sessions] == ["paid"] * 4
    assert Payment.objects.count() == 4


def test_three_operations_for_two_sessions_and_a_stranger(horizon: SandboxHorizon) -> None:
    first, second = make_session(FIVE), make_session(Money(70_000_000, "XLM"))

    def muxed(number: int) -> str:
        return str(MuxedAccount(horizon.receiving, number).account_muxed)

    pay_by_muxed(
        horizon, (muxed(first.address), "5"), (muxed(second.address), "7"), (muxed(77), "1")
    )
    watch(horizon)
    assert [status(first), status(second)] == ["paid", "paid"]
    stranger = Receipt.objects.get(operation_index=3)
    assert (stranger.status, stranger.reason) == ("unmatched", "unknown_memo")
    assert Payment.objects.count() == 2


def test_a_failed_transaction_is_kept_and_pays_nothing(horizon: SandboxHorizon) -> None:
    session = make_session(FIVE)
    poor = Keypair.random()
    horizon.fund(poor.public_key, "3")
    envelope = horizon.build((horizon.receiving, "native", "5"), memo=session.memo, source=poor)
    with pytest.raises(Exception, match="transaction_failed"):
        horizon.submit(envelope)
    watch(horizon)
    receipt = Receipt.objects.get(session=session)
    assert (receipt.status, receipt.reason) == ("failed", "transaction_failed")
    assert status(session) == "pending"


def test_sessions_expire_once_the_ledger_is_known(horizon: SandboxHorizon) -> None:
    session = make_session(FIVE)
    CheckoutSession.objects.filter(pk=session.pk).update(
        expires_at=datetime.now(UTC) - timedelta(seconds=30)
    )
    assert watch(horizon).expired == 1
    assert status(session) == "expired"
    horizon.pay(session.memo, "5")
    watch(horizon)
    assert Receipt.objects.get(session=session).reason == "expired"


def test_the_command_catches_up_once(horizon: SandboxHorizon) -> None:
    session = make_session(FIVE)
    horizon.pay(session.memo, "5")
    out = StringIO()
    call_command("watch_payments", once=True, stdout=out)
    assert "new" in out.getvalue()
    assert status(session) == "paid"
    horizon.settings(wrong_network=True)
    with pytest.raises(CommandError, match="another network"):
        call_command("watch_payments", once=True)
    watch_payments()
    assert "another network" in WatchCursor.objects.get().problem


def test_a_cut_history_is_a_finding_and_not_silence(horizon: SandboxHorizon) -> None:
    horizon.pay("one", "1")
    watch(horizon)
    horizon.close(5)
    horizon.cut_history()
    watch(horizon)
    assert Finding.objects.get().kind == "history_gap"


def test_an_account_that_was_quiet_for_longer_than_history_is_kept_is_no_gap(
    horizon: SandboxHorizon,
) -> None:
    horizon.pay("one", "1")
    watch(horizon)
    horizon.advance_clock(30)
    kept_from = horizon.close()
    horizon.advance_clock(30)
    watch(horizon)
    horizon.cut_history(kept_from)
    watch(horizon)
    assert not Finding.objects.exists()


def test_whatever_stops_it_is_written_down(
    horizon: SandboxHorizon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> int:
        raise LookupError("a page that nobody can process")

    monkeypatch.setattr("checkout.services.watch_account.process_page", fail)
    with pytest.raises(LookupError):
        watch(horizon)
    assert "LookupError" in WatchCursor.objects.get().problem


def test_a_round_that_takes_long_is_not_joined_by_the_next_beat(
    horizon: SandboxHorizon, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end, accounts = threading.Event(), threading.Event(), []

    def slow(*, account: str) -> None:
        accounts.append(account)
        begun.set()
        assert may_end.wait(20)

    monkeypatch.setattr("checkout.tasks.watch_account", slow)

    def beat() -> None:
        watch_payments()
        connection.close()

    first = threading.Thread(target=beat)
    first.start()
    assert begun.wait(20)
    watch_payments()
    may_end.set()
    first.join()
    assert accounts == [horizon.receiving]
    watch_payments()
    assert accounts == [horizon.receiving] * 2


class TestNotify:
    def test_a_named_transaction_is_looked_up_at_once(
        self, horizon: SandboxHorizon, shop: Caller
    ) -> None:
        session = make_session(FIVE)
        path = f"checkout/sessions/{session.pk}/payments"
        named = horizon.pay(session.memo, "5")
        done = shop.post(path, {"tx_hash": named.upper()})
        assert done.status_code == 200, done.content
        assert done.json()["result"] == "applied"
        assert done.json()["session"]["status"] == "paid"
        assert shop.post(path, {"tx_hash": named}).json()["result"] == "duplicate"
        second = horizon.pay(session.memo, "5")
        assert shop.post(path, {"tx_hash": second}).json()["result"] == "already_paid"
        assert shop.post(path, {"tx_hash": second}).json()["result"] == "already_paid"
        assert Payment.objects.count() == 1
        assert watch(horizon).new >= 0 and Payment.objects.count() == 1

    def test_a_hash_that_no_ledger_holds(self, horizon: SandboxHorizon, shop: Caller) -> None:
        session = make_session(FIVE)
        path = f"checkout/sessions/{session.pk}/payments"
        waiting = shop.post(path, {"tx_hash": tx_hash("nowhere")})
        assert (waiting.status_code, waiting.json()["result"]) == (202, "pending")
        assert waiting["Retry-After"] == "5"
        assert status(session) == "processing"
        horizon.pay(session.memo, "5")
        watch(horizon)
        assert status(session) == "paid"
        assert shop.post(path, {"tx_hash": "nonsense"}).status_code == 422

    def test_rejected(self, horizon: SandboxHorizon, shop: Caller) -> None:
        session = make_session(FIVE)
        path = f"checkout/sessions/{session.pk}/payments"
        for paid, reason in (
            (horizon.pay(session.memo, "5", "USDC"), "wrong_asset"),
            (horizon.pay("another", "5"), "not_for_this_session"),
            (horizon.pay(session.memo, "4"), "underpaid"),
        ):
            said = shop.post(path, {"tx_hash": paid})
            assert (said.status_code, said.json()["result"]) == (200, "rejected")
            assert said.json()["reason"] == reason
            assert status(session) == "pending"

    def test_horizon_is_away(self, horizon: SandboxHorizon, shop: Caller) -> None:
        session = make_session(FIVE)
        horizon.settings(down=True)
        refused = shop.post(f"checkout/sessions/{session.pk}/payments", {"tx_hash": tx_hash("x")})
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert refused["Retry-After"]

    def test_a_slow_horizon_does_not_hold_the_caller(
        self, horizon: SandboxHorizon, shop: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rails.horizon.QUICK_SECONDS", 0.3)
        forget_stellar()
        session = make_session(FIVE)
        named = horizon.pay(session.memo, "5")
        params = {"ms": 8_000}
        horizon.set_fault("slow", times=1, operation="transactions.payments", params=params)
        began = time.monotonic()
        refused = shop.post(f"checkout/sessions/{session.pk}/payments", {"tx_hash": named})
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert time.monotonic() - began < 6
        assert status(session) == "processing"
        assert watch(horizon).new and status(session) == "paid"

    def test_many_name_and_watch_at_once(self, horizon: SandboxHorizon) -> None:
        session = make_session(FIVE)
        first, second = horizon.pay(session.memo, "5"), horizon.pay(session.memo, "5")
        name = partial(notify_payment, session_id=session.pk, actor=SHOP)
        answers = race(
            [
                partial(name, tx_hash=first),
                partial(name, tx_hash=first),
                partial(name, tx_hash=second),
                partial(watch, horizon),
            ]
        )
        assert not [one for one in answers if isinstance(one, Refused)]
        assert Payment.objects.count() == 1 and status(session) == "paid"
        assert Receipt.objects.filter(session=session).count() == 2


def test_everybody_at_once(horizon: SandboxHorizon, settings: Any) -> None:
    """Two payments, one of them named twice, the watcher and the reconciler: 200 rounds with CHECKOUT_ROUNDS=200."""
    settings.STALE_SESSION_SECONDS = 0.0
    endpoint = make_endpoint()
    for _ in range(ROUNDS):
        session = make_session(FIVE)
        first, second = horizon.pay(session.memo, "5"), horizon.pay(session.memo, "5")
        name = partial(notify_payment, session_id=session.pk, actor=SHOP)
        answers = race(
            [
                partial(name, tx_hash=first),
                partial(name, tx_hash=first),
                partial(name, tx_hash=second),
                partial(watch, horizon),
                partial(watch, horizon),
                reconcile_sessions,
            ]
        )
        assert not [one for one in answers if isinstance(one, Refused)], answers
        assert status(session) == "paid"
        assert Payment.objects.filter(session=session).count() == 1
        states = sorted(Receipt.objects.filter(session=session).values_list("status", flat=True))
        assert states == ["applied", "surplus"]
        assert endpoint.deliveries.filter(subject=f"checkout_session:{session.pk}").count() == 1
