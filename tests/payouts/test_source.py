"""Between approval and dispatch, and after: what the transfer tells its payout, in the transfer's own transaction."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from audit.models import Entry
from guard.errors import Conflicted, Refused
from money import Money
from payouts.errors import ObligationLive
from payouts.models import PayoutRequest
from payouts.quotes import Quote
from payouts.selectors import returned_of
from payouts.services.add_recipient import add_recipient
from payouts.services.approve_payout import approve_payout
from payouts.services.cancel_payout import cancel_payout
from payouts.services.refresh_quote import refresh_quote
from payouts.services.reissue_payout import reissue_payout
from payouts.services.reject_payout import reject_payout
from payouts.services.retry_payout import retry_payout
from payouts.services.set_kyc import set_kyc
from payouts.services.set_payout_status import set_payout_status
from payouts.source import PayoutSource
from tests.payouts.requests import (
    ANA,
    BEN,
    IBAN,
    MAKER,
    MOVED_TO,
    OTTO,
    WORKER,
    dispatch,
    make_payout,
    move_transfer,
    the_transfer,
)
from transfers.models import Finding, Transfer
from transfers.sources import source_of

pytestmark = pytest.mark.django_db


def _status(payout: PayoutRequest) -> tuple[str, str]:
    payout.refresh_from_db()
    return payout.status, the_transfer(payout.pk).status


def test_it_is_registered_for_payouts() -> None:
    transfer = Transfer(source_type="payout")
    assert isinstance(source_of(transfer), PayoutSource)
    assert source_of(Transfer(source_type="booking")) is None


def test_what_was_approved_starts() -> None:
    payout = make_payout("approved")
    assert dispatch(payout.pk)
    assert _status(payout) == ("processing", "processing")
    assert not dispatch(payout.pk)


def test_a_released_payout_starts_as_well() -> None:
    payout = make_payout("approved")
    set_payout_status(payout_id=payout.pk, status="processing", actor=BEN)
    assert _status(payout) == ("processing", "pending")
    with pytest.raises(Refused) as refusal:
        cancel_payout(payout_id=payout.pk, actor=BEN)
    assert refusal.value.code == "illegal_transition"
    assert dispatch(payout.pk)
    assert _status(payout) == ("processing", "processing")


def _new_details(payout: PayoutRequest) -> None:
    add_recipient(payee_id=payout.payee_id, details=MOVED_TO, actor=MAKER)


def _kyc_expires(payout: PayoutRequest) -> None:
    set_kyc(external_id=payout.payee.external_id, status="expired", actor=BEN)


@pytest.mark.parametrize(
    ("drift", "why"),
    [(_new_details, "newer bank details"), (_kyc_expires, "KYC is expired")],
)
def test_drift_before_dispatch_voids_the_approval_and_nothing_leaves(drift: Any, why: str) -> None:
    payout = make_payout("approved")
    drift(payout)
    assert not dispatch(payout.pk)
    assert _status(payout) == ("cancelled", "cancelled")
    assert why in payout.reason
    entry = Entry.objects.filter(subject=f"payout:{payout.pk}").latest("seq")
    assert (entry.actor_name, entry.new_status) == ("worker-1", "cancelled")
    assert why in entry.reason
    assert the_transfer(payout.pk).attempt_count == 0
    assert the_transfer(payout.pk).due_at is None


def test_drift_of_the_bounds_voids_it_too(settings: Any) -> None:
    payout = make_payout("approved")
    settings.QUOTE_MAX_DRIFT_PERCENT = 50
    assert not dispatch(payout.pk)
    assert _status(payout) == ("cancelled", "cancelled")


def test_drift_after_a_release_by_hand_fails_it() -> None:
    payout = make_payout("approved")
    set_payout_status(payout_id=payout.pk, status="processing", actor=BEN)
    _new_details(payout)
    assert not dispatch(payout.pk)
    assert _status(payout) == ("failed", "cancelled")


def test_the_same_details_again_void_nothing() -> None:
    payout = make_payout("approved")
    add_recipient(payee_id=payout.payee_id, details=OTTO, actor=MAKER)
    assert dispatch(payout.pk)


def test_after_a_void_it_is_asked_decided_and_sent_anew() -> None:
    payout = make_payout("approved")
    _new_details(payout)
    assert not dispatch(payout.pk)
    retry_payout(payout_id=payout.pk, actor=BEN)
    approve_payout(payout_id=payout.pk, actor=BEN)
    assert dispatch(payout.pk)
    assert Transfer.objects.filter(source_type="payout", source_id=payout.pk).count() == 1


def test_nothing_starts_for_a_payout_that_was_withdrawn() -> None:
    payout = make_payout("failed")
    move_transfer(payout.pk, "pending", tell=False)
    assert not dispatch(payout.pk)
    assert _status(payout) == ("failed", "cancelled")


def test_its_transfer_is_not_retried_around_a_new_decision() -> None:
    payout = make_payout("failed")
    with pytest.raises(Conflicted, match="Retry the payout"):
        move_transfer(payout.pk, "pending")
    assert _status(payout) == ("failed", "failed")


def test_a_start_that_no_decision_covers_is_undone() -> None:
    payout = make_payout("cancelled")
    transfer = the_transfer(payout.pk)
    source = PayoutSource()
    with pytest.raises(Conflicted), transaction.atomic():
        source.transfer_changed(transfer, to="processing", actor=WORKER, reason="")


@pytest.mark.parametrize(("to", "ends"), [("success", "paid"), ("failed", "failed")])
def test_it_ends_as_its_transfer_ends(to: str, ends: str) -> None:
    payout = make_payout("processing")
    transfer = move_transfer(payout.pk, to)
    assert _status(payout) == (ends, to)
    source = PayoutSource()
    source.transfer_changed(transfer, to=to, actor=WORKER, reason="again")
    assert _status(payout) == (ends, to)


def test_money_that_moved_although_nobody_saw_the_start_is_paid() -> None:
    payout = make_payout("approved")
    move_transfer(payout.pk, "processing", tell=False)
    move_transfer(payout.pk, "success")
    assert _status(payout) == ("paid", "success")
    steps = Entry.objects.filter(subject=f"payout:{payout.pk}", outcome="won").order_by("seq")
    assert [one.new_status for one in steps][-3:] == ["approved", "processing", "paid"]


def test_money_that_moved_for_a_cancelled_payout_is_a_finding() -> None:
    payout = make_payout("cancelled")
    move_transfer(payout.pk, "pending", tell=False)
    move_transfer(payout.pk, "processing", tell=False)
    move_transfer(payout.pk, "success")
    assert _status(payout) == ("cancelled", "success")
    assert Finding.objects.get(subject=f"payout:{payout.pk}").kind == "paid_although_not_approved"


def test_a_cancellation_loses_against_a_worker_and_takes_nothing_with_it() -> None:
    payout = make_payout("approved")
    move_transfer(payout.pk, "processing", tell=False)
    with pytest.raises(ObligationLive):
        cancel_payout(payout_id=payout.pk, actor=BEN)
    assert _status(payout) == ("approved", "processing")
    entry = Entry.objects.filter(subject=f"payout:{payout.pk}").latest("seq")
    assert (entry.outcome, entry.actor_name) == ("conflict", "ben")


def test_what_came_back_is_shown_and_it_stays_paid() -> None:
    payout = make_payout("paid")
    move_transfer(payout.pk, "reversed", reversed_minor=9_000)
    payout.refresh_from_db()
    assert payout.status == "paid"
    assert payout.returned_at is not None
    assert returned_of(the_transfer(payout.pk)) == Money(9_000, "EUR")
    entry = Entry.objects.filter(subject=f"payout:{payout.pk}").latest("seq")
    assert (entry.action, entry.snapshot["returned"]) == ("payout.reversed", "90.00 EUR")


def test_what_was_not_signed_does_not_leave(settings: Any) -> None:
    settings.QUOTE_MAX_DRIFT_PERCENT = Decimal(2)
    source, payout = PayoutSource(), make_payout()
    quote = Quote("0.9", Money(1, "USD"), Money(10_000, "USD"), timezone.now() + timedelta(hours=1))
    refresh_quote(payout_id=payout.pk, quoter=lambda payout: quote)
    approve_payout(payout_id=payout.pk, actor=BEN)
    transfer = the_transfer(payout.pk)
    assert source.quote_refusal(transfer, source=Money(10_200, "USD")) == ""
    assert "100.00 USD was approved" in source.quote_refusal(transfer, source=Money(10_201, "USD"))
    assert source.quote_refusal(transfer, source=Money(100, "EUR")) != ""
    unquoted = make_payout("approved")
    assert source.quote_refusal(the_transfer(unquoted.pk), source=Money(1, "USD")) == ""


def test_a_failure_that_the_rails_books_deny_is_not_proven() -> None:
    payout = make_payout("failed")
    finding = Finding.objects.create(
        subject=f"transfer:{the_transfer(payout.pk).pk}", kind="moved_although_not_processing"
    )
    with pytest.raises(ObligationLive, match="resolve its findings"):
        _reissue(payout)
    retry_payout(payout_id=payout.pk, actor=BEN)
    with pytest.raises(ObligationLive, match="resolve its findings"):
        approve_payout(payout_id=payout.pk, actor=BEN)
    Finding.objects.filter(pk=finding.pk).update(state="resolved")
    assert approve_payout(payout_id=payout.pk, actor=BEN).status == "approved"


@pytest.mark.parametrize("status", ["rejected", "requested"])
def test_what_is_out_at_the_rail_without_a_transfer_here_is_not_paid_beside_it(status: str) -> None:
    payout = make_payout(status)
    finding = Finding.objects.create(subject=f"payout:{payout.pk}", kind="cancelled_although_sent")

    def pay() -> PayoutRequest:
        if status == "rejected":
            return _reissue(payout)
        return approve_payout(payout_id=payout.pk, actor=BEN)

    with pytest.raises(ObligationLive, match="resolve its findings"):
        pay()
    assert not Transfer.objects.exists()
    assert not PayoutRequest.objects.filter(supersedes=payout).exists()
    Finding.objects.filter(pk=finding.pk).update(state="resolved")
    assert pay().status in ("requested", "approved")


def test_the_rail_gets_the_details_that_were_approved() -> None:
    payout = make_payout("approved")
    details = PayoutSource().recipient_details(the_transfer(payout.pk))
    assert details == {"type": "iban", "iban": IBAN, "account_holder": "Otto Muster"}
    assert IBAN not in the_transfer(payout.pk).destination


# --- Reissue ------------------------------------------------------------------------------------------


def _reissue(payout: PayoutRequest, **more: Any) -> PayoutRequest:
    values: dict[str, Any] = {"recipient": MOVED_TO, "reason": "account closed", "actor": MAKER}
    return reissue_payout(payout_id=payout.pk, **values | more)


@pytest.mark.parametrize("status", ["requested", "approved", "processing", "paid"])
def test_no_reissue_while_the_first_may_arrive(status: str) -> None:
    payout = make_payout(status)
    with pytest.raises(ObligationLive):
        _reissue(payout)
    assert PayoutRequest.objects.filter(payee=payout.payee).count() == 1
    assert payout.payee.recipients.count() == 1
    entry = Entry.objects.filter(subject=f"payout:{payout.pk}").latest("seq")
    assert (entry.outcome, entry.reason) == ("conflict", "obligation_live")


@pytest.mark.parametrize("status", ["failed", "rejected", "cancelled", "returned"])
def test_a_dead_one_is_reissued_once_and_decided_anew(status: str) -> None:
    payout = make_payout("paid" if status == "returned" else status)
    if status == "returned":
        move_transfer(payout.pk, "returned")
    successor = _reissue(payout)
    assert (successor.status, successor.supersedes_id) == ("requested", payout.pk)
    assert (successor.amount, successor.recipient.masked[-4:]) == (payout.amount, "2606")
    with pytest.raises(ObligationLive) as refusal:
        _reissue(payout)
    assert refusal.value.extra["superseded_by"] == successor.pk
    approve_payout(payout_id=successor.pk, actor=BEN)
    transfer = the_transfer(successor.pk)
    earlier = Transfer.objects.filter(source_type="payout", source_id=payout.pk).first()
    assert transfer.supersedes_id == (earlier.pk if earlier else None)
    assert dispatch(successor.pk)


def test_a_successor_waits_while_the_firsts_money_may_have_left_again() -> None:
    payout = make_payout("paid")
    first = move_transfer(payout.pk, "returned")
    successor = _reissue(payout)
    finding = Finding.objects.create(subject=f"transfer:{first.pk}", kind="left_after_return")
    with pytest.raises(ObligationLive, match="which this one replaces"):
        approve_payout(payout_id=successor.pk, actor=BEN)
    Finding.objects.filter(pk=finding.pk).update(state="resolved")
    assert approve_payout(payout_id=successor.pk, actor=BEN).status == "approved"


def test_so_does_the_successor_of_one_that_was_decided_against() -> None:
    payout = make_payout("paid")
    first = move_transfer(payout.pk, "returned")
    between = reject_payout(payout_id=_reissue(payout).pk, actor=BEN, reason="a wrong account")
    last = _reissue(between)
    finding = Finding.objects.create(subject=f"transfer:{first.pk}", kind="left_after_return")
    with pytest.raises(ObligationLive, match=f"payout {payout.pk}, which this one replaces"):
        approve_payout(payout_id=last.pk, actor=BEN)
    Finding.objects.filter(pk=finding.pk).update(state="resolved")
    approve_payout(payout_id=last.pk, actor=BEN)
    assert the_transfer(last.pk).supersedes_id == first.pk


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_what_was_reissued_never_comes_back(status: str) -> None:
    payout = make_payout(status)
    _reissue(payout)
    with pytest.raises(ObligationLive):
        retry_payout(payout_id=payout.pk, actor=ANA)
    payout.refresh_from_db()
    assert payout.status == status
    with pytest.raises(Exception, match="it was reissued"), transaction.atomic():
        PayoutRequest.objects.filter(pk=payout.pk).update(status="requested")


def test_the_database_refuses_a_successor_of_the_living() -> None:
    payout = make_payout("approved")
    with pytest.raises(Exception, match="not proven dead"), transaction.atomic():
        PayoutRequest.objects.create(
            payee=payout.payee,
            recipient=payout.recipient,
            amount_minor=1,
            currency="EUR",
            rail="wise",
            region="EU",
            supersedes=payout,
        )
