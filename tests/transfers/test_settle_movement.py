"""Whatever brings a movement - webhook, probe, a person, a late worker - ends in the same transition or a finding."""

from dataclasses import replace
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from audit.actor import Actor
from audit.models import Entry
from rails.answers import Movement
from tests.factories import ALICE
from tests.transfers.steps import actions, attempts, enqueue_one
from transfers.claim import claim_pending
from transfers.models import Booking, Finding, Transfer
from transfers.policy import transfer_group
from transfers.rail_access import stripe_rail
from transfers.selectors import get_transfer
from transfers.services.raise_finding import raise_finding
from transfers.services.record_answer import record_failed
from transfers.services.settle_movement import settle_movement

pytestmark = pytest.mark.django_db
RAIL = Actor("rail", "stripe webhook")


@pytest.fixture(autouse=True)
def _a_rail_that_is_never_called(settings: Settings) -> None:
    settings.STRIPE_API_KEY = "sk_test_never"
    stripe_rail.cache_clear()


def processing(account: str = "acct_1ok") -> Transfer:
    transfer = enqueue_one(account)
    assert claim_pending(get_transfer(transfer.pk), actor=ALICE)
    return get_transfer(transfer.pk)


def movement_of(transfer: Transfer, reference: str = "tr_1", **values: Any) -> Movement:
    attempt = transfer.attempts.get()
    movement = Movement(
        reference=reference,
        amount_minor=transfer.amount_minor,
        currency=transfer.currency,
        destination=transfer.destination,
        group=transfer_group(transfer),
        metadata=attempt.request["metadata"],
    )
    return replace(movement, **values)


def settle(transfer: Transfer, movement: Movement) -> str:
    return settle_movement(
        transfer_id=transfer.pk, movement=movement, evidence={"from": "test"}, actor=RAIL
    )


def test_exactly_what_was_asked_for_is_success_once() -> None:
    transfer = processing()
    movement = movement_of(transfer)
    assert settle(transfer, movement) == "paid"
    assert settle(transfer, movement) == "known already"
    transfer = get_transfer(transfer.pk)
    assert (transfer.status, transfer.rail_reference, transfer.due_at) == ("success", "tr_1", None)
    assert attempts(transfer) == [(1, "succeeded", 1)]
    assert actions(transfer) == ["pending", "processing", "success"]
    assert Entry.objects.get(action="transfer.success").actor_kind == "rail"


@pytest.mark.parametrize(
    "different",
    [
        {"amount_minor": 44_999},
        {"currency": "EUR"},
        {"destination": "acct_other"},
        {"group": "transfer:other"},
        {"metadata": {}},
    ],
)
def test_another_amount_or_person_is_a_finding_and_no_success(different: dict[str, Any]) -> None:
    transfer = processing()
    assert settle(transfer, movement_of(transfer, **different)) == "finding: movement_differs"
    settle(transfer, movement_of(transfer, **different))
    assert get_transfer(transfer.pk).status == "processing"
    finding = Finding.objects.get()
    assert finding.evidence["differs_in"] == list(different)
    assert actions(transfer)[-1] == "finding.movement_differs"


def test_a_second_movement_is_a_finding() -> None:
    transfer = processing()
    settle(transfer, movement_of(transfer))
    assert settle(transfer, movement_of(transfer, "tr_2")) == "finding: moved_twice"
    assert get_transfer(transfer.pk).rail_reference == "tr_1"
    assert Finding.objects.get().evidence["movement"] == "tr_2"


def test_moved_although_it_failed() -> None:
    transfer = enqueue_one()
    claim = claim_pending(get_transfer(transfer.pk), actor=ALICE)
    assert claim is not None
    record_failed(claim, "not_executed", "no", {}, actor=ALICE)
    done = settle(transfer, movement_of(get_transfer(transfer.pk)))
    assert done == "finding: moved_although_not_processing"
    assert get_transfer(transfer.pk).status == "failed"


@pytest.mark.parametrize(
    ("amounts", "status", "said"),
    [
        ([1_000], "success", ["partly reversed"]),
        ([1_000, 1_000], "success", ["partly reversed", "known already"]),
        ([2_000, 1_000], "success", ["partly reversed", "known already"]),
        ([1_000, 45_000], "reversed", ["partly reversed", "reversed"]),
        ([45_000, 1_000], "reversed", ["reversed", "known already"]),
    ],
)
def test_reversed_amounts_in_any_order(amounts: list[int], status: str, said: list[str]) -> None:
    transfer = processing()
    settle(transfer, movement_of(transfer))
    assert [settle(transfer, movement_of(transfer, reversed_minor=a)) for a in amounts] == said
    now = get_transfer(transfer.pk)
    assert (now.status, now.reversed_minor) == (status, max(amounts))
    booking = Booking.objects.get()
    assert booking.paid_minor == (0 if status == "reversed" else 45_000 - max(amounts))


def test_a_reversal_seen_before_the_success() -> None:
    transfer = processing()
    assert settle(transfer, movement_of(transfer, reversed_minor=45_000)) == "paid"
    assert get_transfer(transfer.pk).status == "reversed"
    assert actions(transfer)[-2:] == ["success", "reversed"]


def test_a_movement_for_one_that_is_still_pending() -> None:
    transfer = enqueue_one()
    movement = Movement("tr_1", 45_000, "USD", "acct_1ok", transfer_group(transfer))
    assert settle(transfer, movement) == "finding: moved_although_not_processing"


def test_a_finding_is_raised_once_until_it_is_resolved() -> None:
    def raise_it() -> None:
        raise_finding(subject="transfer:1", kind="k", detail="d", actor=ALICE, evidence={})

    raise_it()
    raise_it()
    assert Finding.objects.count() == Entry.objects.filter(action="finding.k").count() == 1
    Finding.objects.update(state="resolved")
    raise_it()
    assert Finding.objects.count() == 2
