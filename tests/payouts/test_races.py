"""Many reviewers, real connections, real commits: one winner each, and every loser learns who it was."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from audit.actor import Actor
from audit.chain import damaged_entries
from audit.models import Entry
from guard.errors import Refused
from payouts.models import Approval, Payee, PayoutRequest, Recipient
from payouts.selectors import approved_in_window
from payouts.services.add_recipient import add_recipient
from payouts.services.approve_payout import approve_payout
from payouts.services.cancel_payout import cancel_payout
from payouts.services.claim_payout import claim_payout
from payouts.services.create_payout import NewPayee, create_payout
from payouts.services.reissue_payout import reissue_payout
from payouts.services.reject_payout import reject_payout
from payouts.services.retry_payout import retry_payout
from payouts.services.set_kyc import set_kyc
from tests.payouts.requests import (
    HUNDRED,
    MAKER,
    MOVED_TO,
    OTTO,
    dispatch,
    make_payout,
)
from transfers.models import Transfer

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 100
THREADS = 8

Step = Callable[[int, int], Any]


def race(rounds: list[int], steps: list[Step]) -> dict[int, list[Any]]:
    """In each round every step starts at the same moment on the same row; what each got or was refused with."""
    barrier = threading.Barrier(len(steps), timeout=60)
    got: dict[int, list[Any]] = {pk: [None] * len(steps) for pk in rounds}

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            for pk in rounds:
                barrier.wait()
                try:
                    got[pk][number] = steps[number](pk, number)
                except Refused as refusal:
                    got[pk][number] = refusal
        except BaseException:
            barrier.abort()
            raise
        finally:
            connection.close()

    with ThreadPoolExecutor(len(steps)) as pool:
        for done in [pool.submit(run, number) for number in range(len(steps))]:
            done.result()
    return got


def person(number: int) -> Actor:
    return Actor("user", f"reviewer-{number}", user_id=100 + number)


def approve(pk: int, number: int) -> Any:
    return approve_payout(payout_id=pk, actor=person(number), reason=f"yes {number}")


def reject(pk: int, number: int) -> Any:
    return reject_payout(payout_id=pk, actor=person(number), reason=f"no {number}")


def asked(count: int) -> list[int]:
    """Requests of one payee whose KYC is approved."""
    first = make_payout(payee="racer")
    rest = [
        create_payout(
            payee=NewPayee("racer"), amount=HUNDRED, rail="wise", recipient=OTTO, actor=MAKER
        ).pk
        for _ in range(count - 1)
    ]
    return [first.pk, *rest]


def transfers_of(pk: int) -> list[Transfer]:
    return list(Transfer.objects.filter(source_type="payout", source_id=pk))


def check_one_decision(pk: int, results: list[Any]) -> str:
    """One winner, every loser a 409 that names them, one transfer iff approved, a complete audit log."""
    payout = PayoutRequest.objects.get(pk=pk)
    winners = [one for one in results if isinstance(one, PayoutRequest)]
    losers = [one for one in results if isinstance(one, Refused)]
    assert (len(winners), len(losers)) == (1, len(results) - 1)
    assert payout.version == 2
    log = list(Entry.objects.filter(subject=f"payout:{pk}").order_by("seq"))
    assert [one.outcome for one in log] == ["noted", "won", *["conflict"] * len(losers)]
    for loser in losers:
        assert (loser.http_status, loser.code) == (409, "already_decided")
        assert loser.extra["current_status"] == payout.status
        assert loser.extra["current_reviewer"] == payout.reviewed_by == log[1].actor_name
        assert loser.extra["decision_reason"] == payout.reason == log[1].reason
        assert loser.extra["decided_at"] == log[1].at
        assert loser.extra["current_version"] == 2
    assert len(transfers_of(pk)) == (1 if payout.status == "approved" else 0)
    assert Approval.objects.filter(payout=payout).count() == len(transfers_of(pk))
    return str(payout.status)


@pytest.mark.parametrize(
    "steps",
    [[approve, reject], [approve, approve], [reject, reject], [approve, reject] * (THREADS // 2)],
    ids=["approve-reject", "approve-approve", "reject-reject", "eight"],
)
def test_one_winner_in_every_round(steps: list[Step]) -> None:
    rounds = asked(ROUNDS)
    ends = Counter(check_one_decision(pk, got) for pk, got in race(rounds, steps).items())
    assert sum(ends.values()) == ROUNDS
    assert list(damaged_entries()) == []


def test_approve_against_cancel() -> None:
    """The canceller believes that it is approved: it wins only after the approval, and then nothing is left to send."""
    rounds = asked(ROUNDS)

    def cancel(pk: int, number: int) -> Any:
        return cancel_payout(
            payout_id=pk, actor=person(number), reason="stop", expected_status="approved"
        )

    for pk, (approved, cancelled) in race(rounds, [approve, cancel]).items():
        assert isinstance(approved, PayoutRequest)
        (transfer,) = transfers_of(pk)
        status = PayoutRequest.objects.get(pk=pk).status
        if isinstance(cancelled, PayoutRequest):
            assert (status, transfer.status) == ("cancelled", "cancelled")
        else:
            assert (cancelled.http_status, cancelled.code) == (409, "conflict")
            assert (status, transfer.status) == ("approved", "pending")


def test_a_late_approval_against_cancel_is_told_of_the_first() -> None:
    rounds = asked(50)
    for pk in rounds:
        approve(pk, 7)

    def cancel(pk: int, number: int) -> Any:
        return cancel_payout(payout_id=pk, actor=person(number), reason="stop")

    for late, cancelled in race(rounds, [approve, cancel]).values():
        assert isinstance(cancelled, PayoutRequest)
        assert (late.code, late.extra["current_reviewer"]) == ("already_decided", "reviewer-7")


def test_cancel_against_dispatch() -> None:
    rounds = asked(ROUNDS)
    for pk in rounds:
        approve(pk, 7)

    def cancel(pk: int, number: int) -> Any:
        return cancel_payout(
            payout_id=pk, actor=person(number), reason="stop", expected_status="approved"
        )

    def start(pk: int, number: int) -> Any:
        return dispatch(pk, actor=Actor("worker", "worker-1"))

    ends: Counter[str] = Counter()
    for pk, (cancelled, started) in race(rounds, [cancel, start]).items():
        (transfer,) = transfers_of(pk)
        status = PayoutRequest.objects.get(pk=pk).status
        if isinstance(cancelled, PayoutRequest):
            assert (status, transfer.status, started) == ("cancelled", "cancelled", False)
        else:
            assert (cancelled.code, cancelled.extra["current_reviewer"]) == ("conflict", "worker-1")
            assert (status, transfer.status, started) == ("processing", "processing", True)
        ends[status] += 1
    assert sum(ends.values()) == ROUNDS


@pytest.mark.parametrize("drift", ["details", "kyc"])
def test_drift_against_dispatch(drift: str) -> None:
    """Either the worker was first, or nothing leaves: no round ends in between."""
    rounds = [make_payout("approved", payee=f"drifter-{number}").pk for number in range(50)]

    def change(pk: int, number: int) -> Any:
        payee = Payee.objects.get(payouts=pk)
        if drift == "kyc":
            return set_kyc(external_id=payee.external_id, status="expired", actor=person(number))
        return add_recipient(payee_id=payee.pk, details=MOVED_TO, actor=MAKER)

    def start(pk: int, number: int) -> Any:
        return dispatch(pk)

    for pk, (_, started) in race(rounds, [change, start]).items():
        (transfer,) = transfers_of(pk)
        status = PayoutRequest.objects.get(pk=pk).status
        ends = ("processing", "processing") if started else ("cancelled", "cancelled")
        assert (status, transfer.status) == ends


def test_kyc_against_approval() -> None:
    rounds = [make_payout(payee=f"checked-{number}").pk for number in range(50)]

    def expire(pk: int, number: int) -> Any:
        payee = Payee.objects.get(payouts=pk)
        return set_kyc(external_id=payee.external_id, status="expired", actor=person(number))

    for pk, (approved, _) in race(rounds, [approve, expire]).items():
        status = PayoutRequest.objects.get(pk=pk).status
        if isinstance(approved, Refused):
            assert (approved.code, status) == ("kyc_incomplete", "requested")
            assert transfers_of(pk) == []
        else:
            assert status == "approved"
            assert not dispatch(pk)


def test_two_approvals_at_the_edge_of_the_limit(settings: Settings) -> None:
    """One reviewer, two sessions, room for one more: never both."""
    settings.BASE_RATES = {"EUR": Decimal(1)}
    rounds = asked(2 * 30)
    pairs = dict(zip(rounds[::2], rounds[1::2], strict=True))
    settings.APPROVAL_LIMIT = "100.00"

    def one(pk: int, number: int) -> Any:
        # Each pair is a day of its own: the reviewer is a new one.
        reviewer = Actor("user", f"ana-{pk}", user_id=1_000_000 + pk)
        return approve_payout(payout_id=pk if number == 0 else pairs[pk], actor=reviewer)

    for pk, results in race(list(pairs), [one, one]).items():
        winners = [got for got in results if isinstance(got, PayoutRequest)]
        (refused,) = [got for got in results if isinstance(got, Refused)]
        assert (len(winners), refused.code) == (1, "approval_limit_exceeded")
        assert refused.extra["used"] == "100.00"
        assert approved_in_window(1_000_000 + pk) == 10_000


def test_a_loser_is_told_of_the_winner_also_when_it_may_not_approve(settings: Settings) -> None:
    """Over its limit and too late at once: "too late" is the answer that helps, unless it asked first."""
    settings.APPROVAL_LIMIT = "1.00"
    rounds = asked(50)
    for pk, (late, won) in race(rounds, [approve, reject]).items():
        assert isinstance(won, PayoutRequest)
        if late.code == "already_decided":
            assert late.extra["current_reviewer"] == "reviewer-1"
        else:
            log = Entry.objects.filter(subject=f"payout:{pk}").order_by("seq")
            assert [one.outcome for one in log] == ["noted", "denied", "won"]


def test_reissue_against_retry_and_reissue() -> None:
    rounds = [make_payout("cancelled", payee=f"dead-{number}").pk for number in range(50)]

    def reissue(pk: int, number: int) -> Any:
        return reissue_payout(
            payout_id=pk, recipient=MOVED_TO, reason="new account", actor=person(number)
        )

    def retry(pk: int, number: int) -> Any:
        return retry_payout(payout_id=pk, actor=person(number), expected_status="cancelled")

    for pk, results in race(rounds, [reissue, reissue, retry]).items():
        winners = [got for got in results if isinstance(got, PayoutRequest)]
        assert len(winners) == 1
        successors = PayoutRequest.objects.filter(supersedes_id=pk).count()
        revived = PayoutRequest.objects.get(pk=pk).status == "requested"
        assert successors + revived == 1
        codes = {got.code for got in results if isinstance(got, Refused)}
        assert codes <= {"obligation_live", "conflict"}


def test_one_payee_and_one_version_however_many_ask_at_once() -> None:
    def ask(pk: int, number: int) -> Any:
        return create_payout(
            payee=NewPayee(f"new-{pk}"), amount=HUNDRED, rail="wise", recipient=OTTO, actor=MAKER
        )

    for pk, results in race(list(range(20)), [ask] * THREADS).items():
        assert len({got.pk for got in results}) == THREADS
        payee = Payee.objects.get(external_id=f"new-{pk}")
        assert Recipient.objects.filter(payee=payee).count() == 1


def test_one_claim_at_a_time() -> None:
    rounds = asked(30)

    def claim(pk: int, number: int) -> Any:
        return claim_payout(payout_id=pk, actor=person(number))

    for pk, results in race(rounds, [claim] * 4).items():
        (winner,) = [got for got in results if isinstance(got, PayoutRequest)]
        losers = [got for got in results if isinstance(got, Refused)]
        assert {got.extra["claimed_by"] for got in losers} == {winner.claimed_by}
        assert PayoutRequest.objects.get(pk=pk).version == 1
