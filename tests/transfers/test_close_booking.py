"""A job is completed or cancelled once; a cancelled one pays nobody, and one with money under way is not cancelled."""

from collections import Counter
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from audit.chain import damaged_entries
from audit.models import Entry
from guard.errors import Conflicted, IllegalTransition, Refused
from tests.factories import ALICE, BOB, make_booking
from tests.guard.rows import transfer_in
from tests.payouts.test_races import race
from tests.transfers.recount import assert_counters_are_a_recount
from transfers.models import Booking, Transfer
from transfers.services.cancel_booking import cancel_booking
from transfers.services.complete_booking import complete_booking
from transfers.services.pay_crew import pay_crew
from transfers.services.retry_transfer import (
    BookingCancelled,
    ObligationLive,
    retry_transfer,
)

ROUNDS = 40


def with_transfer(status: str) -> tuple[Booking, Transfer]:
    booking = make_booking()
    values = {"source_id": booking.pk, "source_reference": booking.reference, "user_id": "u1"}
    return booking, transfer_in(status, source_type="booking", **values)


def cancel(booking: Booking) -> Booking:
    return cancel_booking(reference=booking.reference, actor=BOB, reason="rain")


@pytest.mark.django_db
class TestOneCaller:
    """Allowed, refused, audited."""

    def test_a_job_is_done_or_cancelled_once(self) -> None:
        done = complete_booking(reference=make_booking().reference, actor=ALICE)
        assert (done.status, done.version) == ("completed", 2)
        off = cancel(make_booking())
        assert (off.status, off.version) == ("cancelled", 2)
        entry = Entry.objects.filter(subject=f"booking:{off.pk}").latest("seq")
        assert (entry.outcome, entry.actor_name, entry.reason) == ("won", "bob", "rain")
        for booking in (done, off):
            with pytest.raises(IllegalTransition):
                cancel(booking)
            with pytest.raises(IllegalTransition):
                complete_booking(reference=booking.reference, actor=ALICE)

    def test_a_stale_version_is_a_conflict(self) -> None:
        booking = make_booking()
        with pytest.raises(Conflicted):
            cancel_booking(reference=booking.reference, actor=BOB, reason="x", expected_version=7)
        assert Booking.objects.get(pk=booking.pk).status == "scheduled"

    @pytest.mark.parametrize("status", ["pending", "processing", "success"])
    def test_money_under_way_or_paid_is_taken_back_first(self, status: str) -> None:
        booking = with_transfer(status)[0]
        with pytest.raises(ObligationLive) as refused:
            cancel(booking)
        assert (refused.value.http_status, refused.value.code) == (409, "obligation_live")
        assert refused.value.extra[f"{status}_count"] == 1
        entry = Entry.objects.filter(subject=f"booking:{booking.pk}").latest("seq")
        assert (entry.outcome, entry.new_status) == ("conflict", "cancelled")

    @pytest.mark.parametrize("status", ["failed", "reversed", "returned"])
    def test_money_that_did_not_stay_is_no_obstacle(self, status: str) -> None:
        booking = with_transfer(status)[0]
        assert cancel(booking).status == "cancelled"

    def test_nobody_is_paid_for_a_cancelled_job(self) -> None:
        booking = cancel(make_booking("acct_1a", "acct_1b"))
        with pytest.raises(BookingCancelled):
            pay_crew(reference=booking.reference, actor=ALICE)
        failed_booking, failed = with_transfer("failed")
        cancel(failed_booking)
        with pytest.raises(BookingCancelled):
            retry_transfer(transfer_id=failed.pk, actor=ALICE)
        entry = Entry.objects.filter(subject=f"transfer:{failed.pk}").latest("seq")
        assert (entry.outcome, entry.reason) == ("conflict", "booking_cancelled")
        assert not Transfer.objects.filter(status="pending").exists()

    def test_sql_pays_nobody_either(self) -> None:
        failed_booking, _ = with_transfer("failed")
        cancel(failed_booking)
        with (
            pytest.raises(IntegrityError, match="nobody is paid for it"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE transfers_transfer SET status = 'pending', due_at = now()")


@pytest.mark.django_db(transaction=True)
def test_cancel_against_pay_all() -> None:
    """Either the job is cancelled and nobody is paid, or somebody is being paid and it is not cancelled."""
    bookings = {one.pk: one for one in (make_booking("acct_1a", "acct_1b") for _ in range(ROUNDS))}

    def stop(pk: int, number: int) -> Any:
        return cancel(bookings[pk])

    def pay(pk: int, number: int) -> Any:
        return pay_crew(reference=bookings[pk].reference, actor=ALICE)

    ends: Counter[str] = Counter()
    for pk, (stopped, paid, again) in race(list(bookings), [stop, pay, pay]).items():
        status = Booking.objects.get(pk=pk).status
        count = Transfer.objects.filter(source_type="booking", source_id=pk).count()
        if isinstance(stopped, Booking):
            assert (status, count) == ("cancelled", 0)
            assert {one.code for one in (paid, again)} == {"booking_cancelled"}
        else:
            assert (status, count) == ("scheduled", 2)
            assert stopped.code == "obligation_live"
            assert not isinstance(paid, Refused)
            assert not isinstance(again, Refused)
        ends[status] += 1
    assert sum(ends.values()) == ROUNDS
    assert_counters_are_a_recount(*Booking.objects.all())
    assert list(damaged_entries()) == []
