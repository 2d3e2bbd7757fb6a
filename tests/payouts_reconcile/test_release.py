"""`payout_release`: what the rail does not tell is decided by two different people, or not at all."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit.actor import Actor
from audit.models import Entry
from guard.errors import Conflicted, Refused
from payouts.models import PayoutRequest
from payouts.selectors import get_payout
from payouts.services.release_payout import release_payout
from tests.payouts.requests import WORKER, the_transfer
from tests.payouts_reconcile.steps import apply, reference, refused, run, sent, turn
from tests.sandbox_wise import SandboxWise
from tests.transfers.wise_steps import funded
from transfers.models import Release, Transfer
from transfers.release_rules import ask_first
from transfers.services import confirm_release as confirming
from transfers.services.confirm_release import confirm_release
from transfers.services.propose_release import propose_release
from transfers.services.withdraw_release import withdraw_release

pytestmark = pytest.mark.django_db(transaction=True)

RELEASE = "payout_release"


@pytest.fixture
def unknown(wise: SandboxWise) -> PayoutRequest:
    """A funding that nobody answered, and Wise is not to be reached since."""
    payout = sent("LOST FUND")
    assert the_transfer(payout.pk).outcome_unknown
    wise.set_fault("drop_before", times=None, method="GET")
    return payout


def statuses(payout: PayoutRequest) -> tuple[str, str, bool]:
    transfer = the_transfer(payout.pk)
    return get_payout(payout.pk).status, transfer.status, transfer.outcome_unknown


STILL = ("processing", "processing", True)


def test_the_first_proposes_and_the_second_decides(unknown: PayoutRequest) -> None:
    before = Entry.objects.count()
    assert "Would propose" in run(RELEASE, unknown, outcome="moved")
    assert Entry.objects.count() == before and not Release.objects.exists()
    assert "waits for a second person" in apply(RELEASE, unknown, by="ana", outcome="moved")
    assert statuses(unknown) == STILL
    assert "ana proposed" in run(RELEASE, unknown, outcome="moved")
    said = apply(RELEASE, unknown, by="ben", outcome="moved", reason="seen in the bank's books")
    assert "decided by ana and ben" in said
    assert statuses(unknown) == ("paid", "success", False)
    transfer = the_transfer(unknown.pk)
    assert transfer.rail_reference == str(reference(transfer))
    log = Entry.objects.filter(subject=f"transfer:{transfer.pk}")
    assert log.get(action="transfer.release_proposed").actor_name == "ana"
    assert log.get(action="transfer.success").actor_name == "ben"
    (line,) = [one for one in transfer.attempts.get().evidence if one["what"] == "released"]
    assert line["proposed"].startswith("ana:") and line["confirmed"].startswith("ben:")


def test_not_moved_fails_it_and_a_reviewer_decides_anew(unknown: PayoutRequest) -> None:
    apply(RELEASE, unknown, by="ana", outcome="not_moved")
    apply(RELEASE, unknown, by="ben", outcome="not_moved", reason="Wise confirmed by phone")
    assert statuses(unknown) == ("failed", "failed", False)
    transfer = the_transfer(unknown.pk)
    assert transfer.failure_code == "released_by_people"
    assert "ana and ben decided" in transfer.failure_message


def test_nobody_is_two_people(unknown: PayoutRequest, wise: SandboxWise) -> None:
    apply(RELEASE, unknown, by="ana", outcome="moved")
    before = Entry.objects.count()
    assert "waits for a second person" in apply(RELEASE, unknown, by="ana", outcome="moved")
    assert Entry.objects.count() == before
    release = Release.objects.get()
    with pytest.raises(IntegrityError, match="second_person"), transaction.atomic():
        Release.objects.filter(pk=release.pk).update(
            state="confirmed", closed_by="ana", closed_by_id=release.proposed_by_id
        )
    # Neither under another id, nor under another name.
    for name, number in (("ana", 1_000_999), ("somebody", release.proposed_by_id)):
        with pytest.raises(IntegrityError, match="second_person"), transaction.atomic():
            Release.objects.filter(pk=release.pk).update(
                state="confirmed", closed_by=name, closed_by_id=number
            )
    assert statuses(unknown) == STILL


def test_the_proposer_is_refused_by_the_service_and_audited(unknown: PayoutRequest) -> None:
    apply(RELEASE, unknown, by="ana", outcome="moved")
    release = Release.objects.get()
    ana = Actor("user", "ana", user_id=release.proposed_by_id)
    with pytest.raises(Refused) as refusal:
        confirm_release(release_id=release.pk, reason="again", actor=ana)
    assert (refusal.value.code, refusal.value.http_status) == ("self_approval", 403)
    entry = Entry.objects.filter(subject=f"transfer:{release.transfer_id}").latest("seq")
    assert (entry.outcome, entry.reason) == ("denied", "self_approval")


def test_a_program_decides_nothing(unknown: PayoutRequest) -> None:
    with pytest.raises(Refused, match="by people"):
        release_payout(payout_id=unknown.pk, decision="moved", reason="x", actor=WORKER)


def test_sql_fails_nothing_in_peoples_name(unknown: PayoutRequest) -> None:
    with pytest.raises(DatabaseError, match="nobody released it"), transaction.atomic():
        Transfer.objects.filter(pk=the_transfer(unknown.pk).pk).update(
            status="failed", failure_code="released_by_people", outcome_unknown=False
        )
    apply(RELEASE, unknown, by="ana", outcome="not_moved")
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        Release.objects.update(decision="moved", rail_reference="1")
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
        Release.objects.all().delete()


def test_two_opinions_are_no_decision(unknown: PayoutRequest, ben: Actor) -> None:
    apply(RELEASE, unknown, by="ana", outcome="moved")
    assert "conflict" in refused(RELEASE, unknown, by="ben", outcome="not_moved")
    assert statuses(unknown) == STILL
    release = Release.objects.get()
    withdraw_release(release_id=release.pk, reason="I do not see it", actor=ben)
    with pytest.raises(Refused):
        withdraw_release(release_id=release.pk, reason="twice", actor=ben)
    apply(RELEASE, unknown, by="ben", outcome="not_moved")
    assert statuses(unknown) == STILL
    assert Release.objects.count() == 2


def test_what_the_rail_shows_is_not_decided_by_people(wise: SandboxWise) -> None:
    payout = sent("LOST FUND")
    assert "shows it now" in refused(RELEASE, payout, outcome="not_moved")
    assert statuses(payout) == ("paid", "success", False)
    assert "nothing to release" in refused(RELEASE, payout, outcome="moved")


def test_what_the_rail_denies_is_not_decided_by_people(wise: SandboxWise) -> None:
    payout = sent("DROP FUND")
    assert "not called paid" in refused(RELEASE, payout, outcome="moved")
    assert "could still be paid" in refused(RELEASE, payout, outcome="not_moved")
    assert not Release.objects.exists()
    assert statuses(payout) == STILL


def test_the_rail_may_come_back_between_the_two(unknown: PayoutRequest, wise: SandboxWise) -> None:
    apply(RELEASE, unknown, by="ana", outcome="not_moved")
    wise.clear_faults()
    assert "shows it now" in refused(RELEASE, unknown, by="ben", outcome="not_moved")
    assert statuses(unknown) == ("paid", "success", False)
    assert funded(wise) == 1


def test_what_moved_by_decision_is_watched(unknown: PayoutRequest, wise: SandboxWise) -> None:
    apply(RELEASE, unknown, by="ana", outcome="moved")
    apply(RELEASE, unknown, by="ben", outcome="moved")
    wise.clear_faults()
    wise.refund(reference(the_transfer(unknown.pk)))
    assert turn(unknown).status == "returned"


def test_another_payment_than_ours_is_not_named(unknown: PayoutRequest) -> None:
    said = refused(RELEASE, unknown, outcome="moved", rail_reference="123")
    assert "could be paid from here" in said


def test_many_second_people_decide_once(unknown: PayoutRequest) -> None:
    apply(RELEASE, unknown, by="ana", outcome="not_moved")
    barrier = threading.Barrier(4, timeout=60)

    def confirm(number: int) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait()
            person = Actor("user", f"reviewer-{number}", user_id=1_000_000 + number)
            return release_payout(
                payout_id=unknown.pk, decision="not_moved", reason="yes", actor=person
            )
        except Refused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(confirm, range(4)))
    winners = [one for one in got if isinstance(one, Release)]
    assert len(winners) == 1
    assert {one.code for one in got if isinstance(one, Refused)} <= {"conflict"}
    assert statuses(unknown) == ("failed", "failed", False)
    moved = Entry.objects.filter(
        subject=f"transfer:{the_transfer(unknown.pk).pk}", action="transfer.failed", outcome="won"
    )
    assert moved.count() == 1


def test_one_who_proposes_and_one_who_confirms_do_not_wait_for_each_other(
    unknown: PayoutRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Carl looked before Ana proposed, and writes his own while Ben confirms hers: he waits, and is told."""
    looked, closed = threading.Event(), threading.Event()
    apply_decision, transfer = confirming._apply, the_transfer(unknown.pk)
    late: list[Future[Any]] = []

    def ask(*args: Any, actor: Actor, **more: Any) -> str:
        said = ask_first(*args, actor=actor, **more)
        if actor.name == "carl":
            looked.set()
            assert closed.wait(30)
        return said

    def close_and_apply(*args: Any) -> None:
        closed.set()
        _until_it_waits_for_us_or_is_done(late[0])
        apply_decision(*args)

    def propose(name: str, number: int) -> Any:
        try:
            person = Actor("user", name, user_id=number)
            return propose_release(
                transfer_id=transfer.pk, decision="not_moved", reason="we looked", actor=person
            )
        except Conflicted as refusal:
            return refusal
        finally:
            if name == "carl":
                connection.close()

    monkeypatch.setattr("transfers.services.propose_release.ask_first", ask)
    monkeypatch.setattr(confirming, "_apply", close_and_apply)
    with ThreadPoolExecutor(1) as pool:
        late.append(pool.submit(propose, "carl", 9_004))
        assert looked.wait(30)
        release = propose("ana", 9_002)
        ben = Actor("user", "ben", user_id=9_003)
        confirmed = confirm_release(release_id=release.pk, reason="so did I", actor=ben)
        assert confirmed.state == "confirmed"
        assert "failed" in str(late[0].result(30))
    assert statuses(unknown) == ("failed", "failed", False)
    assert Release.objects.count() == 1


def _until_it_waits_for_us_or_is_done(late: "Future[Any]") -> None:
    for _ in range(1_000):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks "
                "WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0] or late.done():
                return
        threading.Event().wait(0.01)
    raise AssertionError("it neither waited nor ended")
