"""A payout through Wise: one movement or none, whatever goes wrong at whatever moment, and the row says what is so."""

import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, connection, transaction
from pytest_django.fixtures import Settings

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role
from audit.models import Entry
from money import Money
from payouts.console.at_rail import at_rail
from tests.factories import ALICE
from tests.sandbox_wise import SandboxWise
from tests.transfers.steps import actions, attempts, lease_over, work, work_when_due
from tests.transfers.wise_steps import (
    IBAN,
    Crash,
    CrashingCalls,
    PayoutSource,
    all_that_is_stored,
    forget_rail,
    funded,
    payout,
    the_attempt,
    work_until_known,
)
from tests.transfers_api.conftest import Caller
from transfers.change import change_transfer
from transfers.claim import claim_due
from transfers.console.story import transfer_story
from transfers.models import AttemptOutcome, Finding, Transfer, TransferAttempt
from transfers.policy import attempt_key
from transfers.quotes import quote_for_review
from transfers.rail_access import wise_rail
from transfers.selectors import get_transfer
from transfers.services.confirm_transfer import confirm_transfer
from transfers.services.record_answer import record_failed
from transfers.services.retry_transfer import retry_transfer
from transfers.services.work_transfer import work_transfer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("family", ["legacy", "calendar"])
def test_a_payout_is_paid_in_one_turn(
    family: str, wise: SandboxWise, payouts: PayoutSource, settings: Settings
) -> None:
    settings.WISE_API_FAMILY = family
    forget_rail()
    transfer = work(payout())
    assert transfer.status == "success"
    attempt = the_attempt(transfer)
    assert attempt.idempotency_key == attempt_key(transfer, 1)
    assert attempt.funding_reference == transfer.rail_reference
    assert (attempt.outcome, attempt.send_count, attempt.answered) == ("succeeded", 1, True)
    assert payouts.heard == ["processing", "success"]
    assert actions(transfer) == ["processing", "success"]
    (row,) = wise.books()["transfers"]
    assert str(row["id"]) == transfer.rail_reference
    assert (row["ctid"], row["target_value"]) == (attempt.idempotency_key, "85.61")
    assert funded(wise) == 1
    assert transfer.due_at is not None  # it may still come back


def test_bank_details_are_kept_nowhere(wise: SandboxWise, payouts: PayoutSource) -> None:
    transfer = work(payout())
    entries = "".join(str(row) for row in Entry.objects.values_list("snapshot", "reason"))
    assert IBAN not in all_that_is_stored(transfer) + entries


TROUBLE = [
    "LOST CREATE",
    "DROP CREATE",
    "CREATE 500",
    "CREATE 500 AFTER",
    "TRUNCATED CREATE",
    "LIMIT CREATE",
    "LATE CREATE",
    "QUOTE EXPIRED",
    "LOST CREATE CTID 409",
    "LOST CREATE CTID 422",
    "CREATE 500 AFTER CTID 422",
    "LOST FUND",
    "DROP FUND",
    "FUND 500",
    "FUND 500 AFTER",
    "FUND 502",
    "FUND 502 AFTER",
    "TRUNCATED",
    "LIMIT FUND",
    "LATE FUND",
    "FUND CREATED",
    "SCA",
    "LOST FUND FUND 422",
    "LOST CREATE LOST FUND CTID 409 FUND 409",
]


@pytest.mark.parametrize("words", TROUBLE)
def test_trouble_ends_in_exactly_one_movement(
    words: str, wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work_until_known(payout(words))
    assert transfer.status == "success"
    assert not transfer.outcome_unknown
    assert funded(wise) == 1
    assert payouts.heard == ["processing", "success"]
    assert attempts(transfer)[0][:2] == (1, "succeeded")
    assert "transfer.cancel" not in wise.totals()["calls"]
    assert not Finding.objects.exists()


def test_an_unanswered_create_is_repeated_word_for_word(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("LOST CREATE"))
    assert (transfer.status, transfer.outcome_unknown) == ("processing", False)
    assert the_attempt(transfer).waiting_for["code"] == "create_unclear"
    assert funded(wise) == 0
    transfer = work_until_known(transfer)
    totals = wise.totals()
    assert (totals["transfers"], totals["ctid_repeats"], totals["ctid_conflicts"]) == (1, 1, 0)
    assert (transfer.status, funded(wise)) == ("success", 1)


def test_an_unanswered_funding_is_unknown_until_wise_shows_it(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("LOST FUND"))
    assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
    with pytest.raises(Exception, match="do not pay this by hand"):
        retry_transfer(transfer_id=transfer.pk, actor=ALICE)
    transfer = work_when_due(transfer)
    assert (transfer.status, transfer.outcome_unknown) == ("success", False)
    assert wise.totals()["calls"]["transfer.fund"] == 1


def test_a_funding_is_repeated_only_after_three_empty_reads_and_for_the_same_transfer(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("DROP FUND"))
    for _ in range(2):
        transfer = work_when_due(transfer)
        assert transfer.outcome_unknown
        assert wise.totals()["calls"]["transfer.fund"] == 1
    transfer = work_when_due(transfer)
    totals = wise.totals()
    assert (transfer.status, totals["calls"]["transfer.fund"]) == ("success", 2)
    assert (totals["transfers"], totals["funded"]) == (1, 1)


def test_the_delays_before_a_second_funding_are_those_of_the_ladder(
    wise: SandboxWise, payouts: PayoutSource, settings: Settings
) -> None:
    settings.PROBE_DELAYS_SECONDS = [5.0, 15.0, 60.0, 300.0]
    transfer = work(payout("DROP FUND"))
    delays = []
    for _ in range(3):
        delays.append(Entry.objects.order_by("-id")[0].snapshot["next_check_in_seconds"])
        transfer = work_when_due(transfer)
    assert delays == [5.0, 15.0, 60.0]
    assert transfer.status == "success"


def test_wise_unreachable_proves_nothing(
    wise: SandboxWise, payouts: PayoutSource, settings: Settings
) -> None:
    transfer = work(payout("LOST FUND"))
    settings.WISE_API_BASE, good = "http://127.0.0.1:9", settings.WISE_API_BASE
    forget_rail()
    for _ in range(5):
        transfer = work_when_due(transfer)
        assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
    assert the_attempt(transfer).progress["fund"]["empty_reads"] == 0
    settings.WISE_API_BASE = good
    forget_rail()
    assert work_when_due(transfer).status == "success"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("SCA ALWAYS", "strong_customer_authentication"),
        ("INSUFFICIENT", "balance.insufficient-funds"),
    ],
)
def test_a_refusal_that_a_person_can_lift_is_no_failure(
    words: str, code: str, wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = payout(words)
    for _ in range(4):
        transfer = work_when_due(transfer)
        assert (transfer.status, transfer.outcome_unknown) == ("processing", False)
        waiting = the_attempt(transfer).waiting_for
        assert waiting["code"] == code
        assert "Nothing has moved" in waiting["message"]
    assert funded(wise) == 0
    (recipient,) = wise.books()["recipients"]
    wise.cure(recipient["id"])
    transfer = work_when_due(transfer)
    assert (transfer.status, funded(wise)) == ("success", 1)
    assert wise.totals()["transfers"] == 1
    assert the_attempt(transfer).waiting_for == {}


def test_an_empty_balance_waits_for_its_top_up(wise: SandboxWise, payouts: PayoutSource) -> None:
    wise.drain()
    transfer = work(payout())
    assert the_attempt(transfer).waiting_for["code"] == "balance.insufficient-funds"
    wise.topup("500.00")
    assert work_when_due(transfer).status == "success"
    assert funded(wise) == 1


def test_a_funding_refused_for_good_is_cancelled_and_proven_dead_before_it_fails(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    refuse(wise)
    transfer = work(payout())
    assert (transfer.status, transfer.failure_code) == ("failed", "payment.option-unavailable")
    assert [row["status"] for row in wise.books()["transfers"]] == ["cancelled"]
    assert payouts.heard == ["processing", "failed"]
    approve_again(transfer)
    transfer = work(transfer)
    assert (transfer.status, funded(wise)) == ("success", 1)
    first, second = transfer.attempts.order_by("number")
    assert first.idempotency_key != second.idempotency_key
    assert first.funding_reference != second.funding_reference


def refuse(wise: SandboxWise) -> None:
    body = {"type": "BALANCE", "status": "REJECTED", "errorCode": "payment.option-unavailable"}
    wise.set_fault("error", params={"status": 422, "body": body}, operation="transfer.fund")


def approve_again(transfer: Transfer) -> None:
    change_transfer(transfer, believed="failed", to="pending", actor=ALICE)
    lease_over(transfer)


def test_what_people_gave_up_and_wise_shows_as_paid_is_not_paid_again(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("LOST FUND"))
    assert transfer.outcome_unknown and funded(wise) == 1
    lease_over(transfer)
    claim = claim_due(transfer, actor=ALICE)
    assert claim is not None
    assert record_failed(claim, "given_up", "Two people said so.", {}, actor=ALICE)
    approve_again(transfer)
    wise.set_fault("drop_before", times=None, method="GET")
    transfer = work(transfer)
    assert (transfer.status, len(wise.books()["transfers"])) == ("processing", 1)
    wise.clear_faults()
    transfer = work_when_due(transfer)
    assert (transfer.status, transfer.failure_code) == ("failed", "earlier_moved")
    assert (funded(wise), len(wise.books()["transfers"])) == (1, 1)
    assert Finding.objects.get().kind == "moved_although_not_processing"
    told = [one.title for one in transfer_story(transfer, list(transfer.attempts.all()))]
    assert "Failed: an earlier attempt was paid after all" in told
    assert "proven" not in at_rail(transfer, the_attempt(transfer)).what


def test_a_successor_sends_nothing_while_the_firsts_money_is_out(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    first = work(payout())
    assert (first.status, funded(wise)) == ("success", 1)
    successor = payout()
    Transfer.objects.filter(pk=successor.pk).update(supersedes=first)
    successor = work(successor)
    assert (successor.status, successor.failure_code) == ("failed", "earlier_moved")
    assert (funded(wise), len(wise.books()["transfers"])) == (1, 1)
    wise.push(int(first.rail_reference), "outgoing_payment_sent")
    wise.bounce(int(first.rail_reference), days=3)
    wise.refund(int(first.rail_reference), "50.00")
    approve_again(successor)
    assert (work(successor).status, funded(wise)) == ("success", 2)


@pytest.mark.parametrize("words", ["NO CANCEL", "LOST CANCEL"])
def test_a_cancel_that_is_not_proven_fails_nothing(
    words: str, wise: SandboxWise, payouts: PayoutSource
) -> None:
    refuse(wise)
    transfer = work(payout(words))
    assert transfer.status == "processing"
    transfer = work_when_due(transfer)
    assert transfer.status == ("processing" if words == "NO CANCEL" else "failed")
    assert funded(wise) == 0


def test_a_funding_refused_after_an_unanswered_one_is_never_cancelled(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("DROP FUND"))
    refuse(wise)
    transfer = work_until_known(transfer, turns=3)
    assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
    assert Finding.objects.get().kind == "funding_refused_after_unknown"
    assert "transfer.cancel" not in wise.totals()["calls"]


def test_a_transfer_that_somebody_cancels_at_wise_fails(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("INSUFFICIENT"))
    wise.push(int(the_attempt(transfer).funding_reference), "cancelled")
    transfer = work_when_due(transfer)
    assert (transfer.status, transfer.failure_code) == ("failed", "cancelled_at_rail")
    assert funded(wise) == 0


def test_a_wrong_iban_fails_without_being_repeated_anywhere(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    payouts.iban = "DE89370400440532013001"
    transfer = work(payout())
    assert (transfer.status, transfer.failure_code) == ("failed", "NOT_VALID")
    assert transfer.failure_message == "Wise does not accept: IBAN."
    entries = "".join(str(row) for row in Entry.objects.values_list("snapshot", "reason"))
    assert payouts.iban not in all_that_is_stored(transfer) + entries
    assert wise.totals()["transfers"] == 0


def test_a_transfer_that_is_not_what_was_asked_for_is_never_funded(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    body = {
        "id": 77,
        "status": "incoming_payment_waiting",
        "targetAccount": 5,
        "sourceCurrency": "USD",
        "targetCurrency": "EUR",
        "targetValue": 9999,
        "customerTransactionId": "another",
    }
    wise.set_fault("error", params={"status": 200, "body": body}, operation="transfer.create")
    transfer = work(payout())
    assert (transfer.status, transfer.failure_code) == ("failed", "transfer_differs")
    assert Finding.objects.get().evidence["differs_in"] == ["amount_minor", "destination", "group"]
    assert "transfer.fund" not in wise.totals()["calls"]


def test_a_quote_that_lapsed_before_the_transfer_is_replaced(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout("DROP CREATE"))
    (quote,) = wise.books()["quotes"]
    wise.expire_quote(quote["id"])
    transfer = work_until_known(transfer)
    assert transfer.status == "success"
    totals = wise.totals()
    assert (totals["quotes"], totals["transfers"], totals["funded"]) == (2, 1, 1)
    # Absence was proven twice: the first call had gone unanswered.
    assert totals["calls"]["transfer.list"] >= 2


def test_a_source_that_withdraws_lets_nothing_leave(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    payouts.allows = False
    transfer = work(payout())
    assert (transfer.status, transfer.attempt_count) == ("pending", 0)
    assert wise.totals()["requests"] == 0


def test_a_price_that_the_source_refuses_lets_nothing_leave(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    payouts.refuses_quotes = "It costs more than was approved."
    transfer = work(payout())
    assert (transfer.status, transfer.failure_code) == ("failed", "quote_refused")
    assert transfer.failure_message == "It costs more than was approved."
    assert wise.totals()["transfers"] == 0


def test_what_the_source_cannot_follow_is_undone_and_found_again(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    payouts.breaks_on = "success"
    transfer = payout()
    with pytest.raises(RuntimeError):
        work(transfer)
    assert get_transfer(transfer.pk).status == "processing"
    payouts.breaks_on = ""
    assert work_when_due(transfer).status == "success"
    assert wise.totals()["calls"]["transfer.fund"] == 1


def test_only_its_source_decides_about_another_try(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    refuse(wise)
    transfer = work(payout())
    with pytest.raises(Exception, match="retry that"):
        retry_transfer(transfer_id=transfer.pk, actor=ALICE)
    assert get_transfer(transfer.pk).status == "failed"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 7))
def test_a_worker_that_dies_around_any_call_pays_once(
    at: int, after: bool, wise: SandboxWise, payouts: PayoutSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    rail = wise_rail()
    calls = CrashingCalls(rail._call, at, after=after)
    monkeypatch.setattr(rail, "_call", calls)
    transfer = payout()
    with pytest.raises(Crash):
        work(transfer)
    died = get_transfer(transfer.pk)
    assert died.status == "processing"
    transfer = work_until_known(transfer)
    assert transfer.status == "success"
    assert funded(wise) == 1
    assert wise.totals()["transfers"] == 1
    assert attempts(transfer)[0][:2] == (1, "succeeded")


def test_a_worker_that_dies_in_the_funding_leaves_it_unknown(
    wise: SandboxWise, payouts: PayoutSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    rail = wise_rail()
    monkeypatch.setattr(rail, "_call", CrashingCalls(rail._call, 6, after=False))
    transfer = payout()
    with pytest.raises(Crash):
        work(transfer)
    assert the_attempt(transfer).may_have_moved_money
    transfer = work_when_due(transfer)
    assert (transfer.status, transfer.outcome_unknown) == ("processing", True)
    assert "taken_up" in actions(transfer)


@pytest.mark.parametrize("words", ["", "LOST FUND", "LOST CREATE"])
def test_many_workers_at_once_make_one_movement(
    words: str, wise: SandboxWise, payouts: PayoutSource
) -> None:
    for _ in range(4):
        transfer = payout(words)
        for _ in range(6):
            lease_over(transfer)
            together(4, lambda pk=transfer.pk: work_transfer(transfer_id=pk))
        assert get_transfer(transfer.pk).status == "success"
    assert funded(wise) == 4
    assert wise.totals()["transfers"] == 4


def together(number: int, do: Any) -> None:
    barrier = threading.Barrier(number)

    def run() -> None:
        barrier.wait()
        try:
            do()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class SlowWorker:
    """A worker that stops before its call of `method` to the payments, until it is told to go on."""

    def __init__(self, transfer: Transfer, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._reached, self._go_on = threading.Event(), threading.Event()
        self._transfer, self._method = transfer, method
        self._call = wise_rail()._call
        monkeypatch.setattr(wise_rail(), "_call", self._paused)
        self._thread = threading.Thread(target=self._work)

    def _paused(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        is_mine = threading.current_thread() is self._thread
        if is_mine and method == self._method and path.endswith("/payments"):
            self._reached.set()
            assert self._go_on.wait(20)
        return self._call(method, path, *args, **kwargs)

    def _work(self) -> None:
        try:
            work_transfer(transfer_id=self._transfer.pk)
        finally:
            connection.close()

    def start(self) -> None:
        """Returns when it is there."""
        self._thread.start()
        assert self._reached.wait(20)

    def go_on(self) -> None:
        """Returns when it has ended."""
        self._go_on.set()
        self._thread.join()


@pytest.mark.parametrize(
    ("method", "conflicts"), [("POST", 1), ("GET", 0)], ids=["in the funding", "before the funding"]
)
def test_a_worker_that_was_overtaken_moves_nothing_more(
    method: str,
    conflicts: int,
    wise: SandboxWise,
    payouts: PayoutSource,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transfer = payout()
    slow = SlowWorker(transfer, method, monkeypatch)
    slow.start()
    assert work_until_known(transfer).status == "success"
    slow.go_on()
    assert funded(wise) == 1
    assert wise.totals()["fund_conflicts"] == conflicts
    assert get_transfer(transfer.pk).status == "success"
    assert payouts.heard == ["processing", "success"]


def test_a_worker_without_its_fence_funds_nothing(
    wise: SandboxWise,
    payouts: PayoutSource,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.PROBE_DELAYS_SECONDS = [600.0]
    transfer = payout("SCA")
    slow = SlowWorker(transfer, "GET", monkeypatch)
    slow.start()
    assert work_when_due(transfer).status == "processing"  # told to wait for ten minutes
    slow.go_on()
    assert wise.totals()["calls"]["transfer.fund"] == 1
    assert funded(wise) == 0
    assert work_when_due(transfer).status == "success"


def test_the_database_allows_one_fundable_transfer_a_debt(
    wise: SandboxWise, payouts: PayoutSource
) -> None:
    transfer = work(payout())
    values: dict[str, Any] = {"request": {}, "resolved_at": None, "transfer": transfer, "number": 2}
    with (
        pytest.raises(IntegrityError, match="one_fundable_movement_per_debt"),
        transaction.atomic(),
    ):
        TransferAttempt.objects.create(idempotency_key="k2", funding_reference="99", **values)
    other = TransferAttempt.objects.create(idempotency_key="k2", **values)
    with pytest.raises(IntegrityError), transaction.atomic():
        TransferAttempt.objects.filter(pk=other.pk).update(funding_reference="99")
    first = TransferAttempt.objects.filter(transfer=transfer, outcome=AttemptOutcome.SUCCEEDED)
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        first.update(funding_reference="99")


def test_a_person_may_ask_wise_at_any_time(wise: SandboxWise, payouts: PayoutSource) -> None:
    pending = payout()
    assert confirm_transfer(transfer_id=pending.pk, actor=ALICE)[1] == (
        "the rail has no movement for it"
    )
    transfer = work(payout("LOST FUND"))
    found, said = confirm_transfer(transfer_id=transfer.pk, actor=ALICE)
    assert (found.status, said) == ("success", "paid; known already")
    assert funded(wise) == 1


def test_so_does_a_program(wise: SandboxWise, payouts: PayoutSource) -> None:
    """confirmTransfer for Wise: what a worker never heard is read, applied once, and answered."""
    user = User.objects.create(username="program")
    assign_role(user, Role.INTEGRATOR)
    program = Caller(str(ApiToken.objects.create(user=user, name="test")[1]))
    transfer = work(payout("LOST FUND"))
    for result in ("paid; known already", "known already"):
        answer = program.post(f"transfers/{transfer.pk}/confirm")
        assert answer.status_code == 200
        assert (answer.json()["rail"], answer.json()["status"]) == ("wise", "success")
        assert answer.json()["result"] == result
    assert funded(wise) == 1


def test_a_reviewer_sees_what_it_costs(wise: SandboxWise) -> None:
    quote = quote_for_review(Money(10_000, "EUR"))
    assert (quote.target_minor, quote.source_currency) == (10_000, "USD")
    assert quote.source_minor > quote.fee_minor > 0
    assert wise.totals()["transfers"] == 0
