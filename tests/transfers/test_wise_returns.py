"""What was paid may come back by itself: days later, not in full, and leave again. Nothing pays it again by itself."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from money import Money
from tests.factories import ALICE
from tests.sandbox_wise import SandboxWise
from tests.transfers.steps import actions, work, work_when_due
from tests.transfers.wise_steps import PayoutSource, funded, payout, reference, the_attempt
from transfers.api.documents import transfer_document
from transfers.models import Finding, Transfer, TransferAttempt
from transfers.services.confirm_transfer import confirm_transfer
from transfers.services.retry_transfer import retry_transfer
from transfers.services.reverse_transfer import reverse_transfer

pytestmark = pytest.mark.django_db(transaction=True)


def sent(wise: SandboxWise, words: str = "") -> Transfer:
    """A payout that Wise has sent to the bank."""
    transfer = work(payout(words))
    assert transfer.status == "success"
    wise.push(reference(transfer), "outgoing_payment_sent")
    return transfer


def rail_status(transfer: Transfer) -> str:
    return str(the_attempt(transfer).progress["rail_status"])


def hours_until_next_look(transfer: Transfer) -> float:
    due = Transfer.objects.annotate(wait=Now()).get(pk=transfer.pk)
    assert due.due_at is not None
    return (due.due_at - due.wait).total_seconds() / 3600


def test_a_bounce_three_days_later_is_shown_and_nothing_else_changes(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work_when_due(sent(wise))
    assert rail_status(transfer) == "outgoing_payment_sent"
    assert 23 < hours_until_next_look(transfer) <= 24
    wise.settings(refund_delay_seconds=999_999)
    wise.bounce(reference(transfer))
    transfer = work_when_due(transfer)
    # Wise has not decided between sending it again and giving it back: it is not dead.
    assert (transfer.status, rail_status(transfer)) == ("success", "bounced_back")
    assert transfer.returned is None
    assert hours_until_next_look(transfer) <= 1
    assert payouts.heard == ["processing", "success"]
    wise.push(reference(transfer), "outgoing_payment_sent")
    transfer = work_when_due(transfer)
    assert (transfer.status, rail_status(transfer)) == ("success", "outgoing_payment_sent")


def test_a_short_refund_shows_what_really_came_back(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = sent(wise)
    wise.bounce(reference(transfer))
    wise.refund(reference(transfer), "71.05")
    transfer = work_when_due(transfer)
    assert (transfer.status, rail_status(transfer)) == ("returned", "funds_refunded")
    assert transfer.returned == Money(7_105, "USD")
    assert payouts.heard == ["processing", "success", "returned"]
    assert actions(transfer)[-1] == "returned"
    with pytest.raises(Exception, match="retry that"):
        retry_transfer(transfer_id=transfer.pk, actor=ALICE)
    for _ in range(3):
        transfer = work_when_due(transfer)
    assert (transfer.status, funded(wise)) == ("returned", 1)
    assert payouts.heard == ["processing", "success", "returned"]
    assert not Finding.objects.exists()


def test_a_refund_of_which_the_amount_is_not_known_waits_for_it(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = sent(wise)
    wise.refund(reference(transfer), "71.05")
    wise.set_fault("sca_always", times=None, operation="balance.statement", method="GET")
    transfer = work_when_due(transfer)
    assert (transfer.status, rail_status(transfer)) == ("success", "funds_refunded")
    assert hours_until_next_look(transfer) <= 1
    wise.clear_faults()
    transfer = work_when_due(transfer)
    assert transfer.returned == Money(7_105, "USD")


def test_a_cancelled_payment_is_returned_once_its_money_is_back(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout())
    wise.settings(refund_delay_seconds=999_999)
    wise.push(reference(transfer), "cancelled")
    transfer = work_when_due(transfer)
    assert (transfer.status, rail_status(transfer)) == ("success", "cancelled")
    wise.refund(reference(transfer))
    transfer = work_when_due(transfer)
    assert transfer.status == "returned"
    debit = wise.totals()["debits"]["USD"]
    assert transfer.returned == Money.parse(debit, "USD")


def test_states_may_roll_back(wise: SandboxWise, payouts: PayoutSource) -> None:
    transfer = work_when_due(sent(wise))
    for state in ("processing", "funds_converted", "outgoing_payment_sent"):
        wise.push(reference(transfer), state)
        transfer = work_when_due(transfer)
        assert (transfer.status, rail_status(transfer)) == ("success", state)
    assert not Finding.objects.exists()


def test_money_that_leaves_again_after_its_return_is_a_matter_for_people(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = sent(wise)
    wise.refund(reference(transfer))
    transfer = work_when_due(transfer)
    assert transfer.status == "returned"
    wise.push(reference(transfer), "bounced_back")
    transfer = work_when_due(transfer)
    assert not Finding.objects.exists()
    wise.push(reference(transfer), "outgoing_payment_sent")
    transfer = work_when_due(transfer)
    assert transfer.status == "returned"
    assert Finding.objects.get().kind == "left_after_return"


def test_a_second_refund_corrects_the_amount(wise: SandboxWise, payouts: PayoutSource) -> None:
    transfer = sent(wise)
    wise.refund(reference(transfer), "50.00")
    assert work_when_due(transfer).returned == Money(5_000, "USD")
    wise.push(reference(transfer), "outgoing_payment_sent")
    wise.push(reference(transfer), "funds_refunded", "60.00")
    transfer = work_when_due(transfer)
    assert transfer.returned == Money(6_000, "USD")
    assert actions(transfer)[-1] == "returned_amount_corrected"


def test_a_person_who_asks_sees_the_return(wise: SandboxWise, payouts: PayoutSource) -> None:
    transfer = sent(wise)
    wise.refund(reference(transfer), "71.05")
    found, said = confirm_transfer(transfer_id=transfer.pk, actor=ALICE)
    assert (found.status, said) == ("returned", "returned")


def test_a_payment_that_wise_lost_is_a_finding(wise: SandboxWise, payouts: PayoutSource) -> None:
    transfer = sent(wise)
    wise.reset()
    assert work_when_due(transfer).status == "success"
    assert Finding.objects.get().kind == "movement_missing"


def test_the_watch_ends_after_eight_weeks(wise: SandboxWise, payouts: PayoutSource) -> None:
    transfer = sent(wise)
    long_ago = Now() - timedelta(days=57)
    TransferAttempt.objects.filter(transfer=transfer).update(resolved_at=long_ago)
    assert work_when_due(transfer).due_at is None
    before = wise.totals()["requests"]
    assert work(transfer).due_at is None
    assert wise.totals()["requests"] == before


def test_looking_changes_no_version(wise: SandboxWise, payouts: PayoutSource) -> None:
    transfer = work_when_due(sent(wise))
    version = transfer.version
    assert work_when_due(transfer).version == version


def test_wise_takes_no_payment_back(wise: SandboxWise, payouts: PayoutSource) -> None:
    transfer = sent(wise)
    with pytest.raises(Exception, match="cannot take a payment back"):
        reverse_transfer(transfer_id=transfer.pk, reason="oops", actor=ALICE)


def test_what_comes_back_and_what_is_waited_for_is_in_the_api(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("INSUFFICIENT"))
    shown = transfer_document(transfer, transfer.attempts.all())
    assert shown["waiting_for"]["code"] == "balance.insufficient-funds"
    assert shown["returned"] is None
    transfer = sent(wise)
    wise.refund(reference(transfer), "71.05")
    transfer = work_when_due(transfer)
    shown = transfer_document(transfer, transfer.attempts.all())
    assert shown["returned"] == {"amount": "71.05", "currency": "USD"}
    assert shown["waiting_for"] is None
