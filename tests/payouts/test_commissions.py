"""Commissions: every cell of their table, the request that pays them, and what becomes of both."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit.models import Entry
from guard.errors import Conflicted, Invalid, Refused
from guard.table import transition_table
from money import Money
from payouts.commissions import get_commission, move
from payouts.errors import ObligationLive
from payouts.models import (
    Commission,
    CommissionClawback,
    CommissionInclusion,
    PayoutRequest,
)
from payouts.services.add_recipient import add_recipient
from payouts.services.approve_commission import approve_commission
from payouts.services.approve_payout import approve_payout
from payouts.services.claw_back_commission import claw_back_commission
from payouts.services.reissue_payout import reissue_payout
from payouts.services.retry_payout import retry_payout
from payouts.services.void_commission import void_commission
from tests.payouts.commissions import STATUSES, ask_for, make_commission, statuses
from tests.payouts.requests import (
    ANA,
    BEN,
    MOVED_TO,
    bring,
    dispatch,
    make_payout,
    move_transfer,
    the_transfer,
)
from transfers.services.raise_finding import raise_finding

pytestmark = pytest.mark.django_db


LEGAL = {
    ("accrued", "approved"),
    ("accrued", "voided"),
    ("approved", "voided"),
    ("approved", "included"),
    ("included", "approved"),
    ("included", "paid"),
    ("paid", "clawed_back"),
}


CELLS = list(itertools.product(STATUSES, STATUSES))


VERBS: dict[str, Callable[..., Commission]] = {
    "approved": approve_commission,
    "voided": void_commission,
    "clawed_back": claw_back_commission,
}


# Only the request that pays it makes these steps.
FOLLOWED = {("included", "approved"), ("included", "paid"), ("approved", "included")}


def of_one(count: int, payee: str = "affiliate") -> list[Commission]:
    return [make_commission("approved", payee=payee) for _ in range(count)]


def ids(commissions: list[Commission]) -> list[int]:
    return [one.pk for one in commissions]


def test_the_declared_table() -> None:
    assert set(transition_table(Commission).steps) == LEGAL


@pytest.mark.parametrize(("prior", "new"), CELLS)
def test_every_cell_by_verb_and_by_sql(prior: str, new: str) -> None:
    commission = make_commission(prior)
    pk = commission.pk
    legal = (prior, new) in LEGAL
    if not legal and prior != new:
        with pytest.raises(DatabaseError, match="does not exist"), transaction.atomic():
            _sql("UPDATE payouts_commission SET status = %s WHERE id = %s", new, pk)
    if new not in VERBS:
        return
    if legal and (prior, new) not in FOLLOWED:
        moved = VERBS[new](commission_id=pk, reason="why", actor=BEN)
        assert (moved.status, moved.version) == (new, commission.version + 1)
        outcome = "won"
    else:
        # No verb makes the steps that follow a request: those are the request's.
        verb = VERBS["voided" if (prior, new) in FOLLOWED else new]
        with pytest.raises(Refused) as refused:
            verb(commission_id=pk, reason="why", actor=BEN)
        assert (refused.value.http_status, refused.value.code) == (422, "illegal_transition")
        outcome = "illegal"
    entry = Entry.objects.filter(subject=f"commission:{pk}").latest("seq")
    assert (entry.outcome, entry.prior_status, entry.actor_name) == (outcome, prior, "ben")


def _sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _sql_and_judge(statement: str, *values: Any) -> None:
    """What is judged at a commit, now."""
    _sql(statement, *values)
    _sql("SET CONSTRAINTS ALL IMMEDIATE")


def test_many_become_one_request_over_their_sum() -> None:
    owed = [make_commission("approved", payee="a", amount=Money(n, "EUR")) for n in (100, 250, 7)]
    payout = ask_for(ids(owed))
    assert (payout.status, payout.amount) == ("requested", Money(357, "EUR"))
    assert statuses(owed) == ["included"] * 3
    assert {get_commission(pk).live_payout_id for pk in ids(owed)} == {payout.pk}
    entry = Entry.objects.filter(subject=f"commission:{owed[0].pk}").latest("seq")
    assert (entry.action, entry.snapshot) == ("commission.included", {"payout": payout.pk})
    bring(payout, "paid")
    assert statuses(owed) == ["paid"] * 3
    entry = Entry.objects.filter(subject=f"commission:{owed[0].pk}").latest("seq")
    assert (entry.actor_kind, entry.new_status) == ("worker", "paid")
    with pytest.raises(Conflicted):
        ask_for(ids(owed))


@pytest.mark.parametrize("end", ["rejected", "cancelled", "failed"])
def test_a_request_that_ends_without_paying_frees_them(end: str) -> None:
    owed = of_one(2)
    first = bring(ask_for(ids(owed)), end)
    assert statuses(owed) == ["approved"] * 2
    assert get_commission(owed[0].pk).live_payout_id is None
    second = ask_for(ids(owed))
    assert second.pk != first.pk
    assert statuses(owed) == ["included"] * 2
    bring(second, "paid")
    assert statuses(owed) == ["paid"] * 2


def test_drift_voids_the_approval_and_frees_them() -> None:
    owed = of_one(1)
    payout = bring(ask_for(ids(owed)), "approved")
    add_recipient(payee_id=payout.payee_id, details=MOVED_TO, actor=ANA)
    assert dispatch(payout.pk) is False
    assert PayoutRequest.objects.get(pk=payout.pk).status == "cancelled"
    assert statuses(owed) == ["approved"]


def test_a_request_that_is_asked_for_again_takes_them_back() -> None:
    owed = of_one(2)
    payout = bring(ask_for(ids(owed)), "cancelled")
    retry_payout(payout_id=payout.pk, actor=ANA)
    assert statuses(owed) == ["included"] * 2
    bring(payout, "paid")
    assert statuses(owed) == ["paid"] * 2


@pytest.mark.parametrize("meanwhile", ["voided", "included elsewhere"])
def test_it_does_not_come_back_without_all_of_them(meanwhile: str) -> None:
    owed = of_one(2)
    payout = bring(ask_for(ids(owed)), "failed")
    if meanwhile == "voided":
        void_commission(commission_id=owed[1].pk, reason="wrong", actor=ANA)
    else:
        ask_for([owed[1].pk])
    before = statuses(owed)
    with pytest.raises(ObligationLive) as refused:
        retry_payout(payout_id=payout.pk, actor=ANA)
    assert refused.value.extra["commission"] == owed[1].pk
    assert (statuses(owed), PayoutRequest.objects.get(pk=payout.pk).status) == (before, "failed")
    with pytest.raises(ObligationLive):
        reissue_payout(payout_id=payout.pk, recipient=MOVED_TO, reason="new bank", actor=ANA)
    assert PayoutRequest.objects.filter(supersedes=payout).count() == 0
    denied = Entry.objects.filter(subject=f"payout:{payout.pk}").latest("seq")
    assert (denied.outcome, denied.reason) == ("conflict", "obligation_live")


def test_a_reissue_takes_them_over() -> None:
    owed = of_one(2)
    first = bring(ask_for(ids(owed)), "failed")
    second = reissue_payout(payout_id=first.pk, recipient=MOVED_TO, reason="new bank", actor=ANA)
    assert {get_commission(pk).live_payout_id for pk in ids(owed)} == {second.pk}
    bring(second, "rejected")
    assert statuses(owed) == ["approved"] * 2


def test_what_came_back_is_reissued_without_paying_a_commission_twice() -> None:
    owed = of_one(1)
    first = bring(ask_for(ids(owed)), "paid")
    move_transfer(first.pk, "returned", returned_minor=10_000, returned_currency="EUR")
    second = reissue_payout(payout_id=first.pk, recipient=MOVED_TO, reason="bounced", actor=ANA)
    bring(second, "rejected")
    assert (statuses(owed), get_commission(owed[0].pk).live_payout_id) == (["paid"], first.pk)


def test_nothing_is_included_while_the_books_differ() -> None:
    owed = of_one(1)
    first = bring(ask_for(ids(owed)), "failed")
    subject = f"transfer:{the_transfer(first.pk).pk}"
    raise_finding(subject=subject, kind="moved_twice", detail="two", actor=ANA, evidence={})
    with pytest.raises(ObligationLive, match="books differ"):
        ask_for(ids(owed))
    assert statuses(owed) == ["approved"]
    assert PayoutRequest.objects.count() == 1


def test_what_cannot_be_one_request() -> None:
    one, other = make_commission("approved"), make_commission("approved")
    dollars = make_commission("approved", payee=one.payee.external_id, amount=Money(5, "USD"))
    for wanted, code in (
        ([], "required"),
        ([one.pk, other.pk], "one_payee"),
        ([one.pk, dollars.pk], "one_currency"),
        ([one.pk, 2**62], "not_found"),
    ):
        with pytest.raises(Invalid) as refused:
            ask_for(wanted)
        assert refused.value.extra["errors"][0]["code"] == code
    accrued = make_commission(payee=one.payee.external_id)
    with pytest.raises(Conflicted, match="nothing was included"):
        ask_for([one.pk, accrued.pk])
    assert PayoutRequest.objects.count() == 0
    assert statuses([one]) == ["approved"]
    entry = Entry.objects.filter(subject=f"commission:{accrued.pk}").latest("seq")
    assert (entry.outcome, entry.new_status) == ("conflict", "included")


class TestDatabase:
    """Who does not come through a service."""

    def refused(self, statement: str, *values: Any) -> str:
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            _sql_and_judge(statement, *values)
        return str(getattr(refused.value.__cause__, "diag").constraint_name)  # noqa: B009 - untyped

    def test_what_was_earned_never_changes(self) -> None:
        pk = make_commission().pk
        change = "UPDATE payouts_commission SET amount_minor = 1 WHERE id = %s"
        assert self.refused(change, pk) == "commission_never_changes"
        assert self.refused("DELETE FROM payouts_commission WHERE id = %s", pk) == (
            "commission_is_never_deleted"
        )

    def test_a_commission_is_in_at_most_one_live_payout(self) -> None:
        included = make_commission("included", payee="a")
        other = make_payout(payee="a")
        again = "INSERT INTO payouts_commissioninclusion (commission_id, payout_id) VALUES (%s, %s)"
        assert self.refused(again, included.pk, other.pk) == (
            "commission_is_in_at_most_one_live_payout"
        )

    def test_a_payout_pays_commissions_of_its_payee_that_add_up(self) -> None:
        stranger, short = make_commission("approved"), make_commission("approved", payee="a")
        payout = make_payout(payee="a", amount=Money(5, "EUR"))
        include = (
            "INSERT INTO payouts_commissioninclusion (commission_id, payout_id) VALUES (%s, %s)"
        )
        assert self.refused(include, stranger.pk, payout.pk) == "inclusion_is_of_the_payee"
        move(short.pk, "included", believed="approved", actor=ANA)
        assert self.refused(include, short.pk, payout.pk) == "inclusions_add_up_to_the_payout"
        move(short.pk, "approved", believed="included", actor=ANA)

    def test_a_status_fits_its_inclusion(self) -> None:
        pk = make_commission("approved").pk
        lie = "UPDATE payouts_commission SET status = 'included' WHERE id = %s"
        assert self.refused(lie, pk) == "commission_fits_its_inclusion"
        pk = make_commission("included").pk
        lie = "UPDATE payouts_commission SET status = 'approved' WHERE id = %s"
        assert self.refused(lie, pk) == "commission_fits_its_inclusion"

    def test_a_payout_without_its_commissions_is_not_approved(self) -> None:
        owed = of_one(1)
        payout = bring(ask_for(ids(owed)), "cancelled")
        # As somebody would who forgets that commissions follow.
        _sql(
            "UPDATE payouts_payoutrequest SET status = 'requested', approval_fingerprint = '' WHERE id = %s",
            payout.pk,
        )
        with pytest.raises(ObligationLive, match="another request"):
            approve_payout(payout_id=payout.pk, actor=ANA)

    def test_a_claw_back_is_written_once_and_stays(self) -> None:
        pk = make_commission("clawed_back").pk
        debt = CommissionClawback.objects.get(commission=pk)
        assert debt.amount == Money(10_000, "EUR")
        again = (
            "INSERT INTO payouts_commissionclawback (commission_id, amount_minor, currency, reason, created_by) "
            "VALUES (%s, 1, 'EUR', '', '')"
        )
        assert self.refused(again, pk) == "payouts_commissionclawback_commission_id_key"
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            _sql("UPDATE payouts_commissionclawback SET amount_minor = 1")

    def test_what_was_included_stays_written_down(self) -> None:
        make_commission("included")
        assert self.refused("DELETE FROM payouts_commissioninclusion") == "inclusion_never_changes"


def test_inclusions_keep_the_history() -> None:
    owed = of_one(1)
    bring(ask_for(ids(owed)), "rejected")
    bring(ask_for(ids(owed)), "paid")
    history = CommissionInclusion.objects.filter(commission=owed[0]).order_by("pk")
    assert [one.released_at is None for one in history] == [False, True]
