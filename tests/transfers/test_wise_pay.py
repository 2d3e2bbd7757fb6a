"""A payout through Wise: one movement or none, whatever goes wrong at whatever moment, and the row says what is so."""

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role
from audit.models import Entry
from money import Money
from tests.factories import ALICE
from tests.sandbox_wise import SandboxWise
from tests.transfers.steps import actions, attempts, work, work_when_due
from tests.transfers.wise_steps import (
    IBAN,
    PayoutSource,
    all_that_is_stored,
    forget_rail,
    funded,
    payout,
    the_attempt,
    work_until_known,
)
from tests.transfers_api.conftest import Caller
from transfers.models import Finding
from transfers.policy import attempt_key
from transfers.quotes import quote_for_review
from transfers.selectors import get_transfer
from transfers.services.confirm_transfer import confirm_transfer

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
