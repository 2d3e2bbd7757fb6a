"""The work on one transfer from every point at which a worker may have died, and for every answer."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from guard.errors import Refused
from rails.answers import Declined, Moved, NotNow, Unclear
from tests.factories import ALICE
from tests.sandbox_process import SandboxProcess
from tests.transfers.steps import (
    actions,
    attempts,
    enqueue_one,
    lease_over,
    moved,
    paid,
    take_up,
    work,
    work_when_due,
)
from transfers.claim import Claim, claim_due, claim_pending, commit_resend
from transfers.models import Finding, Transfer, TransferAttempt
from transfers.pace import hold_back
from transfers.policy import attempt_key, transfer_group
from transfers.rail_access import stripe_rail
from transfers.selectors import get_transfer
from transfers.services.record_answer import record_answer

pytestmark = pytest.mark.django_db(transaction=True)


def claim(transfer: Transfer) -> Claim:
    """What a worker does first; the test then lets it die, or go on."""
    claimed = claim_pending(get_transfer(transfer.pk), actor=ALICE)
    assert claimed is not None
    return claimed


def test_pending_to_success_in_one_turn(sandbox: SandboxProcess) -> None:
    transfer = work(enqueue_one())
    assert (transfer.status, transfer.outcome_unknown, transfer.due_at) == ("success", False, None)
    (movement,) = sandbox.books()["transfers"]
    assert transfer.rail_reference == movement["id"]
    assert movement["transfer_group"] == transfer_group(transfer)
    assert actions(transfer) == ["pending", "processing", "success"]
    attempt = transfer.attempts.get()
    assert (attempt.outcome, attempt.answered, attempt.send_count) == ("succeeded", True, 1)
    assert attempt.idempotency_key == attempt_key(transfer, 1)
    assert sandbox.books()["keys"].keys() == {attempt.idempotency_key}
    assert attempt.evidence[0]["transfer"] == movement["id"]
    assert work(transfer).version == transfer.version


@pytest.mark.parametrize(
    ("account", "code"),
    [
        ("acct_insufficient_1", "balance_insufficient"),
        ("acct_no_transfers_1", "insufficient_capabilities_for_transfer"),
        ("acct_missing_1", "resource_missing"),
    ],
)
def test_a_decline_is_a_proven_failure(sandbox: SandboxProcess, account: str, code: str) -> None:
    transfer = work(enqueue_one(account))
    assert (transfer.status, transfer.failure_code, transfer.due_at) == ("failed", code, None)
    assert transfer.failure_message
    assert attempts(transfer) == [(1, "failed", 1)]
    assert moved(sandbox) == 0


@pytest.mark.parametrize(
    "account",
    [
        "acct_lost_answer_1",
        "acct_drop_before_1",
        "acct_truncated_1",
        "acct_html_502_1",
        "acct_html_502_after_1",
        "acct_500_after_1",
        "acct_409_1",
        "acct_silent_1",
    ],
)
def test_an_unclear_answer_is_found_out_and_never_paid_twice(
    sandbox: SandboxProcess, account: str
) -> None:
    transfer = work(enqueue_one(account))
    assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
    assert attempts(transfer) == [(1, "unknown", 1)]
    transfer = work_when_due(transfer)
    assert (transfer.status, transfer.outcome_unknown) == ("success", False)
    assert moved(sandbox) == 1
    assert len(sandbox.books()["keys"]) == 1


@pytest.mark.parametrize("account", ["acct_429_1", "acct_lock_timeout_1"])
def test_told_to_wait_is_no_unknown_outcome(sandbox: SandboxProcess, account: str) -> None:
    transfer = work(enqueue_one(account))
    assert (transfer.status, transfer.outcome_unknown) == ("processing", False)
    for _ in range(3):
        if transfer.status == "processing":
            transfer = work_when_due(transfer)
    assert transfer.status == "success"
    assert "outcome_unknown" not in actions(transfer)
    assert moved(sandbox) == 1


def test_nothing_is_due_while_a_worker_holds_the_lease(sandbox: SandboxProcess) -> None:
    transfer = enqueue_one()
    held = claim(transfer)
    before = sandbox.totals()["requests"]
    assert work(transfer).fence == held.fence
    assert sandbox.totals()["requests"] == before


class TestKilled:
    """A worker that dies leaves an attempt behind; the next one asks the rail before it does anything."""

    def test_before_the_call(self, sandbox: SandboxProcess) -> None:
        transfer = enqueue_one()
        claim(transfer)
        assert moved(sandbox) == 0
        transfer = work_when_due(transfer)
        assert transfer.status == "success"
        assert attempts(transfer) == [(1, "succeeded", 2)]
        assert moved(sandbox) == 1

    def test_between_call_and_record(self, sandbox: SandboxProcess) -> None:
        transfer = enqueue_one()
        held = claim(transfer)
        stripe_rail().send(held.attempt.request, idempotency_key=held.attempt.idempotency_key)
        assert moved(sandbox) == 1
        transfer = work_when_due(transfer)
        assert transfer.status == "success"
        # Found by asking: the request did not go out again.
        assert attempts(transfer) == [(1, "succeeded", 1)]
        assert moved(sandbox) == 1

    def test_after_taking_up_before_the_resend(self, sandbox: SandboxProcess) -> None:
        transfer = enqueue_one()
        claim(transfer)
        take_up(transfer)
        assert get_transfer(transfer.pk).outcome_unknown
        transfer = work_when_due(transfer)
        assert (transfer.status, moved(sandbox)) == ("success", 1)

    def test_after_the_resend_was_committed(self, sandbox: SandboxProcess) -> None:
        transfer = enqueue_one()
        claim(transfer)
        assert commit_resend(take_up(transfer)) is not None
        transfer = work_when_due(transfer)
        assert attempts(transfer) == [(1, "succeeded", 3)]
        assert moved(sandbox) == 1

    def test_after_the_resend_was_answered(self, sandbox: SandboxProcess) -> None:
        transfer = enqueue_one()
        claim(transfer)
        held = commit_resend(take_up(transfer))
        assert held is not None
        stripe_rail().send(held.attempt.request, idempotency_key=held.attempt.idempotency_key)
        transfer = work_when_due(transfer)
        assert (transfer.status, attempts(transfer)) == ("success", [(1, "succeeded", 2)])
        assert moved(sandbox) == 1

    def test_the_request_of_a_resend_is_the_first_one_byte_for_byte(
        self, sandbox: SandboxProcess
    ) -> None:
        transfer = enqueue_one("acct_drop_before_1")
        work(transfer)
        # The account changed meanwhile: the open attempt keeps its own.
        with connection.cursor() as cursor:
            cursor.execute("UPDATE transfers_transfer SET destination = 'acct_2new'")
            cursor.execute("UPDATE transfers_crewmember SET stripe_account = 'acct_2new'")
        work_when_due(transfer)
        assert sandbox.books()["transfers"][0]["destination"] == "acct_drop_before_1"
        assert moved(sandbox) == 1


class TestFence:
    """An answer counts only under the fence of the claim that asked; proof of success counts for everybody."""

    def test_a_late_decline_changes_nothing(self, sandbox: SandboxProcess) -> None:
        transfer = enqueue_one()
        slow = claim(transfer)
        take_up(transfer)
        record_answer(slow, Declined("late", "late"), actor=ALICE)
        now = get_transfer(transfer.pk)
        assert (now.status, now.failure_code) == ("processing", "")
        assert attempts(now) == [(1, "unknown", 1)]

    @pytest.mark.parametrize(
        "answer", [NotNow("late", 1.0), Unclear("late"), Unclear("late", spent=True)]
    )
    def test_a_late_unclear_answer_changes_nothing(
        self, sandbox: SandboxProcess, answer: NotNow | Unclear
    ) -> None:
        transfer = enqueue_one()
        slow = claim(transfer)
        take_up(transfer)
        before = get_transfer(transfer.pk)
        record_answer(slow, answer, actor=ALICE)
        now = get_transfer(transfer.pk)
        assert (now.version, now.due_at) == (before.version, before.due_at)
        assert now.attempts.get().spent is False

    def test_a_late_success_is_a_fact(self, sandbox: SandboxProcess) -> None:
        transfer = enqueue_one()
        slow = claim(transfer)
        take_up(transfer)
        answer = stripe_rail().send(
            slow.attempt.request, idempotency_key=slow.attempt.idempotency_key
        )
        assert isinstance(answer, Moved)
        record_answer(slow, answer, actor=ALICE)
        assert get_transfer(transfer.pk).status == "success"
        record_answer(slow, answer, actor=ALICE)
        assert actions(transfer).count("success") == 1
        assert Finding.objects.count() == 0

    def test_a_lost_lease_sends_nothing_again(self, sandbox: SandboxProcess) -> None:
        transfer = enqueue_one()
        claim(transfer)
        held = take_up(transfer)
        lease_over(transfer)
        assert commit_resend(held) is None
        take_up(transfer)
        assert commit_resend(held) is None
        assert transfer.attempts.get().send_count == 1

    def test_two_who_take_up_the_same_row(self, sandbox: SandboxProcess) -> None:
        transfer = enqueue_one()
        claim(transfer)
        lease_over(transfer)
        seen = get_transfer(transfer.pk)
        assert claim_due(seen, actor=ALICE) is not None
        assert claim_due(seen, actor=ALICE) is None


def test_a_rail_without_credentials_leaves_it_pending(
    sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.STRIPE_API_KEY = ""
    stripe_rail.cache_clear()
    transfer = enqueue_one()
    with pytest.raises(Refused, match="STRIPE_API_KEY"):
        work(transfer)
    assert get_transfer(transfer.pk).status == "pending"


def test_wrong_credentials_are_no_failure_of_anybodys_payment(
    sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.STRIPE_API_KEY = "wrong"
    stripe_rail.cache_clear()
    transfer = work(enqueue_one())
    assert (transfer.status, transfer.outcome_unknown) == ("processing", False)
    assert actions(transfer)[-1] == "told_to_wait"
    assert moved(sandbox) == 0


def test_the_attempt_is_committed_before_the_call(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another connection sees the key and the exact request while the call is under way."""
    transfer = enqueue_one()
    rail = stripe_rail()
    original = rail.send
    seen: list[tuple[str, dict[str, Any]]] = []

    def look() -> None:
        try:
            seen.extend(TransferAttempt.objects.values_list("idempotency_key", "request"))
        finally:
            connection.close()

    def spy(request: Any, *, idempotency_key: str) -> Any:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(look).result()
        assert seen == [(idempotency_key, request)]
        return original(request, idempotency_key=idempotency_key)

    monkeypatch.setattr(rail, "send", spy)
    assert work(transfer).status == "success"


def test_a_turn_that_came_too_late_sends_nothing(
    sandbox: SandboxProcess, settings: Settings
) -> None:
    """Somebody else may take the row over while this worker waits for its turn on the rail."""
    settings.LEASE_SECONDS, settings.RAIL_TIMEOUT_SECONDS = 2, 1
    hold_back("stripe", 1.6)
    transfer = work(enqueue_one())
    assert (transfer.status, attempts(transfer)) == ("processing", [(1, "live", 1)])
    assert sandbox.totals()["requests"] == 0
    assert work_when_due(transfer).status == "success"
    assert moved(sandbox) == 1


def test_no_database_connection_is_held_during_the_call(sandbox: SandboxProcess) -> None:
    """A slow rail must not use up the pool."""
    sandbox.settings(latency_ms=50)
    transfer = enqueue_one()
    seen: list[bool] = []
    rail = stripe_rail()
    original = rail.send

    def spy(*args: object, **kwargs: object) -> object:
        seen.append(connection.connection is None)
        return original(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    rail.send = spy  # type: ignore[method-assign,assignment]  # looked at, not replaced
    work(transfer)
    assert seen == [True]


def test_a_paid_one_is_left_alone(sandbox: SandboxProcess) -> None:
    transfer = paid()
    before = sandbox.totals()["requests"]
    lease_over(transfer)
    work(transfer)
    assert moved(sandbox) == 1
    assert sandbox.totals()["requests"] == before
