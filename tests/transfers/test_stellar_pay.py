"""A payout through Stellar: one payment or a proven absence, whatever Horizon answers, by Horizon's own books."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from pytest_django.fixtures import Settings
from stellar_sdk import MuxedAccount

from audit.actor import Actor
from money import Money
from tests.conftest import forget_stellar
from tests.factories import ALICE
from tests.sandbox_horizon import SandboxHorizon
from tests.transfers.stellar_steps import (
    Recipients,
    envelope,
    envelopes,
    let_time_pass,
    work_until_known,
)
from tests.transfers.steps import actions, attempts, lease_over, work, work_when_due
from tests.transfers.wise_steps import Crash, CrashingCalls, the_attempt
from transfers.change import change_transfer
from transfers.drivers import stellar_envelopes
from transfers.errors import RailSaysOtherwise
from transfers.models import Finding, StellarEnvelope, Transfer
from transfers.rail_access import RailNotConfigured, horizon_rail
from transfers.services.confirm_release import confirm_release
from transfers.services.confirm_transfer import RailUnavailable, confirm_transfer
from transfers.services.propose_release import propose_release
from transfers.services.retry_transfer import OutcomeUnknown, retry_transfer

pytestmark = pytest.mark.django_db(transaction=True)
SUBMIT = "transactions.submit"


def test_a_payout_is_paid_in_one_turn(stellar: SandboxHorizon, recipients: Recipients) -> None:
    payee = stellar.address("payee 1")
    transfer = work(recipients.payout(payee, memo="inv-7"))
    assert transfer.status == "success"
    signed = envelope(transfer)
    assert transfer.rail_reference == f"{signed.hash}:1"
    (attempt,) = transfer.attempts.all()
    assert attempt.rail_key == attempt.funding_reference == f"{signed.hash}:1"
    assert (attempt.outcome, attempt.send_count, attempt.answered) == ("succeeded", 1, True)
    assert recipients.heard_of(transfer) == ["processing", "success"]
    assert actions(transfer) == ["processing", "success"]
    assert stellar.times_paid(payee) == 1
    (booked,) = [row for row in stellar.books()["transactions"] if row["hash"] == signed.hash]
    assert "inv-7" in str(booked)


def test_an_issued_asset_by_its_code_and_by_its_full_name(
    stellar: SandboxHorizon, recipients: Recipients
) -> None:
    payee, issuer = stellar.address("payee 1"), stellar.address("issuer")
    before = Money.parse(stellar.balance(payee, "USDC"), "USDC")
    for currency in ("USDC", f"USDC:{issuer}"):
        transfer = work(recipients.payout(payee, amount=Money.parse("2.5000001", currency)))
        assert transfer.status == "success"
    after = Money.parse(stellar.balance(payee, "USDC"), "USDC")
    assert (after - before).format() == "5.0000002"


def test_a_muxed_address_names_the_user_behind_the_account(
    stellar: SandboxHorizon, recipients: Recipients
) -> None:
    muxed = MuxedAccount(stellar.address("payee 2"), 987).account_muxed
    assert muxed
    transfer = work(recipients.payout(muxed))
    assert transfer.status == "success"
    assert muxed in str(stellar.books()["operations"])
    assert stellar.times_paid(stellar.address("payee 2")) == 1


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


class TestAbsenceIsNotProven:
    """Each of these would make a second payment possible, so nothing new is signed."""

    @pytest.fixture
    def lost(self, stellar: SandboxHorizon, recipients: Recipients) -> Any:
        stellar.set_fault("drop_before", times=None, operation=SUBMIT)
        transfer = work(recipients.payout(stellar.address("payee 1")))
        assert transfer.outcome_unknown
        return transfer

    def still_unknown(self, transfer: Any, turns: int = 4) -> StellarEnvelope:
        for _ in range(turns):
            transfer = work_when_due(transfer)
            assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
        only = envelope(transfer)
        assert only.state == "sent"
        return only

    def test_before_the_deadline(self, lost: Any, stellar: SandboxHorizon) -> None:
        stellar.advance_clock(270)
        self.still_unknown(lost)

    def test_within_the_margin(self, lost: Any, stellar: SandboxHorizon) -> None:
        stellar.advance_clock(305)
        before = self.still_unknown(lost)
        assert before.send_count <= 2  # a post would be useless by now

    def test_while_horizon_does_not_ingest(self, lost: Any, stellar: SandboxHorizon) -> None:
        stellar.stop_ingestion()
        let_time_pass(stellar)
        self.still_unknown(lost)
        stellar.clear_faults()
        stellar.resume_ingestion()
        transfer = work_until_known(stellar, lost)
        assert transfer.status == "success"
        assert stellar.times_paid(stellar.address("payee 1")) == 1

    def test_on_another_network(self, lost: Any, stellar: SandboxHorizon) -> None:
        let_time_pass(stellar)
        stellar.settings(wrong_network=True)
        self.still_unknown(lost)

    def test_while_horizon_is_down(self, lost: Any, stellar: SandboxHorizon) -> None:
        let_time_pass(stellar)
        stellar.settings(down=True)
        self.still_unknown(lost)

    def test_when_history_does_not_reach_back(self, lost: Any, stellar: SandboxHorizon) -> None:
        let_time_pass(stellar)
        stellar.cut_history()
        self.still_unknown(lost)
        assert Finding.objects.get().kind == "history_cut"

    def test_after_one_look(self, lost: Any, stellar: SandboxHorizon) -> None:
        let_time_pass(stellar)
        self.still_unknown(lost, turns=1)


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


BAD = {
    "payee missing": ("XLM", "op_no_destination"),
    "payee no trust": ("USDC", "op_no_trust"),
    "payee full": ("USDC", "op_line_full"),
    "payee frozen": ("USDC", "op_not_authorized"),
    "payee memo": ("XLM", "memo_required"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_destination_fails_before_anything_is_signed(
    name: str, stellar: SandboxHorizon, recipients: Recipients
) -> None:
    currency, code = BAD[name]
    transfer = work(recipients.payout(stellar.address(name), amount=Money(15_000_000, currency)))
    assert (transfer.status, transfer.failure_code) == ("failed", code)
    assert not StellarEnvelope.objects.exists()
    assert recipients.heard_of(transfer) == ["processing", "failed"]


def test_a_memo_makes_an_account_payable_that_wants_one(
    stellar: SandboxHorizon, recipients: Recipients
) -> None:
    assert work(recipients.payout(stellar.address("payee memo"), memo="7")).status == "success"


@pytest.mark.parametrize("details", [{"type": "iban"}, {"type": "stellar", "address": "G123"}])
def test_a_recipient_that_is_no_stellar_address_fails(
    details: dict[str, str], stellar: SandboxHorizon, recipients: Recipients
) -> None:
    transfer = recipients.payout("G")
    recipients.details[transfer.source_id] = details
    transfer = work(transfer)
    assert (transfer.status, transfer.failure_code) == ("failed", "recipient_unsupported")


def test_a_treasury_without_money_waits_for_it(
    stellar: SandboxHorizon, recipients: Recipients
) -> None:
    payee, treasury = stellar.address("payee 1"), stellar.treasury.public_key
    stellar.fund(treasury, "1.0000000", "USDC")
    transfer = work(recipients.payout(payee, amount=Money(15_000_000, "USDC")))
    assert (transfer.status, transfer.outcome_unknown) == ("processing", False)
    (attempt,) = transfer.attempts.all()
    assert attempt.waiting_for["code"] == "treasury_underfunded"
    stellar.fund(treasury, "1.5000000", "USDC")
    assert work_when_due(transfer).status == "success"
    assert stellar.times_paid(payee) == 1


@pytest.mark.parametrize(
    ("code", "status"), [("op_no_trust", "failed"), ("op_underfunded", "success")]
)
def test_what_a_ledger_failed_was_not_paid(
    code: str, status: str, stellar: SandboxHorizon, recipients: Recipients
) -> None:
    stellar.set_fault("applied_failed", params={"code": code}, operation=SUBMIT)
    payee = stellar.address("payee 1")
    transfer = work_until_known(stellar, recipients.payout(payee))
    assert transfer.status == status
    assert envelopes(transfer)[0].state == "applied_failed"
    assert stellar.times_paid(payee) == (1 if status == "success" else 0)
    if status == "failed":
        assert transfer.failure_code == code
    else:  # the treasury's trouble is nobody's who is paid
        assert [one[:2] for one in attempts(transfer)] == [(1, "failed"), (2, "succeeded")]


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


def test_everything_is_committed_before_the_post(
    stellar: SandboxHorizon, recipients: Recipients, monkeypatch: pytest.MonkeyPatch
) -> None:
    rail, seen = horizon_rail(), []
    submit = rail.submit

    def look(signed_xdr: str) -> Any:
        assert not connection.in_atomic_block
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT envelope.state, attempt.funding_reference = envelope.hash || ':1', attempt.answered "
                "FROM transfers_stellarenvelope AS envelope "
                "JOIN transfers_stellarpayment AS payment ON payment.envelope_id = envelope.id "
                "JOIN transfers_transferattempt AS attempt ON attempt.id = payment.attempt_id "
                "WHERE envelope.signed_xdr = %s",
                [signed_xdr],
            )
            seen.extend(cursor.fetchall())
        other.close()
        return submit(signed_xdr)

    monkeypatch.setattr(rail, "submit", look)
    assert work(recipients.payout(stellar.address("payee 1"))).status == "success"
    assert seen == [("sent", True, False)]


def test_another_network_proves_nothing_about_what_was_signed(
    stellar: SandboxHorizon, recipients: Recipients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was paid there; here no ledger holds it and its time is over."""
    stellar.set_fault("lost_answer", operation=SUBMIT)
    transfer = work(recipients.payout(stellar.address("payee 1")))
    assert transfer.status == "processing"
    let_time_pass(stellar)
    stellar.settings(wrong_network=True)
    with monkeypatch.context() as elsewhere:
        other = str(stellar.server.root().call()["network_passphrase"])
        elsewhere.setattr(horizon_rail(), "network_passphrase", other)
        unknown = {"status": 404, "body": {"type": "x/not_found", "title": "Not found"}}
        stellar.set_fault("error", times=None, operation="transactions.get", params=unknown)
        for _ in range(4):
            transfer = work_when_due(transfer)
        assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
        assert envelope(transfer).is_live
        with pytest.raises(RailUnavailable, match="another network"):
            confirm_transfer(transfer_id=transfer.pk, actor=ALICE)
    stellar.settings(wrong_network=False)
    stellar.clear_faults()
    assert work_until_known(stellar, transfer).status == "success"
    assert stellar.times_paid(stellar.address("payee 1")) == 1


def test_a_proof_by_a_horizon_far_behind_pays_nothing_twice(
    stellar: SandboxHorizon, recipients: Recipients
) -> None:
    """It was taken; a node that has not ingested it says 404 after its time, twice. The channel's number tells."""
    stellar.set_fault("lost_answer", operation=SUBMIT)
    transfer = work(recipients.payout(stellar.address("payee 1")))
    assert stellar.times_paid(stellar.address("payee 1")) == 1
    let_time_pass(stellar)
    unknown = {"status": 404, "body": {"type": "x/not_found", "title": "Not found"}}
    stellar.set_fault("error", times=None, operation="transactions.get", params=unknown)
    while envelopes(transfer)[0].is_live:
        transfer = work_when_due(transfer)
    stellar.clear_faults()
    for _ in range(3):
        transfer = work_when_due(transfer)
    assert (transfer.status, len(envelopes(transfer))) == ("processing", 1)
    assert Finding.objects.get().kind == "proof_was_wrong"
    assert transfer.outcome_unknown and stellar.times_paid(stellar.address("payee 1")) == 1
    ana, ben = Actor("user", "ana", user_id=9002), Actor("user", "ben", user_id=9003)
    release = propose_release(
        transfer_id=transfer.pk,
        decision="moved",
        rail_reference=f"{envelope(transfer).hash}:1",
        reason="the ledger holds it",
        actor=ana,
    )
    confirm_release(release_id=release.pk, actor=ben, reason="it does")
    transfer.refresh_from_db()
    assert (transfer.status, transfer.rail_reference) == ("success", release.rail_reference)


class TestTwoPeopleAndALedger:
    """A successor of the payout does not know of this transaction, so nobody calls it dead while it may live."""

    ANA, BEN = Actor("user", "ana", user_id=9002), Actor("user", "ben", user_id=9003)

    def unknown(self, stellar: SandboxHorizon, recipients: Recipients) -> Transfer:
        stellar.set_fault("drop_before", times=None, operation=SUBMIT)
        transfer = work(recipients.payout(stellar.address("payee 1")))
        assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
        return transfer

    @pytest.mark.parametrize("is_down", [False, True])
    def test_they_cannot_say_that_it_has_not_moved_while_it_still_may(
        self, is_down: bool, stellar: SandboxHorizon, recipients: Recipients
    ) -> None:
        transfer = self.unknown(stellar, recipients)
        stellar.settings(down=is_down)
        with pytest.raises(RailSaysOtherwise, match="may still take"):
            propose_release(
                transfer_id=transfer.pk, decision="not_moved", reason="we looked", actor=self.ANA
            )
        transfer.refresh_from_db()
        assert transfer.status == "processing"

    def test_they_can_when_its_time_is_over(
        self, stellar: SandboxHorizon, recipients: Recipients, settings: Settings
    ) -> None:
        settings.STELLAR_TX_SECONDS = -120
        transfer = self.unknown(stellar, recipients)
        release = propose_release(
            transfer_id=transfer.pk, decision="not_moved", reason="we looked", actor=self.ANA
        )
        confirm_release(release_id=release.pk, actor=self.BEN, reason="so did I")
        transfer.refresh_from_db()
        assert transfer.status == "failed"


class TestClosedByPeopleTooEarly:
    """It was called dead while a ledger could still take it: it is never paid twice."""

    @pytest.fixture
    def closed(
        self, stellar: SandboxHorizon, recipients: Recipients, monkeypatch: pytest.MonkeyPatch
    ) -> Any:
        monkeypatch.setattr("transfers.release_rules.may_still_be_taken", lambda _: "")
        stellar.set_fault("drop_before", times=None, operation=SUBMIT)
        transfer = work(recipients.payout(stellar.address("payee 1")))
        ana, ben = Actor("user", "ana", user_id=9002), Actor("user", "ben", user_id=9003)
        release = propose_release(
            transfer_id=transfer.pk, decision="not_moved", reason="we looked", actor=ana
        )
        confirm_release(release_id=release.pk, actor=ben, reason="so did I")
        transfer.refresh_from_db()
        change_transfer(transfer, believed="failed", to="pending", actor=ana)
        stellar.clear_faults()
        transfer = work_when_due(transfer)
        assert stellar.times_paid(stellar.address("payee 1")) == 0
        return transfer

    def test_it_is_waited_for_and_paid_by_the_next_one(
        self, closed: Any, stellar: SandboxHorizon
    ) -> None:
        assert the_attempt(closed).waiting_for["code"] == "earlier_alive"
        let_time_pass(stellar)
        transfer = work_until_known(stellar, closed)
        assert transfer.status == "success"
        assert [one.state for one in envelopes(transfer)] == ["expired", "applied_ok"]
        assert stellar.times_paid(stellar.address("payee 1")) == 1

    def test_if_a_ledger_takes_it_after_all_nothing_more_is_sent(
        self, closed: Any, stellar: SandboxHorizon
    ) -> None:
        horizon_rail().submit(envelope(closed).signed_xdr)
        for _ in range(3):
            work_when_due(closed)
        assert the_attempt(closed).waiting_for["code"] == "paid_before"
        assert Finding.objects.get().kind == "movement_differs"
        assert stellar.times_paid(stellar.address("payee 1")) == 1

    def test_its_channel_is_free_again_without_anybody_asking_for_it(
        self, closed: Any, stellar: SandboxHorizon, recipients: Recipients
    ) -> None:
        let_time_pass(stellar)
        other = recipients.payout(stellar.address("payee 2"))
        assert work_until_known(stellar, other).status == "success"


class TestTheDatabaseHolds:
    @pytest.fixture
    def signed(self, stellar: SandboxHorizon, recipients: Recipients) -> StellarEnvelope:
        stellar.hold()
        transfer = work(recipients.payout(stellar.address("payee 1")))
        return envelope(transfer)

    def copy_of(self, signed: StellarEnvelope, **values: Any) -> None:
        signed.pk = None
        for name, value in {"hash": "b" * 64, "state": "sent", **values}.items():
            setattr(signed, name, value)
        with transaction.atomic():
            signed.save()

    def test_one_live_envelope_for_a_number(self, signed: StellarEnvelope) -> None:
        done = {"state": "applied_ok", "ledger": 7}
        with pytest.raises(IntegrityError, match="one_envelope_per_sequence_unless_proven_absent"):
            self.copy_of(signed, **done)

    def test_one_live_envelope_for_a_channel(self, signed: StellarEnvelope) -> None:
        with pytest.raises(IntegrityError, match="one_live_envelope_per_stellar_channel"):
            self.copy_of(signed, sequence=signed.sequence + 1)

    def test_one_row_for_a_hash(self, signed: StellarEnvelope) -> None:
        with pytest.raises(IntegrityError, match="hash"):
            self.copy_of(signed, hash=signed.hash, state="expired", proof={})

    def test_a_number_is_free_again_once_its_envelope_is_proven_absent(
        self, signed: StellarEnvelope
    ) -> None:
        StellarEnvelope.objects.filter(pk=signed.pk).update(state="expired", proof={"ledger": 7})
        self.copy_of(signed)
        assert StellarEnvelope.objects.count() == 2

    @pytest.mark.parametrize(
        "change",
        [{"signed_xdr": "other"}, {"sequence": 1}, {"max_time": 9}, {"hash": "c" * 64}],
    )
    def test_what_was_signed_never_changes(
        self, change: dict[str, Any], signed: StellarEnvelope
    ) -> None:
        with pytest.raises(DatabaseError, match="never changes"):
            StellarEnvelope.objects.filter(pk=signed.pk).update(**change)

    def test_a_final_state_stays(self, signed: StellarEnvelope) -> None:
        rows = StellarEnvelope.objects.filter(pk=signed.pk)
        rows.update(state="expired", proof={"ledger": 7})
        with pytest.raises(DatabaseError, match="no step from expired"):
            rows.update(state="sent", proof=None)
        with pytest.raises(DatabaseError, match="never deleted"), connection.cursor() as cursor:
            cursor.execute("DELETE FROM transfers_stellarenvelope")


def test_nothing_is_claimed_where_stellar_is_not_configured(
    stellar: SandboxHorizon, recipients: Recipients, settings: Settings
) -> None:
    settings.STELLAR_TREASURY_SECRET = "not a secret key"
    forget_stellar()
    transfer = recipients.payout(stellar.address("payee 1"))
    with pytest.raises(RailNotConfigured, match="hold no secret key"):
        work(transfer)
    transfer.refresh_from_db()
    assert (transfer.status, transfer.attempt_count) == ("pending", 0)
