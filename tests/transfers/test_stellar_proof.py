"""What proves that a transaction can never be applied, what does not, and what the database holds of it."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit.actor import Actor
from tests.sandbox_horizon import SandboxHorizon
from tests.transfers.stellar_steps import (
    Recipients,
    envelope,
    envelopes,
    let_time_pass,
    work_until_known,
)
from tests.transfers.steps import work, work_when_due
from tests.transfers.wise_steps import the_attempt
from transfers.change import change_transfer
from transfers.errors import RailSaysOtherwise
from transfers.models import Finding, StellarEnvelope
from transfers.rail_access import horizon_rail
from transfers.services.confirm_release import confirm_release
from transfers.services.propose_release import propose_release

pytestmark = pytest.mark.django_db(transaction=True)


SUBMIT = "transactions.submit"
ANA, BEN = Actor("user", "ana", user_id=9002), Actor("user", "ben", user_id=9003)


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


class TestClosedByPeopleTooEarly:
    """It was called dead while a ledger could still take it: it is never paid twice."""

    @pytest.fixture
    def closed(
        self, stellar: SandboxHorizon, recipients: Recipients, monkeypatch: pytest.MonkeyPatch
    ) -> Any:
        monkeypatch.setattr("transfers.release_rules.may_still_be_taken", lambda _: "")
        stellar.set_fault("drop_before", times=None, operation=SUBMIT)
        transfer = work(recipients.payout(stellar.address("payee 1")))
        release = propose_release(
            transfer_id=transfer.pk, decision="not_moved", reason="we looked", actor=ANA
        )
        confirm_release(release_id=release.pk, actor=BEN, reason="so did I")
        transfer.refresh_from_db()
        change_transfer(transfer, believed="failed", to="pending", actor=ANA)
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
        closed.refresh_from_db()
        assert (closed.status, closed.outcome_unknown) == ("processing", True)
        assert not the_attempt(closed).waiting_for
        assert Finding.objects.get().kind == "movement_differs"
        assert stellar.times_paid(stellar.address("payee 1")) == 1

    def test_then_two_people_say_that_this_was_the_payment(
        self, closed: Any, stellar: SandboxHorizon
    ) -> None:
        earlier = envelope(closed)
        horizon_rail().submit(earlier.signed_xdr)
        for _ in range(3):
            work_when_due(closed)
        said: dict[str, Any] = {"transfer_id": closed.pk, "reason": "it is there", "actor": ANA}
        with pytest.raises(RailSaysOtherwise, match="naming that payment"):
            propose_release(decision="not_moved", **said)
        paid = f"{earlier.hash}:1"
        release = propose_release(decision="moved", rail_reference=paid, **said)
        confirm_release(release_id=release.pk, actor=BEN, reason="it is")
        closed.refresh_from_db()
        assert (closed.status, closed.rail_reference) == ("success", paid)
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
