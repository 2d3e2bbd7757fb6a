"""States planted by hand, a Horizon that cannot be believed, and runs that overlap."""

from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.models import Entry
from checkout.horizon import PAGE
from checkout.models import CheckoutSession, Payment, Receipt, ReconcileRun
from checkout.reconcile import ledger
from checkout.services.notify_payment import notify_payment
from checkout.services.reconcile_sessions import reconcile_sessions
from checkout.tasks import reconcile
from money import Money
from rails.horizon_values import LedgerState
from tests.checkout.ledger import ACCOUNT, SHOP, make_session, operation, tx_hash
from tests.checkout.planted import age, plant_payment, plant_receipt, set_status
from tests.checkout.racing import race
from tests.sandbox_horizon import SandboxHorizon
from tests.webhooks.endpoints import make_endpoint
from transfers.models import Finding

pytestmark = pytest.mark.django_db(transaction=True)

FIVE = Money(50_000_000, "XLM")
STALE = 400


@pytest.fixture(autouse=True)
def _ledger(_receiving: None, horizon: SandboxHorizon) -> None:
    """The sandbox's network; its receiving account is set after the tests' own."""


def run(**values: Any) -> tuple[ReconcileRun, list[str]]:
    done = reconcile_sessions(**values)
    return done, [one.action for one in done.repairs.order_by("id")]


def status(session: CheckoutSession) -> str:
    session.refresh_from_db()
    return str(session.status)


def processing(
    horizon: SandboxHorizon, *, named: str = "", seconds: int = STALE
) -> CheckoutSession:
    """A session that a process left behind after it was told of a transaction."""
    session = make_session(FIVE)
    set_status(session, "processing")
    CheckoutSession.objects.filter(pk=session.pk).update(claimed_tx_hash=named)
    age(session, seconds)
    session.refresh_from_db()
    return session


def changes_nothing_again(before: int) -> None:
    """A second run finds nothing to do."""
    done, actions = run()
    assert (done.repaired, done.findings) == (0, 0) and set(actions) <= {"nothing"}
    assert Entry.objects.count() == before


class TestStaleProcessing:
    def test_its_payment_is_on_the_ledger(self, horizon: SandboxHorizon) -> None:
        endpoint = make_endpoint()
        session = make_session(FIVE)
        named = horizon.pay(session.memo, "5")
        set_status(session, "processing")
        CheckoutSession.objects.filter(pk=session.pk).update(claimed_tx_hash=named)
        age(session, STALE)
        done, actions = run()
        assert actions == ["finished"] and done.repaired == 1
        assert status(session) == "paid"
        assert endpoint.deliveries.filter(event_type="checkout.session.paid").count() == 1
        entry = Entry.objects.filter(subject=f"checkout_session:{session.pk}").latest("seq")
        assert entry.actor_name == "reconciler"
        assert entry.snapshot["named_hash"] == named
        assert entry.snapshot["horizon"]["ledger"]
        changes_nothing_again(Entry.objects.count())

    def test_it_is_found_without_a_hash(self, horizon: SandboxHorizon) -> None:
        session = processing(horizon)
        horizon.pay(session.memo, "5")
        assert run()[1] == ["finished"]
        assert status(session) == "paid"

    def test_nothing_is_there_and_it_waits_again(self, horizon: SandboxHorizon) -> None:
        session = processing(horizon, named=tx_hash("nowhere"))
        assert run()[1] == ["rolled_back"]
        assert status(session) == "pending"
        entry = Entry.objects.filter(subject=f"checkout_session:{session.pk}").latest("seq")
        assert entry.snapshot["named_hash_is_on_the_ledger"] is False
        changes_nothing_again(Entry.objects.count())
        horizon.pay(session.memo, "5")
        assert status(session) == "pending"

    def test_it_is_left_alone_while_it_is_fresh(self, horizon: SandboxHorizon) -> None:
        session = processing(horizon, seconds=1)
        assert run()[1] == []
        assert status(session) == "processing"

    def test_named_and_never_seen_again(self, horizon: SandboxHorizon, settings: Any) -> None:
        """The way of a real client: 202, then nothing, then the reconciler."""
        settings.STALE_SESSION_SECONDS = 0.0
        session = make_session(FIVE)
        notify_payment(session_id=session.pk, tx_hash=tx_hash("never"), actor=SHOP)
        assert status(session) == "processing"
        assert run()[1] == ["held_off"]
        horizon.advance_clock(3)
        assert run()[1] == ["rolled_back"]


class TestPaidWithoutPayment:
    def test_the_payment_is_inserted(self, horizon: SandboxHorizon) -> None:
        endpoint = make_endpoint()
        session = make_session(FIVE)
        horizon.pay(session.memo, "5")
        set_status(session, "processing", "paid")
        told = endpoint.deliveries.count()
        age(session, STALE)
        assert run()[1] == ["payment_inserted"]
        payment = Payment.objects.get(session=session)
        assert payment.receipt.status == "applied"
        assert payment.receipt.reason == "found_by_reconciler"
        assert endpoint.deliveries.count() == told
        assert Entry.objects.filter(action="checkout_session.payment_inserted").count() == 1
        changes_nothing_again(Entry.objects.count())

    def test_nothing_came_in_and_a_person_must_look(self, horizon: SandboxHorizon) -> None:
        session = make_session(FIVE)
        set_status(session, "processing", "paid")
        age(session, STALE)
        done, actions = run()
        assert actions == ["finding"] and done.findings == 1
        finding = Finding.objects.get()
        assert finding.subject == f"checkout_session:{session.pk}"
        assert finding.evidence["history_is_complete"] is True
        changes_nothing_again(Entry.objects.count())


class TestPaymentsButNotPaid:
    def test_it_becomes_paid(self, horizon: SandboxHorizon) -> None:
        endpoint = make_endpoint()
        session = make_session(FIVE)
        plant_payment(session, tx_hash=horizon.pay(session.memo, "5"))
        age(session, STALE)
        assert run()[1] == ["paid"]
        assert status(session) == "paid"
        assert endpoint.deliveries.count() == 1
        changes_nothing_again(Entry.objects.count())

    def test_a_payment_that_no_ledger_holds_is_a_finding(self, horizon: SandboxHorizon) -> None:
        session = make_session(FIVE)
        plant_payment(session)
        age(session, STALE)
        assert run()[1] == ["finding"]
        assert status(session) == "pending"
        assert Finding.objects.get().kind == "payment_not_on_the_ledger"
        changes_nothing_again(Entry.objects.count())


def test_money_of_an_expired_session_is_surplus(horizon: SandboxHorizon) -> None:
    session = make_session(FIVE)
    set_status(session, "expired")
    receipt = plant_receipt(session, "unmatched", "underpaid")
    assert run()[1] == ["left_over"]
    receipt.refresh_from_db()
    assert (receipt.status, receipt.reason) == ("surplus", "expired")
    changes_nothing_again(Entry.objects.count())


def test_a_part_that_nobody_waits_for_any_more_is_surplus(horizon: SandboxHorizon) -> None:
    session = make_session(FIVE)
    plant_payment(session, tx_hash=horizon.pay(session.memo, "5"))
    set_status(session, "processing", "paid")
    part = plant_receipt(session, "unmatched", "underpaid")
    assert run()[1] == ["left_over"]
    part.refresh_from_db()
    assert (part.status, part.reason) == ("surplus", "already_paid")
    changes_nothing_again(Entry.objects.count())


def test_parts_that_became_enough_pay(horizon: SandboxHorizon) -> None:
    endpoint = make_endpoint()
    session = make_session(FIVE)
    plant_receipt(session, "unmatched", "underpaid")
    assert run(dry_run=True)[1] == ["paid"] and status(session) == "pending"
    assert run()[1] == ["paid"]
    assert status(session) == "paid" and session.payments.get().amount == FIVE
    assert [one.event_type for one in endpoint.deliveries.all()] == ["checkout.session.paid"]
    changes_nothing_again(Entry.objects.count())


def test_an_account_that_horizon_does_not_know_holds_up_no_other(
    horizon: SandboxHorizon, settings: Any
) -> None:
    current = settings.STELLAR_RECEIVING_ACCOUNT
    settings.STELLAR_RECEIVING_ACCOUNT = ACCOUNT
    closed = processing(horizon, named=tx_hash("nowhere"))
    settings.STELLAR_RECEIVING_ACCOUNT = current
    other = processing(horizon)
    done, actions = run()
    assert actions == ["held_off", "rolled_back"] and done.repaired == 1
    assert "does not know" in done.repairs.get(session_id=closed.pk).detail
    assert [status(closed), status(other)] == ["processing", "pending"]


def test_a_transaction_that_horizon_cannot_show_holds_up_no_other(horizon: SandboxHorizon) -> None:
    unreadable, other = processing(horizon, named=tx_hash("one")), processing(horizon)
    horizon.set_fault("html_502", times=None, operation="transactions.payments")
    done, actions = run()
    assert actions == ["held_off", "rolled_back"] and done.repaired == 1
    assert [status(unreadable), status(other)] == ["processing", "pending"]


def test_a_run_that_fails_says_so(horizon: SandboxHorizon, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise LookupError("a session that nobody can repair")

    processing(horizon)
    monkeypatch.setattr("checkout.services.reconcile_sessions.repair", fail)
    with pytest.raises(LookupError):
        run()
    done = ReconcileRun.objects.get()
    assert done.outcome == "held_off" and "LookupError" in done.problem and done.finished_at


def test_a_busy_account_can_be_read_back_to_young_sessions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The oldest suspect does not make the others' history incomplete."""
    now = datetime.now(UTC)
    facts = operation()
    moments = [now - timedelta(seconds=number) for number in range(2 * PAGE)]
    listed = [SimpleNamespace(created_at=at, paging_token="7") for at in moments]
    pages = iter([listed[:PAGE], listed[PAGE:]])
    monkeypatch.setattr(ledger, "MOST_PAGES", 2)
    monkeypatch.setattr(ledger, "page_of", lambda *_, **__: next(pages))
    monkeypatch.setattr(ledger, "incoming", lambda *_: facts)
    state = LedgerState(9_000, int(now.timestamp()), 2, "")
    seen = ledger.scan(ACCOUNT, now - timedelta(days=1), state)
    assert len(seen.operations) == len(listed) and "operations" in seen.why
    assert seen.covers(now - timedelta(seconds=300))
    assert not seen.covers(moments[-1]) and not seen.covers(now - timedelta(days=1))


class TestAHorizonThatCannotBeBelieved:
    """Each case planted; nothing is repaired, and the run says why."""

    def plant(self, horizon: SandboxHorizon) -> list[CheckoutSession]:
        stale = processing(horizon, named=tx_hash("nowhere"))
        paid = make_session(FIVE)
        set_status(paid, "processing", "paid")
        age(paid, STALE)
        return [stale, paid]

    @pytest.mark.parametrize(
        "knobs", [{"down": True}, {"wrong_network": True}], ids=["down", "wrong network"]
    )
    def test_down_or_another_network(self, horizon: SandboxHorizon, knobs: dict[str, bool]) -> None:
        sessions = self.plant(horizon)
        horizon.settings(**knobs)
        before = Entry.objects.count()
        done, actions = run()
        assert (done.outcome, actions, done.repaired) == ("held_off", [], 0)
        assert "Horizon" in done.problem
        assert [status(one) for one in sessions] == ["processing", "paid"]
        assert Entry.objects.count() == before and not Finding.objects.exists()
        with pytest.raises(CommandError, match="Repaired nothing"):
            call_command("reconcile_sessions", stdout=StringIO())

    def test_answers_that_say_nothing(self, horizon: SandboxHorizon) -> None:
        sessions = self.plant(horizon)
        faults: list[tuple[str, dict[str, Any]]] = [
            ("error", {"status": 504, "body": {"type": "x/timeout", "title": "Timeout"}}),
            ("html_502", {}),
            ("truncated", {}),
            ("stale_history", {}),
            ("drop_before", {}),
        ]
        for fault, params in faults:
            horizon.set_fault(fault, times=None, operation="accounts.payments", params=params)
            done, actions = run()
            assert (done.outcome, set(actions)) == ("held_off", {"held_off"}), fault
            horizon.clear_faults()
        assert [status(one) for one in sessions] == ["processing", "paid"]

    def test_lagging(self, horizon: SandboxHorizon) -> None:
        horizon.stop_ingestion()
        sessions = self.plant(horizon)
        for session in sessions:
            age(session, -5)
        CheckoutSession.objects.filter(pk=sessions[0].pk).update(updated_at=sessions[0].created_at)
        done, actions = run()
        assert set(actions) <= {"held_off"} and done.repaired == 0
        assert not Finding.objects.exists()

    def test_with_its_history_cut(self, horizon: SandboxHorizon) -> None:
        sessions = self.plant(horizon)
        horizon.pay(sessions[0].memo, "5")
        horizon.close(3)
        horizon.cut_history()
        done, actions = run()
        assert actions == ["held_off", "held_off"] and done.outcome == "held_off"
        assert "history" in done.repairs.first().detail  # type: ignore[union-attr]
        assert [status(one) for one in sessions] == ["processing", "paid"]


def test_a_dry_run_says_what_it_would_do(horizon: SandboxHorizon) -> None:
    session = processing(horizon, named=tx_hash("nowhere"))
    other = make_session(FIVE)
    horizon.pay(other.memo, "5")
    set_status(other, "processing", "paid")
    age(other, STALE)
    before = Entry.objects.count()
    out = StringIO()
    call_command("reconcile_sessions", dry_run=True, stdout=out)
    assert "rolled_back" in out.getvalue() and "payment_inserted" in out.getvalue()
    assert [status(session), status(other)] == ["processing", "paid"]
    assert Entry.objects.count() == before and not Receipt.objects.exists()


def test_overlapping_runs_and_two_beats(horizon: SandboxHorizon) -> None:
    endpoint = make_endpoint()
    sessions = [make_session(FIVE) for _ in range(3)]
    for session in sessions:
        horizon.pay(session.memo, "5")
        set_status(session, "processing")
        age(session, STALE)
    lost = processing(horizon)
    paid = make_session(FIVE)
    set_status(paid, "processing", "paid")
    age(paid, STALE)
    told = endpoint.deliveries.count()
    race([reconcile, reconcile, partial(reconcile_sessions)])
    assert [status(one) for one in sessions] == ["paid"] * 3
    assert status(lost) == "pending"
    assert Payment.objects.count() == 3
    assert Finding.objects.count() == 1
    assert endpoint.deliveries.count() == told + 3
