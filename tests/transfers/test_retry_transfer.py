"""Retry: only after a proven failure, under a new key, and never while money may have moved."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from guard.errors import Conflicted, IllegalTransition, NotFound, Refused
from rails.answers import Moved
from tests.factories import ALICE, BOB
from tests.guard.rows import transfer_in
from tests.sandbox_process import SandboxProcess
from tests.transfers.steps import actions, attempts, enqueue_one, moved, paid, work
from transfers.models import CrewMember, Finding
from transfers.rail_access import stripe_rail
from transfers.selectors import get_transfer
from transfers.services.confirm_transfer import confirm_transfer
from transfers.services.retry_transfer import ObligationLive, OutcomeUnknown, retry_transfer

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_failed_one_is_paid_under_a_new_key_to_the_present_account(
    sandbox: SandboxProcess,
) -> None:
    transfer = work(enqueue_one("acct_insufficient_1"))
    CrewMember.objects.update(stripe_account="acct_2new")
    again = retry_transfer(transfer_id=transfer.pk, actor=BOB)
    assert (again.status, again.destination) == ("pending", "acct_2new")
    again = work(again)
    assert (again.status, again.failure_code, again.failure_message) == ("success", "", "")
    assert attempts(again) == [(1, "failed", 1), (2, "succeeded", 1)]
    assert len(sandbox.books()["keys"]) == 2
    assert sandbox.books()["transfers"][0]["destination"] == "acct_2new"
    assert actions(again) == ["pending", "processing", "failed", "pending", "processing", "success"]
    assert moved(sandbox) == 1


def test_without_a_cure_it_fails_again(sandbox: SandboxProcess) -> None:
    transfer = work(enqueue_one("acct_insufficient_1"))
    retry_transfer(transfer_id=transfer.pk, actor=ALICE)
    assert work(transfer).status == "failed"
    assert attempts(transfer) == [(1, "failed", 1), (2, "failed", 1)]


def test_an_unknown_outcome_is_refused_and_audited(sandbox: SandboxProcess) -> None:
    transfer = work(enqueue_one("acct_silent_1"))
    with pytest.raises(OutcomeUnknown) as refused:
        retry_transfer(transfer_id=transfer.pk, actor=ALICE)
    assert (refused.value.code, refused.value.http_status) == ("outcome_unknown", 409)
    assert refused.value.extra["next_check_at"] == transfer.due_at
    assert actions(transfer)[-1] == "pending conflict"
    assert attempts(transfer) == [(1, "unknown", 1)]


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_one_under_way_is_refused_and_audited(status: str) -> None:
    transfer = transfer_in(status)
    with pytest.raises(ObligationLive) as refused:
        retry_transfer(transfer_id=transfer.pk, actor=ALICE)
    assert (refused.value.code, refused.value.http_status) == ("obligation_live", 409)
    assert actions(transfer) == ["pending conflict"]


@pytest.mark.parametrize("status", ["success", "reversed", "returned"])
def test_a_paid_one_has_no_such_step(status: str) -> None:
    transfer = transfer_in(status)
    with pytest.raises(IllegalTransition) as refused:
        retry_transfer(transfer_id=transfer.pk, actor=ALICE)
    assert (refused.value.extra["from"], refused.value.extra["to"]) == (status, "pending")
    assert actions(transfer) == ["pending illegal"]


def test_an_unknown_id() -> None:
    with pytest.raises(NotFound):
        retry_transfer(transfer_id=404, actor=ALICE)


def test_a_stale_version_conflicts(sandbox: SandboxProcess) -> None:
    transfer = work(enqueue_one("acct_insufficient_1"))
    with pytest.raises(Conflicted):
        retry_transfer(transfer_id=transfer.pk, actor=ALICE, version=transfer.version - 1)
    retry_transfer(transfer_id=transfer.pk, actor=ALICE, version=transfer.version)
    assert actions(transfer)[-2:] == ["pending conflict", "pending"]


def test_eight_at_once_are_one_retry(sandbox: SandboxProcess) -> None:
    transfer = work(enqueue_one("acct_insufficient_1"))
    barrier = threading.Barrier(8, timeout=20)

    def press(_: int) -> str:
        try:
            barrier.wait()
            retry_transfer(transfer_id=transfer.pk, actor=ALICE)
        except Refused as refused:
            return refused.code
        finally:
            connection.close()
        return "retried"

    with ThreadPoolExecutor(8) as pool:
        results = Counter(pool.map(press, range(8)))
    assert results["retried"] == 1
    assert set(results) <= {"retried", "conflict", "obligation_live"}
    assert get_transfer(transfer.pk).status == "pending"


def test_a_failure_that_a_movement_contradicts_cannot_be_retried(sandbox: SandboxProcess) -> None:
    """The rail shows money for a debt that failed here: until a person resolves the finding, nobody pays again."""
    transfer = work(enqueue_one("acct_insufficient_1"))
    request = transfer.attempts.get().request
    sandbox.cure("acct_insufficient_1")
    assert isinstance(stripe_rail().send(request, idempotency_key="by-hand"), Moved)
    confirm_transfer(transfer_id=transfer.pk, actor=ALICE)
    assert Finding.objects.get().kind == "moved_although_not_processing"
    with pytest.raises(ObligationLive):
        retry_transfer(transfer_id=transfer.pk, actor=ALICE)
    assert actions(transfer)[-1] == "pending conflict"
    assert get_transfer(transfer.pk).status == "failed"
    Finding.objects.update(state="resolved")
    assert retry_transfer(transfer_id=transfer.pk, actor=ALICE).status == "pending"


def test_paid_is_paid(sandbox: SandboxProcess) -> None:
    with pytest.raises(IllegalTransition):
        retry_transfer(transfer_id=paid().pk, actor=ALICE)
    assert moved(sandbox) == 1
