"""An unknown outcome on Stripe: looked up, sent again only where that is safe, and never under a second key."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from pytest_django.fixtures import Settings

from rails.answers import Declined
from tests.factories import ALICE
from tests.sandbox_process import SandboxProcess
from tests.transfers.steps import (
    attempts,
    enqueue_one,
    moved,
    take_up,
    work,
    work_when_due,
)
from transfers.claim import commit_resend
from transfers.models import Finding, Transfer, TransferAttempt
from transfers.rail_access import stripe_rail
from transfers.services.retry_transfer import retry_transfer

pytestmark = pytest.mark.django_db(transaction=True)


class TestUnknown:
    """An unknown outcome is looked up, sent again only where that is safe, and never under a second key."""

    def test_it_happened(self, sandbox: SandboxProcess) -> None:
        transfer = work(enqueue_one("acct_500_after_1"))
        transfer = work_when_due(transfer)
        assert (transfer.status, attempts(transfer)) == ("success", [(1, "succeeded", 1)])

    def test_it_did_not_happen_and_that_is_proven(
        self, sandbox: SandboxProcess, settings: Settings
    ) -> None:
        settings.PROBE_DELAYS_SECONDS = [0.0] * 4
        transfer = work(enqueue_one("acct_500_stored_1"))
        turns = 0
        while transfer.status == "processing":
            transfer = work_when_due(transfer)
            turns += 1
            assert turns < 10
        assert (transfer.status, transfer.failure_code) == ("failed", "not_executed")
        attempt = transfer.attempts.get()
        # Sent once more to learn that the key is spent; after that only looked up, the whole ladder.
        assert (attempt.send_count, attempt.spent, attempt.probe_count) == (2, True, 3)
        assert turns == 5
        assert len(attempt.evidence[-1]["looked"]) == 2
        retry_transfer(transfer_id=transfer.pk, actor=ALICE)
        sandbox.cure("acct_500_stored_1")
        transfer = work(transfer)
        assert attempts(transfer) == [(1, "failed", 2), (2, "succeeded", 1)]
        assert moved(sandbox) == 1

    def test_a_spent_key_is_not_sent_again(self, sandbox: SandboxProcess) -> None:
        transfer = work(enqueue_one("acct_500_stored_1"))
        transfer = work_when_due(transfer)
        assert transfer.attempts.get().spent
        work_when_due(transfer)
        assert transfer.attempts.get().send_count == 2

    def test_the_list_lags_behind_and_the_ledger_knows(self, sandbox: SandboxProcess) -> None:
        sandbox.settings(list_lag_seconds=3_600)
        transfer = work(enqueue_one("acct_500_after_1"))
        for _ in range(5):
            if transfer.status == "processing":
                transfer = work_when_due(transfer)
        assert transfer.status == "success"
        assert moved(sandbox) == 1

    def test_after_the_resend_window_nothing_is_sent_and_nothing_fails_by_itself(
        self, sandbox: SandboxProcess
    ) -> None:
        transfer = work(enqueue_one("acct_drop_before_1"))
        _long_ago(transfer, hours=20)
        sandbox.prune_keys()
        for _ in range(8):
            transfer = work_when_due(transfer)
        assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
        assert attempts(transfer) == [(1, "unknown", 1)]
        assert moved(sandbox) == 0

    def test_a_key_that_stripe_forgot_is_not_used_again_after_a_payment(
        self, sandbox: SandboxProcess
    ) -> None:
        """The very case the window is for: it moved, the list lags, and the key would execute anew."""
        transfer = work(enqueue_one("acct_silent_1"))
        assert moved(sandbox) == 1
        sandbox.settings(list_lag_seconds=3_600)
        _long_ago(transfer, hours=20)
        sandbox.prune_keys()
        for _ in range(4):
            work_when_due(transfer)
        assert moved(sandbox) == 1
        sandbox.settings(list_lag_seconds=0)
        assert work_when_due(transfer).status == "success"

    def test_a_rail_that_cannot_be_asked_teaches_nothing(
        self, sandbox: SandboxProcess, settings: Settings
    ) -> None:
        transfer = work(enqueue_one("acct_drop_before_1"))
        sandbox.set_fault("html_502", times=None, method="GET")
        for _ in range(5):
            transfer = work_when_due(transfer)
        assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
        attempt = transfer.attempts.get()
        assert (attempt.probe_count, attempt.send_count) == (0, 1)
        sandbox.clear_faults()
        assert work_when_due(transfer).status == "success"

    def test_declined_after_an_unclear_send_is_believed_only_with_empty_books(
        self, sandbox: SandboxProcess
    ) -> None:
        transfer = work(enqueue_one("acct_drop_before_1"))
        sandbox.set_account("acct_drop_before_1", trouble="insufficient")
        transfer = work_when_due(transfer)
        assert (transfer.status, transfer.failure_code) == ("failed", "balance_insufficient")
        assert moved(sandbox) == 0

    def test_a_decline_that_nobody_recorded_waits_until_the_books_can_be_read(
        self, sandbox: SandboxProcess
    ) -> None:
        transfer = work(enqueue_one("acct_drop_before_1"))
        sandbox.set_account("acct_drop_before_1", trouble="insufficient")
        held = commit_resend(take_up(transfer))
        assert held is not None
        answer = stripe_rail().send(
            held.attempt.request, idempotency_key=held.attempt.idempotency_key
        )
        assert isinstance(answer, Declined)
        sandbox.set_fault("html_502", times=None, method="GET")
        transfer = work_when_due(transfer)
        assert transfer.status == "processing"
        sandbox.clear_faults()
        assert work_when_due(transfer).status == "failed"

    def test_a_decline_does_not_hide_a_movement_that_the_first_look_missed(
        self, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The unclear send executes after the look-up, and the resend is then declined (rules, 6)."""
        transfer = work(enqueue_one("acct_drop_before_1"))
        rail = stripe_rail()
        original = rail.send

        def late_then_declined(request: Any, *, idempotency_key: str) -> Declined:
            original(request, idempotency_key=idempotency_key)
            return Declined("balance_insufficient", "no")

        monkeypatch.setattr(rail, "send", late_then_declined)
        transfer = work_when_due(transfer)
        assert transfer.status == "success"
        assert moved(sandbox) == 1

    def test_two_movements_of_one_debt_are_a_finding_and_never_a_success(
        self, sandbox: SandboxProcess
    ) -> None:
        transfer = work(enqueue_one("acct_lost_answer_1"))
        request = transfer.attempts.get().request
        # Somebody paid by hand under the same group, with another key.
        stripe_rail().send(request, idempotency_key="by-hand")
        transfer = work_when_due(transfer)
        work_when_due(transfer)
        assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
        finding = Finding.objects.get()
        assert (finding.kind, finding.subject) == ("moved_twice", f"transfer:{transfer.pk}")


def _long_ago(transfer: Transfer, *, hours: int) -> None:
    """Only the clock is turned back; the trigger that keeps an attempt as it was rests for that."""
    table, trigger = "transfers_transferattempt", _trigger_of("attempt_is_fixed")
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    TransferAttempt.objects.filter(transfer=transfer).update(
        first_sent_at=F("first_sent_at") - timedelta(hours=hours)
    )
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


def _trigger_of(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE %s", [f"pgtrigger_{name}%"])
        (found,) = cursor.fetchone()
    return str(found)
