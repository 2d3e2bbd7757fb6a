"""Commissions under real connections and real commits: in one request, paid once, clawed back once."""

from collections import Counter
from typing import Any

import pytest
from django.db.models import Count

from audit.actor import Actor
from audit.chain import damaged_entries
from audit.models import Entry
from guard.errors import Refused
from payouts.models import Commission, CommissionClawback, CommissionInclusion, PayoutRequest
from payouts.services.claw_back_commission import claw_back_commission
from payouts.services.include_commissions import include_commissions_in_payout
from payouts.services.void_commission import void_commission
from tests.payouts.commissions import ask_for, make_commission
from tests.payouts.requests import OTTO, bring, move_transfer
from tests.payouts.test_races import person, race

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 20


def owed(count: int) -> list[int]:
    return [make_commission("approved", payee="racer").pk for _ in range(count)]


def include(commission_ids: list[int], number: int) -> Any:
    return include_commissions_in_payout(
        commission_ids=commission_ids, rail="wise", recipient=OTTO, actor=person(number)
    )


def check_nothing_is_paid_twice() -> None:
    """Each commission in at most one live request, each request over exactly its commissions, a whole log."""
    live = CommissionInclusion.objects.filter(released_at__isnull=True)
    assert not live.values("commission").annotate(n=Count("pk")).filter(n__gt=1).exists()
    for payout in PayoutRequest.objects.all():
        included = Commission.objects.filter(inclusions__payout=payout)
        assert sum(one.amount_minor for one in included) == payout.amount_minor
    assert list(damaged_entries()) == []


def test_two_payouts_want_the_same_commissions() -> None:
    """Overlapping, in opposite orders, four at once: one request a round holds the shared one, the others nothing."""
    shared = owed(ROUNDS)
    rest = {pk: owed(4) for pk in shared}

    def want(pk: int, number: int) -> Any:
        mine = [pk, rest[pk][number], rest[pk][(number + 1) % 4]]
        return include(mine if number % 2 else mine[::-1], number)

    for pk, results in race(shared, [want] * 4).items():
        winners = [one for one in results if isinstance(one, PayoutRequest)]
        losers = [one for one in results if isinstance(one, Refused)]
        assert (len(winners), len(losers)) == (1, 3)
        assert {one.code for one in losers} == {"conflict"}
        assert {one.extra["payout"] for one in losers} == {winners[0].pk}
        conflicts = Entry.objects.filter(subject__startswith="commission:", outcome="conflict")
        assert conflicts.filter(subject=f"commission:{pk}").count() >= 1
    assert PayoutRequest.objects.count() == ROUNDS
    check_nothing_is_paid_twice()


def test_include_against_void() -> None:
    rounds = owed(ROUNDS)

    def want(pk: int, number: int) -> Any:
        return include([pk], number)

    def void(pk: int, number: int) -> Any:
        return void_commission(commission_id=pk, reason="wrong", actor=person(number))

    ends: Counter[str] = Counter()
    for pk, (included, voided) in race(rounds, [want, void]).items():
        status = Commission.objects.get(pk=pk).status
        assert isinstance(included, PayoutRequest) == (status == "included")
        assert isinstance(voided, Commission) == (status == "voided")
        ends[status] += 1
    assert sum(ends.values()) == ROUNDS
    check_nothing_is_paid_twice()


def test_paid_against_void() -> None:
    """A void that believes in an unpaid commission never meets a paid one, whichever row comes first."""
    rounds = owed(ROUNDS)
    payouts = {pk: bring(ask_for([pk]), "processing").pk for pk in rounds}

    def pay(pk: int, number: int) -> Any:
        return move_transfer(payouts[pk], "success", actor=Actor("worker", "worker-1"))

    def void(pk: int, number: int) -> Any:
        return void_commission(commission_id=pk, reason="wrong", actor=person(number))

    for pk, (_, voided) in race(rounds, [pay, void]).items():
        assert (voided.http_status, voided.code) == (422, "illegal_transition")
        assert Commission.objects.get(pk=pk).status == "paid"
        assert PayoutRequest.objects.get(pk=payouts[pk]).status == "paid"
    check_nothing_is_paid_twice()


def test_a_failure_against_a_new_request() -> None:
    """The first request fails while another already wants its commission: it gets it released, or not."""
    rounds = owed(ROUNDS)
    payouts = {pk: bring(ask_for([pk]), "processing").pk for pk in rounds}

    def fail(pk: int, number: int) -> Any:
        return move_transfer(payouts[pk], "failed", actor=Actor("worker", "worker-1"))

    def want(pk: int, number: int) -> Any:
        return include([pk], number)

    for pk, (_, wanted) in race(rounds, [fail, want]).items():
        assert PayoutRequest.objects.get(pk=payouts[pk]).status == "failed"
        status = Commission.objects.get(pk=pk).status
        assert status == ("included" if isinstance(wanted, PayoutRequest) else "approved")
    check_nothing_is_paid_twice()


def test_a_commission_is_clawed_back_once() -> None:
    rounds = [make_commission("paid", payee=f"racer-{n}").pk for n in range(ROUNDS)]

    def claw_back(pk: int, number: int) -> Any:
        return claw_back_commission(commission_id=pk, reason=f"r{number}", actor=person(number))

    for pk, results in race(rounds, [claw_back] * 4).items():
        winners = [one for one in results if isinstance(one, Commission)]
        assert len(winners) == 1
        debt = CommissionClawback.objects.get(commission=pk)
        assert debt.created_by == winners[0].decided_by
        for loser in results:
            if isinstance(loser, Refused):
                assert loser.code in ("conflict", "illegal_transition")
        won = Entry.objects.filter(subject=f"commission:{pk}", new_status="clawed_back")
        assert won.filter(outcome="won").count() == 1
    assert list(damaged_entries()) == []
