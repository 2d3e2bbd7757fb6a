"""A payout through Stellar when Horizon gives no clear answer: still one payment, or none and that proven."""

from typing import Any

import pytest
from django.db import connection

from tests.factories import ALICE
from tests.sandbox_horizon import SandboxHorizon
from tests.transfers.stellar_steps import (
    Recipients,
    envelope,
    envelopes,
    let_time_pass,
    work_until_known,
)
from tests.transfers.steps import attempts, lease_over, work, work_when_due
from tests.transfers.wise_steps import Crash, CrashingCalls
from transfers.drivers import stellar_envelopes
from transfers.models import Finding
from transfers.rail_access import horizon_rail
from transfers.services.confirm_transfer import confirm_transfer
from transfers.services.retry_transfer import OutcomeUnknown, retry_transfer

pytestmark = pytest.mark.django_db(transaction=True)


SUBMIT = "transactions.submit"


TROUBLE = [
    "lost answer",
    "drop before",
    "504 later",
    "500 after",
    "500 before",
    "bad seq lie",
    "too late lie",
    "truncated",
    "html 502",
    "html 502 after",
    "429",
    "stale history",
    "still ingesting",
]


@pytest.mark.parametrize("words", TROUBLE)
def test_trouble_ends_in_exactly_one_payment(
    words: str, stellar: SandboxHorizon, recipients: Recipients
) -> None:
    payee = stellar.address(f"payee {words}")
    transfer = work_until_known(stellar, recipients.payout(payee))
    assert (transfer.status, transfer.outcome_unknown) == ("success", False)
    assert stellar.times_paid(payee) == 1
    assert recipients.heard_of(transfer) == ["processing", "success"]
    assert attempts(transfer)[0][:2] == (1, "succeeded")
    assert envelope(transfer).state == "applied_ok"
    assert not Finding.objects.exists()


class TestAfterA504:
    def test_that_is_applied_soon_after(
        self, stellar: SandboxHorizon, recipients: Recipients
    ) -> None:
        stellar.hold()
        transfer = work(recipients.payout(stellar.address("payee 1")))
        assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
        with pytest.raises(OutcomeUnknown, match="do not pay this by hand"):
            retry_transfer(transfer_id=transfer.pk, actor=ALICE)
        stellar.close()
        transfer = work_when_due(transfer)
        assert (transfer.status, transfer.outcome_unknown) == ("success", False)
        assert stellar.times_paid(stellar.address("payee 1")) == 1

    def test_that_another_node_applies_long_after(
        self, stellar: SandboxHorizon, recipients: Recipients
    ) -> None:
        payee = stellar.address("payee applied late")
        transfer = work(recipients.payout(payee))
        for _ in range(3):
            assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
            transfer = work_when_due(transfer)
        assert stellar.times_paid(payee) == 0 and len(envelopes(transfer)) == 1
        stellar.advance_clock(15)
        transfer = work_until_known(stellar, transfer)
        assert transfer.status == "success"
        assert stellar.times_paid(payee) == 1 and len(envelopes(transfer)) == 1

    def test_that_is_never_applied_is_paid_under_the_same_number_after_the_proof(
        self, stellar: SandboxHorizon, recipients: Recipients
    ) -> None:
        stellar.set_fault("504_never", operation=SUBMIT)
        payee = stellar.address("payee 1")
        transfer = work(recipients.payout(payee))
        for _ in range(3):
            transfer = work_when_due(transfer)
            assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
        assert len(envelopes(transfer)) == 1
        let_time_pass(stellar)
        transfer = work_until_known(stellar, transfer)
        assert transfer.status == "success"
        first, second = envelopes(transfer)
        assert (first.state, second.state) == ("expired", "applied_ok")
        assert (first.source, first.sequence) == (second.source, second.sequence)
        assert first.hash != second.hash
        assert first.proof and first.proof["closed_at"] > first.max_time
        assert [one[:2] for one in attempts(transfer)] == [(1, "failed"), (2, "succeeded")]
        assert recipients.heard_of(transfer) == ["processing", "success"]
        assert stellar.times_paid(payee) == 1

    def test_that_never_works_is_a_proven_failure_in_the_end(
        self, stellar: SandboxHorizon, recipients: Recipients
    ) -> None:
        stellar.set_fault("504_never", times=None, operation=SUBMIT)
        payee = stellar.address("payee 1")
        transfer = recipients.payout(payee)
        for _ in range(3):
            transfer = work_when_due(transfer)
            let_time_pass(stellar)
            work_when_due(transfer)
            transfer = work_when_due(transfer)
        assert (transfer.status, transfer.failure_code) == ("failed", "not_executed")
        assert [one.state for one in envelopes(transfer)] == ["expired"] * 3
        assert len({one.sequence for one in envelopes(transfer)}) == 1
        assert stellar.times_paid(payee) == 0
        assert recipients.heard_of(transfer) == ["processing", "failed"]


class TestRefusalsThatProveNothing:
    @pytest.mark.parametrize("code", ["tx_bad_seq", "tx_too_late", "tx_insufficient_fee"])
    def test_a_refusal_that_is_repeated_is_believed_only_after_the_deadline(
        self, code: str, stellar: SandboxHorizon, recipients: Recipients
    ) -> None:
        body = {
            "type": "https://stellar.org/horizon-errors/transaction_failed",
            "title": "Transaction Failed",
            "status": 400,
            "extras": {"result_codes": {"transaction": code}},
        }
        stellar.set_fault(
            "error", times=None, params={"status": 400, "body": body}, operation=SUBMIT
        )
        payee = stellar.address("payee 1")
        transfer = work(recipients.payout(payee))
        for _ in range(4):
            transfer = work_when_due(transfer)
            assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
        only = envelope(transfer)
        assert (only.send_count, only.last_refusal["code"]) == (5, code)
        stellar.clear_faults()
        transfer = work_until_known(stellar, transfer)
        assert transfer.status == "success"
        assert envelope(transfer).hash == only.hash
        assert stellar.times_paid(payee) == 1

    def test_a_number_that_somebody_else_used_kills_it_and_the_next_number_pays(
        self, stellar: SandboxHorizon, recipients: Recipients
    ) -> None:
        stellar.set_fault("drop_before", operation=SUBMIT)
        payee = stellar.address("payee 1")
        transfer = work(recipients.payout(payee))
        first = envelope(transfer)
        stranger = stellar.build((stellar.receiving, "native", "1"), source=stellar.channel(1))
        stellar.submit(stranger)
        for _ in range(3):
            transfer = work_when_due(transfer)
            assert transfer.outcome_unknown
        assert envelope(transfer).last_refusal["code"] == "tx_bad_seq"
        let_time_pass(stellar)
        transfer = work_until_known(stellar, transfer)
        assert transfer.status == "success"
        assert envelopes(transfer)[1].sequence == first.sequence + 1
        assert stellar.times_paid(payee) == 1


def test_an_answer_that_came_long_after_the_lease_is_found_by_a_person(
    stellar: SandboxHorizon, recipients: Recipients
) -> None:
    stellar.hold()
    transfer = work(recipients.payout(stellar.address("payee 1")))
    assert transfer.outcome_unknown
    _, said = confirm_transfer(transfer_id=transfer.pk, actor=ALICE)
    assert said == "the rail has no movement for it"
    stellar.close()
    transfer, said = confirm_transfer(transfer_id=transfer.pk, actor=ALICE)
    assert (said, transfer.status) == ("paid", "success")


def test_a_payment_that_a_ledger_lags_behind_with_is_unknown_until_it_shows(
    stellar: SandboxHorizon, recipients: Recipients
) -> None:
    payee = stellar.address("payee ingestion lag")
    transfer = work(recipients.payout(payee))
    transfer = work_when_due(transfer)
    assert transfer.outcome_unknown and stellar.times_paid(payee) == 1
    stellar.resume_ingestion()
    transfer = work_until_known(stellar, transfer)
    assert transfer.status == "success"
    assert stellar.times_paid(payee) == 1 and len(envelopes(transfer)) == 1


class TestKilled:
    """The worker is gone before or after a call; the next one asks first."""

    @pytest.mark.parametrize("after", [False, True])
    def test_at_the_post(
        self, after: bool, stellar: SandboxHorizon, recipients: Recipients, monkeypatch: Any
    ) -> None:
        rail = horizon_rail()
        monkeypatch.setattr(rail, "submit", CrashingCalls(rail.submit, 1, after=after))
        payee = stellar.address("payee 1")
        transfer = recipients.payout(payee)
        with pytest.raises(Crash):
            work(transfer)
        signed = envelope(transfer)
        assert (signed.state, signed.send_count) == ("sent", 1)
        lease_over(transfer)
        connection.cursor().execute(
            "UPDATE transfers_stellarenvelope SET check_due_at = clock_timestamp()"
        )
        calls = stellar.totals()["calls"]
        transfer = work(transfer)
        assert transfer.status == "success"
        new_calls = stellar.totals()["calls"]
        posts = new_calls["transactions.submit"] - calls.get("transactions.submit", 0)
        assert posts == (0 if after else 1)
        assert stellar.times_paid(payee) == 1
        assert envelope(transfer).hash == signed.hash

    def test_between_the_commit_and_the_post(
        self, stellar: SandboxHorizon, recipients: Recipients, monkeypatch: Any
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(stellar_envelopes, "_commit_send", CrashingCalls(None, 1, after=False))
            transfer = recipients.payout(stellar.address("payee 1"))
            with pytest.raises(Crash):
                work(transfer)
        assert envelope(transfer).state == "prepared"
        connection.cursor().execute(
            "UPDATE transfers_stellarenvelope SET check_due_at = clock_timestamp()"
        )
        transfer = work_when_due(transfer)
        assert transfer.status == "success"
        assert stellar.times_paid(stellar.address("payee 1")) == 1

    @pytest.mark.parametrize("at", [1, 2, 3])
    def test_before_anything_was_signed(
        self, at: int, stellar: SandboxHorizon, recipients: Recipients, monkeypatch: Any
    ) -> None:
        rail = horizon_rail()
        monkeypatch.setattr(rail, "_read", CrashingCalls(rail._read, at, after=True))
        transfer = recipients.payout(stellar.address("payee 1"))
        with pytest.raises(Crash):
            work(transfer)
        transfer = work_when_due(transfer)
        assert transfer.status == "success"
        assert stellar.times_paid(stellar.address("payee 1")) == 1
