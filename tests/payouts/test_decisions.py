"""One decision about one request: who won, what is told to the others, and what an approval causes."""

from typing import Any

import pytest
from django.db import IntegrityError

from audit.models import Entry
from guard.errors import Refused
from payouts.errors import (
    AlreadyDecided,
    ApprovalStale,
    ObligationLive,
)
from payouts.models import PayoutRequest
from payouts.policy import is_proven_dead
from payouts.selectors import facts_of
from payouts.services.add_recipient import add_recipient
from payouts.services.approve_payout import approve_payout
from payouts.services.refresh_quote import refresh_quote
from payouts.services.reject_payout import reject_payout
from payouts.services.set_payout_status import set_payout_status
from tests.payouts.around import last, nothing_moved, quoter
from tests.payouts.requests import (
    ANA,
    BEN,
    MAKER,
    MOVED_TO,
    make_payout,
    move_transfer,
    the_transfer,
)
from transfers.models import Transfer

pytestmark = pytest.mark.django_db


def test_a_decision_that_was_made_counts_before_any_rule_about_the_reviewer() -> None:
    payout = make_payout("rejected", maker=BEN)
    with pytest.raises(AlreadyDecided) as refusal:
        approve_payout(payout_id=payout.pk, actor=BEN)
    assert refusal.value.extra["current_reviewer"] == "ana"
    assert refusal.value.extra["decision_reason"] == "no"
    assert refusal.value.extra["decided_at"] is not None
    assert (last(payout).outcome, last(payout).actor_name) == ("conflict", "ben")


def test_the_true_winner_is_the_reviewer_not_the_worker_that_moved_it_on() -> None:
    payout = make_payout("paid")
    with pytest.raises(AlreadyDecided) as refusal:
        reject_payout(payout_id=payout.pk, actor=BEN)
    assert refusal.value.extra["current_reviewer"] == "ana"
    assert refusal.value.extra["decision_reason"] == "fine"
    assert refusal.value.extra["current_status"] == "paid"


def test_another_version_is_a_conflict_and_names_nobody() -> None:
    payout = make_payout()
    refresh_quote(payout_id=payout.pk, quoter=quoter("115.00"))
    with pytest.raises(AlreadyDecided) as refusal:
        approve_payout(payout_id=payout.pk, actor=BEN, expected_version=1)
    assert refusal.value.extra["current_version"] == 2
    assert refusal.value.extra["current_reviewer"] is None
    assert approve_payout(payout_id=payout.pk, actor=BEN, expected_version=2).version == 3


def test_a_screen_that_is_out_of_date_approves_nothing() -> None:
    payout = make_payout()
    seen = facts_of(payout).fingerprint()
    add_recipient(payee_id=payout.payee_id, details=MOVED_TO, actor=MAKER)
    with pytest.raises(ApprovalStale):
        approve_payout(payout_id=payout.pk, actor=BEN, seen_fingerprint=seen)
    now = facts_of(PayoutRequest.objects.get(pk=payout.pk)).fingerprint()
    approved = approve_payout(payout_id=payout.pk, actor=BEN, seen_fingerprint=now)
    assert approved.approval_fingerprint == now != seen


def test_approval_and_transfer_are_one_commit_and_both_are_audited() -> None:
    payout = make_payout()
    approved = approve_payout(payout_id=payout.pk, actor=BEN, reason="invoice 7")
    assert (approved.reviewed_by, approved.reviewed_by_id, approved.reason) == (
        "ben",
        BEN.user_id,
        "invoice 7",
    )
    transfer = the_transfer(payout.pk)
    assert (transfer.status, transfer.amount, transfer.rail) == ("pending", payout.amount, "wise")
    assert transfer.source_reference == str(payout.pk)
    entry = last(payout)
    assert (entry.actor_name, entry.reason, entry.request_id) == ("ben", "invoice 7", "req-ben")
    assert entry.snapshot["fingerprint"] == approved.approval_fingerprint
    told = Entry.objects.get(subject=f"transfer:{transfer.pk}")
    assert (told.action, told.new_status, told.actor_name) == ("transfer.pending", "pending", "ben")


def test_a_transfer_that_cannot_be_written_undoes_the_approval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payout = make_payout()
    values = {"status": "pending"}  # no amount: the database refuses the row
    monkeypatch.setattr("payouts.services.approve_payout._new_transfer", lambda payout: values)
    with pytest.raises(IntegrityError):
        approve_payout(payout_id=payout.pk, actor=BEN)
    nothing_moved(payout)


@pytest.mark.parametrize("ended", ["failed", "cancelled"])
def test_another_round_uses_the_same_transfer(ended: str) -> None:
    payout = make_payout(ended)
    first = the_transfer(payout.pk)
    set_payout_status(payout_id=payout.pk, status="requested", actor=ANA)
    again = PayoutRequest.objects.get(pk=payout.pk)
    assert (again.reviewed_by, again.reviewed_at, again.approval_fingerprint) == ("", None, "")
    approve_payout(payout_id=payout.pk, actor=BEN)
    transfer = the_transfer(payout.pk)
    assert (transfer.pk, transfer.status) == (first.pk, "pending")
    assert Transfer.objects.filter(source_type="payout", source_id=payout.pk).count() == 1


def test_a_request_whose_transfer_moved_money_is_not_approved_again() -> None:
    payout = make_payout("failed")
    set_payout_status(payout_id=payout.pk, status="requested", actor=ANA)
    move_transfer(payout.pk, "pending", tell=False)
    move_transfer(payout.pk, "processing", tell=False)
    with pytest.raises(ObligationLive):
        approve_payout(payout_id=payout.pk, actor=BEN)
    assert PayoutRequest.objects.get(pk=payout.pk).status == "requested"


@pytest.mark.parametrize("status", ["paid", "failed"])
def test_what_only_the_rail_can_say_is_not_said_by_hand(status: str) -> None:
    payout = make_payout("processing")
    with pytest.raises(ObligationLive):
        set_payout_status(payout_id=payout.pk, status=status, actor=ANA)
    assert PayoutRequest.objects.get(pk=payout.pk).status == "processing"
    assert (last(payout).outcome, last(payout).reason) == ("conflict", "obligation_live")


def test_an_unknown_status_or_payout_is_refused() -> None:
    payout = make_payout()
    wrong: list[dict[str, Any]] = [
        {"status": "gone"},
        {"status": "approved", "expected_status": "gone"},
    ]
    for words in wrong:
        with pytest.raises(Refused) as refusal:
            set_payout_status(payout_id=payout.pk, actor=ANA, **words)
        assert refusal.value.code == "validation_error"
    for verb in (approve_payout, reject_payout):
        with pytest.raises(Refused) as refusal:
            verb(payout_id=0, actor=ANA)
        assert refusal.value.http_status == 404


@pytest.mark.parametrize(
    ("payout", "transfer", "dead"),
    [
        ("rejected", None, True),
        ("cancelled", "cancelled", True),
        ("failed", "failed", True),
        ("failed", "processing", False),
        ("paid", "success", False),
        ("paid", "returned", True),
        ("paid", "reversed", True),
        ("requested", None, False),
        ("approved", "pending", False),
        ("processing", "failed", False),
    ],
)
def test_only_the_dead_are_reissued(payout: str, transfer: str | None, dead: bool) -> None:
    assert is_proven_dead(payout, transfer) is dead
