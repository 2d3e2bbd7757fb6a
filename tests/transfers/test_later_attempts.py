"""A second attempt: the rail is asked before it is sent, because an earlier one may have moved after all."""

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from rails.answers import Declined, Moved
from tests.factories import ALICE, BOB
from tests.sandbox_process import SandboxProcess
from tests.transfers.steps import (
    actions,
    attempts,
    enqueue_one,
    moved,
    work,
    work_when_due,
)
from transfers.claim import claim_pending
from transfers.drivers.stripe import _before_the_next_send
from transfers.models import CrewMember, Finding, Transfer, TransferAttempt
from transfers.rail_access import stripe_rail
from transfers.selectors import get_transfer
from transfers.services.record_answer import record_answer
from transfers.services.resolve_finding import resolve_finding
from transfers.services.retry_transfer import retry_transfer

pytestmark = pytest.mark.django_db(transaction=True)


def failed_although_moved(account: str = "acct_1ok") -> Transfer:
    """Its first attempt reached the rail and moved; our books say that it was declined."""
    transfer = enqueue_one(account)
    claim = claim_pending(transfer, actor=ALICE)
    assert claim is not None
    key = claim.attempt.idempotency_key
    assert isinstance(stripe_rail().send(claim.attempt.request, idempotency_key=key), Moved)
    record_answer(claim, Declined("rejected", "It was refused."), actor=ALICE)
    return get_transfer(transfer.pk)


def test_what_an_earlier_attempt_moved_is_adopted_and_nothing_is_sent_beside_it(
    sandbox: SandboxProcess,
) -> None:
    transfer = failed_although_moved()
    assert transfer.status == "failed"
    retry_transfer(transfer_id=transfer.pk, actor=BOB)
    transfer = work(transfer)
    assert (transfer.status, moved(sandbox)) == ("success", 1)
    assert transfer.rail_reference == sandbox.books()["transfers"][0]["id"]
    assert attempts(transfer) == [(1, "failed", 1), (2, "succeeded", 1)]
    assert len(sandbox.books()["keys"]) == 1
    assert not Finding.objects.exists()


def test_also_when_the_persons_account_was_corrected_meanwhile(sandbox: SandboxProcess) -> None:
    transfer = failed_although_moved("acct_1old")
    CrewMember.objects.update(stripe_account="acct_1new")
    retry_transfer(transfer_id=transfer.pk, actor=BOB)
    assert (work(transfer).status, moved(sandbox)) == ("success", 1)


def test_a_finding_that_a_person_resolves_does_not_open_the_way_to_a_second_payment(
    sandbox: SandboxProcess,
) -> None:
    transfer = failed_although_moved()
    finding = Finding.objects.create(
        subject=f"transfer:{transfer.pk}", kind="moved_although_not_processing"
    )
    resolve_finding(finding_id=finding.pk, resolution="false_alarm", note="really", actor=BOB)
    retry_transfer(transfer_id=transfer.pk, actor=BOB)
    assert (work(transfer).status, moved(sandbox)) == ("success", 1)


def test_it_is_not_sent_while_the_rail_cannot_be_asked(sandbox: SandboxProcess) -> None:
    transfer = failed_although_moved()
    retry_transfer(transfer_id=transfer.pk, actor=BOB)
    sandbox.set_fault("html_502", times=None, method="GET")
    transfer = work(transfer)
    assert (transfer.status, transfer.outcome_unknown) == ("processing", False)
    assert "told_to_wait" in actions(transfer)
    transfer = work_when_due(transfer)
    assert (transfer.status, transfer.outcome_unknown) == ("processing", False)
    sandbox.clear_faults()
    assert (work_when_due(transfer).status, moved(sandbox)) == ("success", 1)


def test_where_nothing_moved_the_second_attempt_is_sent(sandbox: SandboxProcess) -> None:
    transfer = work(enqueue_one("acct_missing_1"))
    CrewMember.objects.update(stripe_account="acct_1ok")
    retry_transfer(transfer_id=transfer.pk, actor=BOB)
    transfer = work(transfer)
    assert (transfer.status, moved(sandbox)) == ("success", 1)
    assert attempts(transfer) == [(1, "failed", 1), (2, "succeeded", 1)]


def test_a_rail_in_trouble_is_pressed_less_and_less(settings: Settings) -> None:
    settings.PROBE_DELAYS_SECONDS, settings.LEASE_SECONDS = [5, 15, 60, 300, 3600], 120
    counts = [TransferAttempt(send_count=count) for count in (1, 2, 3, 4, 9)]
    assert [_before_the_next_send(one) for one in counts] == [5, 15, 60, 120, 120]


def test_the_next_check_is_later_after_each_unclear_send(
    sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.PROBE_DELAYS_SECONDS, settings.LEASE_SECONDS = [5, 50, 500], 120
    sandbox.set_fault("drop_before", times=None, method="POST")
    transfer = work(enqueue_one())
    waits = [_wait(transfer)]
    for _ in range(2):
        transfer = work_when_due(transfer)
        waits.append(_wait(transfer))
    assert [round(one, -1) for one in waits] == [0, 50, 120]
    assert attempts(transfer) == [(1, "unknown", 3)]


def _wait(transfer: Transfer) -> float:
    assert transfer.due_at is not None
    return (transfer.due_at - timezone.now()).total_seconds()
