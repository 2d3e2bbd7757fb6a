"""A booking's counters always equal a recount of its transfers, whatever happens to them and in which order."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.door import change_in_place, change_status
from guard.table import transition_table
from tests.factories import ALICE, make_booking
from tests.transfers.recount import assert_counters_are_a_recount
from tests.transfers.steps import enqueue
from transfers.models import Booking, Transfer
from transfers.selectors import transfers_of
from transfers.services.pay_crew import pay_crew

STEPS = transition_table(Transfer).pairs()


def move(transfer: Transfer, chance: random.Random) -> None:
    """Any legal step from where it is, or a change within its status."""
    status = Transfer.objects.get(pk=transfer.pk).status
    options = [new for prior, new in STEPS if prior == status]
    if status == "processing" and chance.random() < 0.4:
        unknown = {"outcome_unknown": chance.random() < 0.5}
        change_in_place(
            Transfer, transfer.pk, status=status, action="x", actor=ALICE, changes=unknown
        )
    elif status == "success" and chance.random() < 0.5:
        part = {"reversed_minor": chance.randint(0, transfer.amount_minor)}
        change_in_place(Transfer, transfer.pk, status=status, action="x", actor=ALICE, changes=part)
    elif options:
        to = chance.choice(options)
        changes: dict[str, object] = {"outcome_unknown": False}
        if to == "success":
            changes["rail_reference"] = f"tr_{transfer.pk}"
        change_status(Transfer, transfer.pk, believed=status, to=to, actor=ALICE, changes=changes)


@pytest.mark.django_db
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(people=st.integers(1, 5), seed=st.integers(0, 2**32), steps=st.integers(0, 25))
def test_any_walk_through_the_table(people: int, seed: int, steps: int) -> None:
    chance = random.Random(seed)
    booking = make_booking(*(f"acct_1{n}" for n in range(people)))
    other = make_booking("acct_1other")
    chosen = [f"u{place}" for place in range(1, chance.randint(1, people) + 1)]
    pay_crew(reference=booking.reference, actor=ALICE, user_ids=chosen)
    transfers = list(transfers_of(booking))
    assert_counters_are_a_recount(booking, other)
    for _ in range(steps):
        move(chance.choice(transfers), chance)
        assert_counters_are_a_recount(booking)
    pay_crew(reference=booking.reference, actor=ALICE)
    assert_counters_are_a_recount(booking, other)


@pytest.mark.django_db
def test_one_statement_over_many_bookings() -> None:
    bookings = [enqueue("acct_1a", "acct_1b")[0] for _ in range(3)]
    Transfer.objects.update(status="processing")
    assert_counters_are_a_recount(*bookings)
    Transfer.objects.filter(user_id="u1").update(status="failed")
    assert_counters_are_a_recount(*bookings)


@pytest.mark.django_db
def test_what_is_rolled_back_is_not_counted() -> None:
    booking, (transfer,) = enqueue("acct_1a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Transfer.objects.filter(pk=transfer.pk).update(status="success")
    assert_counters_are_a_recount(booking)


@pytest.mark.django_db
def test_transfers_of_other_sources_are_nobodys_booking() -> None:
    booking, _ = enqueue("acct_1a")
    Transfer.objects.create(
        source_type="payout",
        source_id=booking.pk,
        source_reference="P",
        payee_name="Ann",
        amount_minor=1,
        currency="USD",
        rail="wise",
        destination="x",
    )
    assert_counters_are_a_recount(booking)


@pytest.mark.django_db(transaction=True)
def test_eight_threads_on_one_booking() -> None:
    booking, transfers = enqueue(*(f"acct_1{n}" for n in range(16)))
    barrier = threading.Barrier(8, timeout=20)

    def walk(number: int) -> None:
        chance = random.Random(number)
        try:
            barrier.wait()
            for _ in range(15):
                move(transfers[2 * number + chance.randint(0, 1)], chance)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(walk, number) for number in range(8)]:
            done.result()
    assert_counters_are_a_recount(booking)
    assert Booking.objects.get().crew_count == 16
