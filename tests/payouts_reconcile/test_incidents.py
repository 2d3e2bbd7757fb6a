"""The three incidents of the old system, end to end: real requests, real commands, the sandbox's own books."""

import io
import uuid
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from audit.chain import damaged_entries
from audit.models import Entry
from guard.errors import Refused
from money import Money
from payouts.models import PayoutRequest
from payouts.selectors import get_payout, returned_of, transfer_of
from payouts.services.approve_payout import approve_payout
from payouts.services.reject_payout import reject_payout
from payouts.services.set_kyc import set_kyc
from rails.answers import Done
from rails.wise_values import recipient_body
from tests.payouts.requests import ANA, BEN, MAKER, OTHER_IBAN, make_payout, the_transfer
from tests.payouts_reconcile.steps import (
    apply,
    approved,
    at_wise,
    otto,
    overwrite,
    reference,
    refused,
    run,
    sent,
    turn,
)
from tests.sandbox_wise import SandboxWise
from tests.transfers.steps import work
from tests.transfers.wise_steps import funded
from transfers.models import Finding
from transfers.rail_access import wise_rail
from transfers.services.raise_finding import raise_finding

pytestmark = pytest.mark.django_db(transaction=True)

CANCEL, CONFIRM, REISSUE = "payout_cancel_transfer", "payout_confirm", "payout_reissue"
BAD_IBAN = "DE75512108001245126199"


def report() -> str:
    out = io.StringIO()
    call_command("race_report", days=90, stdout=out)
    return out.getvalue()


def review_again(payout: PayoutRequest) -> None:
    """Refused while KYC is open; then by somebody who did not ask."""
    with pytest.raises(Refused, match="KYC"):
        approve_payout(payout_id=payout.pk, actor=BEN)
    set_kyc(external_id=payout.payee.external_id, status="approved", actor=BEN, note="seen again")
    approve_payout(payout_id=payout.pk, actor=BEN, reason="looked at once more")


def live_payments(wise: SandboxWise, account: str | None = None) -> int:
    """Payments whose money is out, in all or to one IBAN."""
    books = wise.books()
    accounts = {row["id"]: row["account"] for row in books["recipients"]}
    return sum(
        row["payment"] is not None
        and row["refunded"] is None
        and (account is None or account in str(accounts[row["recipient"]]))
        for row in books["transfers"]
    )


# --- 1. Approved and rejected at once, and the transfer was sent --------------------------------------


@pytest.mark.parametrize("status", ["rejected", "cancelled"])
def test_approve_and_reject_at_once_with_a_transfer_that_was_sent(
    status: str, wise: SandboxWise
) -> None:
    payout = sent()
    wise.settings(refund_delay_seconds=999_999)
    overwrite(payout, status)
    assert f"payout:{payout.pk} is {status}" in report()
    assert f"manage.py payout_cancel_transfer {payout.pk}" in report()
    assert "Would take back" in run(CANCEL, payout)
    assert "not back yet" in apply(CANCEL, payout)
    transfer = the_transfer(payout.pk)
    assert (get_payout(payout.pk).status, transfer.status) == (status, "success")
    assert "obligation_live" in refused(REISSUE, payout, iban=OTHER_IBAN, holder="Otto Muster")

    wise.refund(reference(transfer))
    said = apply(CANCEL, payout)
    successor = get_payout(PayoutRequest.objects.get(supersedes=payout).pk)
    assert f"Payout {successor.pk} is requested" in said
    transfer.refresh_from_db()
    assert (get_payout(payout.pk).status, transfer.status) == (status, "returned")
    assert returned_of(transfer) == Money.parse(wise.totals()["debits"]["USD"], "USD")
    assert successor.payee.status == "expired"
    assert live_payments(wise) == 0

    review_again(successor)
    assert work(the_transfer(successor.pk)).status == "success"
    assert (live_payments(wise), funded(wise)) == (1, 2)
    assert "The rail says otherwise: 0" in report()
    assert list(damaged_entries()) == []


def test_rejected_while_its_transfer_waits_for_money(wise: SandboxWise) -> None:
    payout = sent("INSUFFICIENT")
    overwrite(payout, "rejected")
    apply(CANCEL, payout)
    assert at_wise(wise, the_transfer(payout.pk))["status"] == "cancelled"
    successor = PayoutRequest.objects.get(supersedes=payout)
    assert (get_payout(payout.pk).status, successor.status) == ("rejected", "requested")
    assert funded(wise) == 0


@pytest.mark.parametrize("is_funded", [False, True])
def test_a_transfer_of_which_only_wise_knows(is_funded: bool, wise: SandboxWise) -> None:
    """The old system's row is gone; the payment at Wise carries the request's reference."""
    payout = make_payout("rejected")
    orphan = pay_behind_our_back(payout, fund=is_funded)
    assert str(orphan) in run(CANCEL, payout)
    wise.settings(refund_delay_seconds=999_999)
    said = apply(CANCEL, payout)
    if is_funded:
        assert "not back yet" in said
        assert Finding.objects.get(state="open").kind == "cancelled_although_sent"
        wise.refund(orphan)
        apply(CANCEL, payout)
    assert at_wise(wise, orphan)["status"] == ("funds_refunded" if is_funded else "cancelled")
    assert PayoutRequest.objects.get(supersedes=payout).status == "requested"
    assert not Finding.objects.filter(state="open").exists()
    assert (live_payments(wise), transfer_of(payout.pk)) == (0, None)


def pay_behind_our_back(payout: PayoutRequest, *, fund: bool, ctid: str = "") -> int:
    """What the old system did: a payment for this request, under a random id."""
    rail = wise_rail()
    body = recipient_body(otto(), profile=rail.profile_id, currency="EUR")
    recipient = value(rail.add_recipient(body))
    quote = value(rail.quote(payout.amount, source_currency="USD", recipient=recipient))
    made = value(
        rail.create(
            {
                "targetAccount": int(recipient),
                "quoteUuid": quote.id,
                "customerTransactionId": ctid or str(uuid.uuid4()),
                "details": {"reference": f"PO{payout.pk}"},
            }
        )
    )
    if fund:
        assert value(rail.fund(made.id)) == "COMPLETED"
    return int(made.id)


def value(answer: Any) -> Any:
    assert isinstance(answer, Done), answer
    return answer.value


# --- 2. An IBAN that no bank has ----------------------------------------------------------------------


def test_an_invalid_iban_is_returned_cancelled_and_reissued_to_a_new_one(
    wise: SandboxWise,
) -> None:
    payout = sent(iban=BAD_IBAN)
    transfer = the_transfer(payout.pk)
    wise.settings(refund_delay_seconds=999_999)
    wise.bounce(reference(transfer), days=3)
    assert turn(payout).status == "success"
    # The bank sent it back; Wise has not decided whether it sends it again.
    assert "not back yet" in apply(CANCEL, payout)
    assert "obligation_live" in refused(REISSUE, payout, iban=OTHER_IBAN, holder="Otto Muster")

    wise.refund(reference(transfer), "100.50")
    assert turn(payout).status == "returned"
    assert returned_of(the_transfer(payout.pk)) == Money(10_050, "USD")
    fresh = get_payout(payout.pk)
    assert (fresh.status, fresh.returned_at is not None) == ("paid", True)
    assert "came back by itself" in run(CANCEL, payout)

    assert "waits for its own approval" in apply(
        REISSUE, payout, iban=OTHER_IBAN, holder="Otto Muster"
    )
    successor = PayoutRequest.objects.get(supersedes=payout)
    assert transfer_of(successor.pk) is None
    approve_payout(payout_id=successor.pk, actor=BEN, reason="the new account was checked")
    assert work(the_transfer(successor.pk)).status == "success"
    assert live_payments(wise) == live_payments(wise, OTHER_IBAN) == 1
    assert live_payments(wise, BAD_IBAN) == 0
    before = PayoutRequest.objects.count()
    assert "Already reissued" in apply(REISSUE, payout, iban=OTHER_IBAN, holder="Otto Muster")
    assert PayoutRequest.objects.count() == before


def test_an_iban_that_was_seen_to_be_wrong_before_it_was_funded(wise: SandboxWise) -> None:
    payout = sent("INSUFFICIENT", iban=BAD_IBAN)
    apply(CANCEL, payout, reason="wrong IBAN")
    assert at_wise(wise, the_transfer(payout.pk))["status"] == "cancelled"
    assert get_payout(payout.pk).status == "requested"
    assert "obligation_live" in refused(REISSUE, payout, iban=OTHER_IBAN, holder="Otto Muster")
    reject_payout(payout_id=payout.pk, actor=ANA, reason="wrong IBAN")
    apply(REISSUE, payout, iban=OTHER_IBAN, holder="Otto Muster")
    assert PayoutRequest.objects.get(supersedes=payout).recipient.details()["iban"] == OTHER_IBAN
    assert funded(wise) == 0


# --- 3. Approved twice --------------------------------------------------------------------------------


def approved_twice(payout: PayoutRequest) -> None:
    """A second approval of the old system: in the log, and nowhere else."""
    with pytest.raises(Refused):
        approve_payout(payout_id=payout.pk, actor=BEN, reason="me too")
    subject = f"transfer:{the_transfer(payout.pk).pk}"
    raise_finding(
        subject=subject,
        kind="approved_twice",
        detail="Two approvals were found for one request.",
        actor=MAKER,
        evidence={},
    )


def test_approved_twice_and_one_transfer_is_proven(wise: SandboxWise) -> None:
    payout = sent()
    transfer = the_transfer(payout.pk)
    approved_twice(payout)
    # The second approval's worker of then: the same key, so that Wise made no second one, and funded none.
    attempt = transfer.attempts.get()
    again = wise_rail().create(attempt.progress["create"]["body"])
    assert value(again).id == attempt.funding_reference
    assert not isinstance(wise_rail().fund(attempt.funding_reference), Done)

    said = run(CONFIRM, payout)
    assert "2 approvals, one idempotency key, one payment" in said
    assert "Open findings that this would answer" in said and Finding.objects.get().state == "open"
    said = apply(CONFIRM, payout)
    assert "Confirmed by ana" in said
    finding = Finding.objects.get()
    assert (finding.state, finding.resolved_by) == ("resolved", "ana")
    assert attempt.funding_reference in finding.note
    entry = Entry.objects.get(subject=f"payout:{payout.pk}", action="payout.confirmed")
    assert entry.snapshot["keys"] == [attempt.idempotency_key]
    assert entry.snapshot["transfers"] == [
        {"id": attempt.funding_reference, "status": "processing", "payments": 1}
    ]
    before = Entry.objects.count()
    assert "Confirmed by ana already" in apply(CONFIRM, payout, by="ben")
    assert Entry.objects.count() == before
    assert (wise.totals()["transfers"], funded(wise)) == (1, 1)


def test_a_payment_beside_it_that_nobody_funded_is_cancelled(wise: SandboxWise) -> None:
    payout = sent()
    stray = pay_behind_our_back(payout, fund=False)
    assert f"Not funded beside it: {stray}" in run(CONFIRM, payout)
    assert at_wise(wise, stray)["status"] == "incoming_payment_waiting"
    assert "Confirmed by ana" in apply(CONFIRM, payout)
    assert at_wise(wise, stray)["status"] == "cancelled"
    assert live_payments(wise) == 1


def test_two_payments_are_never_confirmed(wise: SandboxWise) -> None:
    payout = sent()
    second = pay_behind_our_back(payout, fund=True)
    assert "2 payments whose money is out" in run(CONFIRM, payout)
    assert not Finding.objects.exists()
    assert "obligation_live" in refused(CONFIRM, payout)
    assert Finding.objects.get().kind == "moved_twice"
    wise.refund(second)
    assert "Confirmed by ana" in apply(CONFIRM, payout)
    assert Finding.objects.get().state == "resolved"


def test_what_is_not_paid_is_not_confirmed(wise: SandboxWise) -> None:
    waiting = sent("INSUFFICIENT")
    assert "nothing to close" in refused(CONFIRM, waiting)
    assert "never approved" in refused(CONFIRM, make_payout())
    stopped = sent("DROP FUND")
    pay_behind_our_back(stopped, fund=True)
    assert "Cancel it at the rail first" in refused(CONFIRM, stopped)


def test_an_unknown_outcome_is_settled_by_the_proof(wise: SandboxWise) -> None:
    payout = sent("LOST FUND")
    assert the_transfer(payout.pk).outcome_unknown
    assert "Confirmed by ana" in apply(CONFIRM, payout)
    assert get_payout(payout.pk).status == "paid"
    assert the_transfer(payout.pk).status == "success"


def test_a_connection_is_left_as_it_was() -> None:
    """The old system's way in is closed again after `overwrite`."""
    payout = overwrite(approved(), "rejected")
    with pytest.raises(Exception, match="does not exist"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE payouts_payoutrequest SET status = 'requested' WHERE id = %s", [payout.pk]
        )
