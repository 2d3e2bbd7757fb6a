"""A payout through Stellar: one payment or a proven absence, whatever Horizon answers, by Horizon's own books."""

from typing import Any

import pytest
from django.db import connection
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
from tests.transfers.steps import actions, attempts, work, work_when_due
from transfers.errors import RailSaysOtherwise
from transfers.models import Finding, StellarEnvelope, Transfer
from transfers.rail_access import RailNotConfigured, horizon_rail
from transfers.services.confirm_release import confirm_release
from transfers.services.confirm_transfer import RailUnavailable, confirm_transfer
from transfers.services.propose_release import propose_release

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


def test_a_successor_asks_for_what_was_signed_for_the_debt_that_it_replaces(
    stellar: SandboxHorizon, recipients: Recipients
) -> None:
    """A false proof, as above; then the payout is issued again, over whichever channel."""
    stellar.set_fault("lost_answer", operation=SUBMIT)
    first = work(recipients.payout(stellar.address("payee 1")))
    let_time_pass(stellar)
    unknown = {"status": 404, "body": {"type": "x/not_found", "title": "Not found"}}
    stellar.set_fault("error", times=None, operation="transactions.get", params=unknown)
    while envelopes(first)[0].is_live:
        first = work_when_due(first)
    stellar.clear_faults()
    successor = recipients.payout(stellar.address("payee 1"))
    Transfer.objects.filter(pk=successor.pk).update(supersedes=first)
    stellar.set_fault("drop_before", times=1, operation="transactions.get")
    successor = work(successor)
    assert (successor.status, envelopes(successor)) == ("processing", [])
    successor = work_when_due(successor)
    assert (successor.status, successor.failure_code) == ("failed", "earlier_moved")
    assert Finding.objects.get(subject=f"transfer:{successor.pk}").kind == "proof_was_wrong"
    assert stellar.times_paid(stellar.address("payee 1")) == 1


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
