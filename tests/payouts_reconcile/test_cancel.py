"""`payout_cancel_transfer`: out of the rail as far as it allows, back to a reviewer, and never two payments."""

from decimal import Decimal
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from audit.models import Entry
from money import Money
from payouts.cancel_plan import Step, plan_cancel
from payouts.errors import KycIncomplete
from payouts.models import Approval, PayoutRequest
from payouts.selectors import get_payout
from payouts.services.approve_payout import approve_payout
from payouts.services.cancel_payout_transfer import cancel_payout_transfer
from payouts.services.set_kyc import set_kyc
from tests.payouts.requests import ANA, BEN, make_payout, the_transfer
from tests.payouts_reconcile.steps import (
    apply,
    approved,
    at_wise,
    reference,
    refused,
    run,
    sent,
    turn,
)
from tests.sandbox_wise import SandboxWise
from tests.transfers.steps import work
from tests.transfers.wise_steps import Crash, CrashingCalls, funded
from transfers.errors import CallUnderWay
from transfers.models import Finding, TransferAttempt
from transfers.rail_access import wise_rail
from transfers.services.work_transfer import work_transfer

pytestmark = pytest.mark.django_db(transaction=True)

CANCEL = "payout_cancel_transfer"


def statuses(payout: PayoutRequest) -> tuple[str, str, str]:
    fresh = get_payout(payout.pk)
    return fresh.status, the_transfer(payout.pk).status, fresh.payee.status


def written() -> tuple[int, int, int]:
    return PayoutRequest.objects.count(), Entry.objects.count(), Approval.objects.count()


def test_without_apply_nothing_changes(wise: SandboxWise) -> None:
    payout = sent("INSUFFICIENT")
    before, calls = written(), wise.totals()["calls"].get("transfer.cancel", 0)
    said = run(CANCEL, payout)
    assert said.startswith("Would stop") and "Nothing was changed" in said
    assert written() == before
    assert wise.totals()["calls"].get("transfer.cancel", 0) == calls


def test_what_was_not_sent_is_withdrawn(wise: SandboxWise) -> None:
    payout = approved()
    said = apply(CANCEL, payout)
    assert "not sent yet" in said
    assert statuses(payout) == ("requested", "cancelled", "expired")
    assert wise.books()["transfers"] == []


def test_unfunded_is_cancelled_there_proven_dead_and_decided_anew(wise: SandboxWise) -> None:
    payout = sent("INSUFFICIENT")
    assert statuses(payout) == ("processing", "processing", "approved")
    said = apply(CANCEL, payout)
    assert f"Payout {payout.pk} is requested" in said
    assert statuses(payout) == ("requested", "failed", "expired")
    transfer = the_transfer(payout.pk)
    assert transfer.failure_code == "cancelled_by_person"
    assert at_wise(wise, transfer)["status"] == "cancelled"
    assert funded(wise) == 0
    with pytest.raises(KycIncomplete):
        approve_payout(payout_id=payout.pk, actor=BEN)
    set_kyc(external_id=payout.payee.external_id, status="approved", actor=BEN, note="seen again")
    approve_payout(payout_id=payout.pk, actor=BEN)
    work(the_transfer(payout.pk))
    wise.cure(int(wise.books()["transfers"][1]["recipient"]))
    assert turn(payout).status == "success"
    rows = wise.books()["transfers"]
    assert rows[0]["status"] == "cancelled"
    assert len({row["ctid"] for row in rows}) == len(rows) == 2
    assert funded(wise) == 1


def test_a_second_run_changes_nothing(wise: SandboxWise) -> None:
    payout = sent("INSUFFICIENT")
    apply(CANCEL, payout)
    before = written()
    assert "waits for a decision" in apply(CANCEL, payout)
    assert written() == before


def test_funded_is_given_back_only_by_wise_and_then_a_successor_is_decided(
    wise: SandboxWise,
) -> None:
    payout = sent()
    wise.settings(refund_delay_seconds=999_999)
    said = apply(CANCEL, payout)
    assert "asked to cancel it" in said and "not back yet" in said
    # It was paid, and stays so until its money is back.
    assert statuses(payout) == ("paid", "success", "expired")
    assert at_wise(wise, the_transfer(payout.pk))["status"] == "cancelled"
    assert plan_cancel(payout.pk).step is Step.WAIT
    before = written()
    assert "not back yet" in apply(CANCEL, payout)
    assert written() == before
    wise.refund(reference(the_transfer(payout.pk)))
    said = apply(CANCEL, payout)
    assert statuses(payout)[:2] == ("paid", "returned")
    successor = PayoutRequest.objects.get(supersedes=payout)
    assert f"Payout {successor.pk} is requested" in said
    assert (successor.recipient_id, successor.created_by) == (payout.recipient_id, "ana")
    assert f"reissued as payout {successor.pk}" in apply(CANCEL, payout)
    assert (funded(wise), PayoutRequest.objects.count()) == (1, 2)


def test_what_was_sent_to_the_bank_is_not_stopped(wise: SandboxWise) -> None:
    payout = sent()
    wise.push(reference(the_transfer(payout.pk)), "outgoing_payment_sent")
    before = written()
    assert "cannot be cancelled" in refused(CANCEL, payout)
    assert (written(), statuses(payout)) == (before, ("paid", "success", "approved"))


def test_wise_may_say_no(wise: SandboxWise) -> None:
    payout = sent("NO CANCEL")
    said = refused(CANCEL, payout)
    assert "transfer.cancellation.not.allowed" in said
    assert statuses(payout)[:2] == ("paid", "success")
    log = Entry.objects.filter(subject=f"transfer:{the_transfer(payout.pk).pk}")
    assert log.filter(action="transfer.take_back_refused", outcome="conflict").count() == 1


@pytest.mark.parametrize("word", ["LOST CREATE", "DROP CREATE", "CREATE 500 AFTER"])
def test_a_create_that_nobody_answered_is_found_before_it_is_called_dead(
    word: str, wise: SandboxWise
) -> None:
    payout = sent(word)
    assert statuses(payout)[:2] == ("processing", "processing")
    for _ in range(4):
        apply(CANCEL, payout)
        turn(payout)
    assert statuses(payout)[:2] == ("requested", "failed")
    assert {row["status"] for row in wise.books()["transfers"]} <= {"cancelled"}
    assert funded(wise) == 0


@pytest.mark.parametrize("word", ["LOST FUND", "FUND 500 AFTER", "SLOW"])
def test_a_funding_that_was_executed_counts_as_paid_and_is_taken_back(
    word: str, wise: SandboxWise
) -> None:
    payout = sent(word)
    wise.settings(refund_delay_seconds=999_999)
    said = apply(CANCEL, payout)
    assert "Nobody knows yet" in said and "not back yet" in said
    assert statuses(payout)[:2] == ("paid", "success")
    assert (at_wise(wise, the_transfer(payout.pk))["status"], funded(wise)) == ("cancelled", 1)


@pytest.mark.parametrize("word", ["DROP FUND", "FUND 500"])
def test_a_funding_that_was_not_executed_is_cancelled_after_the_empty_reads(
    word: str, wise: SandboxWise
) -> None:
    payout = sent(word)
    said = apply(CANCEL, payout)
    assert "has not confirmed" in said
    for _ in range(4):
        turn(payout)
    assert statuses(payout)[:2] == ("failed", "failed")
    assert (at_wise(wise, the_transfer(payout.pk))["status"], funded(wise)) == ("cancelled", 0)
    apply(CANCEL, payout)
    assert statuses(payout) == ("requested", "failed", "expired")


@pytest.mark.parametrize("word", ["LOST CANCEL", "DROP CANCEL"])
def test_a_cancellation_that_nobody_answered_is_asked_again_by_itself(
    word: str, wise: SandboxWise
) -> None:
    payout = sent(f"{word} INSUFFICIENT")
    assert "has not confirmed" in apply(CANCEL, payout)
    assert statuses(payout)[:2] == ("processing", "processing")
    turn(payout)
    assert statuses(payout)[:2] == ("failed", "failed")
    apply(CANCEL, payout)
    assert statuses(payout)[0] == "requested"
    assert funded(wise) == 0


def test_nobody_decides_over_a_call_that_is_under_way(
    wise: SandboxWise, monkeypatch: pytest.MonkeyPatch
) -> None:
    payout = approved()
    transfer = the_transfer(payout.pk)
    crashing = CrashingCalls(wise_rail()._client.request, 0, after=False)

    def die_in_funding(method: str, path: str, **more: Any) -> Any:
        if method == "POST" and path.endswith("/payments"):
            raise Crash
        return crashing(method, path, **more)

    monkeypatch.setattr(wise_rail()._client, "request", die_in_funding)
    with pytest.raises(Crash):
        work_transfer(transfer_id=transfer.pk)
    with pytest.raises(CallUnderWay):
        cancel_payout_transfer(payout_id=payout.pk, reason="stop", actor=ANA)
    assert not TransferAttempt.objects.get(transfer=transfer).answered
    monkeypatch.undo()
    assert turn(payout).status == "processing"


def test_a_worker_that_was_shut_out_funds_nothing(
    wise: SandboxWise, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person is faster, between a worker's look and its funding."""
    payout = approved()
    transfer = the_transfer(payout.pk)
    done: list[int] = []
    call = wise_rail()._client.request

    def stop_first(method: str, path: str, **more: Any) -> Any:
        answer = call(method, path, **more)
        if method == "GET" and path.endswith("/payments") and not done:
            done.append(1)
            cancel_payout_transfer(payout_id=payout.pk, reason="stop", actor=ANA)
        return answer

    monkeypatch.setattr(wise_rail()._client, "request", stop_first)
    work(transfer)
    assert done and statuses(payout)[:2] == ("requested", "failed")
    assert (funded(wise), at_wise(wise, transfer)["status"]) == (0, "cancelled")


def test_nothing_was_ever_ordered(wise: SandboxWise) -> None:
    payout = make_payout("rejected")
    before = written()
    assert "has no payment for it" in apply(CANCEL, payout)
    assert written() == before
    assert "waits for a decision" in run(CANCEL, make_payout())


def test_what_came_back_by_itself_is_for_reissue(wise: SandboxWise) -> None:
    payout = sent()
    wise.refund(reference(the_transfer(payout.pk)), "71.05")
    turn(payout)
    assert "came back by itself" in apply(CANCEL, payout)
    assert not PayoutRequest.objects.filter(supersedes=payout).exists()


@pytest.mark.parametrize("status", ["processing", "paid"])
def test_a_rail_that_takes_nothing_back_is_not_asked_to(status: str, settings: Settings) -> None:
    settings.BASE_RATES = {"XLM": Decimal("0.1")}
    stellar = {
        "type": "stellar",
        "address": "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ",
    }
    payout = make_payout(status, rail="stellar", recipient=stellar, amount=Money(10_000_000, "XLM"))
    before = written()
    assert "takes no payment back" in run(CANCEL, payout)
    assert "cannot be cancelled" in refused(CANCEL, payout)
    assert (written(), get_payout(payout.pk).payee.status) == (before, "approved")


def test_wise_must_be_there_to_promise_anything(wise: SandboxWise) -> None:
    payout = sent()
    wise.set_fault("drop_before", times=None, method="GET")
    assert "unavailable" in refused(CANCEL, payout)
    assert statuses(payout) == ("paid", "success", "approved")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"actor": ""}, "needs --actor"),
        ({"actor": "axel"}, "permission_denied"),
        ({"reason": " "}, "needs --reason"),
    ],
)
@pytest.mark.parametrize("command", [CANCEL, "payout_confirm", "payout_release"])
def test_apply_wants_somebody_who_may_and_a_reason(
    command: str, options: dict[str, str], said: str
) -> None:
    payout = approved()
    before = statuses(payout)
    more = {"outcome": "moved"} if command == "payout_release" else {}
    assert said in refused(command, payout, **options, **more)
    assert statuses(payout) == before
    denied = Entry.objects.filter(subject=f"payout:{payout.pk}", outcome="denied").count()
    assert denied == (said == "permission_denied")
    assert not Finding.objects.exists()
