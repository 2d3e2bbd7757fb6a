"""Pay All and Pay Rest: one transfer a person, however often and by however many it is pressed."""

import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from audit.models import Entry
from guard.errors import NotFound
from money import Money
from tests.factories import ALICE, BOB, make_booking
from tests.sandbox_process import SandboxProcess
from tests.transfers.steps import actions, enqueue, moved, work
from transfers.models import Booking, CrewMember, Transfer
from transfers.selectors import crew_preview, get_booking, get_transfer
from transfers.services.pay_crew import NotOnBooking, PreviewStale, outcome_of, pay_crew
from transfers.services.pay_crew import enqueue as enqueue_rows


def pay(booking: Booking, *user_ids: str, token: str | None = None) -> dict[str, str]:
    _, pays = pay_crew(
        reference=booking.reference,
        actor=ALICE,
        user_ids=user_ids or None,
        preview_token=token,
    )
    return {one.user_id: one.outcome for one in pays}


@pytest.mark.django_db
class TestOneCaller:
    """The five questions: allowed, refused, stale, audited, and what else happened."""

    def test_everybody_is_enqueued_and_no_rail_is_touched(self) -> None:
        booking = make_booking("acct_1a", "acct_1b")
        assert pay(booking) == {"u1": "enqueued", "u2": "enqueued"}
        for transfer in Transfer.objects.all():
            assert (transfer.status, transfer.source_type, transfer.rail) == (
                "pending",
                "booking",
                "stripe",
            )
            assert transfer.amount == Money(45_000, "USD")
            assert (transfer.version, transfer.attempt_count, transfer.fence) == (1, 0, 0)
            assert actions(transfer) == ["pending"]
        entry = Entry.objects.filter(action="transfer.pending").first()
        assert entry is not None
        assert (entry.actor_name, entry.request_id) == ("alice", "req-alice")
        assert entry.snapshot["booking"] == booking.reference
        booking.refresh_from_db()
        assert (booking.pending_count, booking.payment_state) == (2, "processing")

    def test_again_makes_nothing_new(self) -> None:
        booking = make_booking("acct_1a", "acct_1b")
        pay(booking)
        assert pay(booking) == {"u1": "in_progress", "u2": "in_progress"}
        assert Transfer.objects.count() == 2
        assert Entry.objects.filter(action="transfer.pending").count() == 2

    def test_some_and_then_the_rest(self) -> None:
        booking = make_booking("acct_1a", "acct_1b", "acct_1c")
        assert pay(booking, "u3", "u1", "u1") == {"u1": "enqueued", "u3": "enqueued"}
        assert pay(booking) == {"u1": "in_progress", "u2": "enqueued", "u3": "in_progress"}

    def test_a_stranger_stops_everybody(self) -> None:
        booking = make_booking("acct_1a")
        other = make_booking("acct_1a", "acct_1b")
        with pytest.raises(NotOnBooking) as refused:
            pay(booking, "u1", "u2")
        assert (refused.value.code, refused.value.http_status) == ("not_on_booking", 422)
        assert refused.value.extra == {"user_ids": ["u2"]}
        assert Transfer.objects.count() == 0
        assert pay(other, "u2") == {"u2": "enqueued"}

    def test_an_unknown_booking(self) -> None:
        with pytest.raises(NotFound):
            pay_crew(reference="nothing", actor=ALICE)

    def test_one_person_on_two_bookings_is_owed_twice(self) -> None:
        one, other = make_booking("acct_1a"), make_booking("acct_1a")
        assert pay(one) == pay(other) == {"u1": "enqueued"}
        assert len(set(Transfer.objects.values_list("debt_key", flat=True))) == 2

    def test_the_preview_that_was_shown_is_what_is_paid(self) -> None:
        booking = make_booking("acct_1a", "acct_1b")
        preview = crew_preview(booking)
        assert (preview.total, [row.payable for row in preview.rows]) == (
            Money(90_000, "USD"),
            [True, True],
        )
        assert pay(booking, token=preview.token) == {"u1": "enqueued", "u2": "enqueued"}
        with pytest.raises(PreviewStale) as refused:
            pay(booking, token=preview.token)
        assert (refused.value.code, refused.value.http_status) == ("preview_stale", 409)

    def test_a_preview_of_some_is_not_one_of_others(self) -> None:
        booking = make_booking("acct_1a", "acct_1b")
        token = crew_preview(booking, ["u1"]).token
        for chosen in ((), ("u2",), ("u1", "u2")):
            with pytest.raises(PreviewStale):
                pay(booking, *chosen, token=token)
        assert Transfer.objects.count() == 0
        assert pay(booking, "u1", token=token) == {"u1": "enqueued"}

    @pytest.mark.parametrize(
        "change", [{"amount_minor": 1}, {"stripe_account": "acct_other"}, {"user_id": "u9"}]
    )
    def test_a_preview_is_stale_when_what_it_showed_changed(self, change: dict[str, str]) -> None:
        booking = make_booking("acct_1a", "acct_1b")
        token = crew_preview(booking).token
        CrewMember.objects.filter(user_id="u2").update(**change)
        with pytest.raises(PreviewStale):
            pay(booking, token=token)
        assert Transfer.objects.count() == 0

    def test_a_debt_has_one_row_by_the_database_itself(self) -> None:
        booking, (transfer,) = enqueue("acct_1a")
        with pytest.raises(IntegrityError, match="one_transfer_per_debt"), transaction.atomic():
            Transfer.objects.create(
                source_type="booking",
                source_id=booking.pk,
                source_reference=booking.reference,
                user_id=transfer.user_id,
                payee_name="Ann",
                amount_minor=1,
                currency="USD",
                rail="wise",
                destination="other",
            )

    @pytest.mark.parametrize(
        ("status", "unknown", "word"),
        [
            ("pending", False, "in_progress"),
            ("processing", False, "in_progress"),
            ("processing", True, "outcome_unknown"),
            ("failed", False, "failed_needs_retry"),
            ("success", False, "already_paid"),
            ("reversed", False, "already_paid"),
            ("returned", False, "already_paid"),
        ],
    )
    def test_the_word_for_somebody_who_has_a_transfer(
        self, status: str, word: str, *, unknown: bool
    ) -> None:
        transfer = Transfer(status=status, outcome_unknown=unknown)
        assert outcome_of(transfer) == word


@pytest.mark.django_db(transaction=True)
def test_paid_failed_and_unknown_people_are_told_apart(sandbox: SandboxProcess) -> None:
    booking, transfers = enqueue("acct_1ok", "acct_insufficient_1", "acct_silent_1", "acct_1b")
    for transfer in transfers[:3]:
        work(transfer)
    expected = {
        "u1": "already_paid",
        "u2": "failed_needs_retry",
        "u3": "outcome_unknown",
        "u4": "in_progress",
    }
    assert pay(booking) == expected
    booking = get_booking(booking.reference)
    assert booking.payment_state == "attention"
    assert [row.why for row in crew_preview(booking).rows] == [
        "They have been paid.",
        "Their transfer failed: retry it.",
        "The outcome of their transfer is not known yet.",
        "Their transfer is waiting to be sent.",
    ]
    assert moved(sandbox) == 2
    assert get_transfer(transfers[1].pk).status == "failed"


@pytest.mark.django_db(transaction=True)
def test_two_who_cannot_see_each_other_pay_everybody_once() -> None:
    """The second one reads before the first one commits: the unique index makes it wait, and then it adds nobody."""
    booking = make_booking("acct_1a", "acct_1b", "acct_1c")

    def second() -> dict[str, str]:
        try:
            return pay(booking)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert len(enqueue_rows(booking, None, BOB)) == 3
            late = pool.submit(second)
            _until_it_waits_or_is_done(late)
        outcomes = late.result(20)
    assert outcomes == dict.fromkeys(("u1", "u2", "u3"), "in_progress")
    assert Transfer.objects.count() == 3


def _until_it_waits_or_is_done(late: "Future[dict[str, str]]") -> None:
    """Until its statement waits for a lock of ours; or at once when nothing made it wait, which is the defect."""
    for _ in range(1_000):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0] or late.done():
                return
        threading.Event().wait(0.01)
    raise AssertionError("it neither waited nor ended")


@pytest.mark.django_db(transaction=True)
def test_sixteen_at_once_pay_everybody_once() -> None:
    booking = make_booking(*(f"acct_1{number}" for number in range(20)))
    barrier = threading.Barrier(16, timeout=20)

    def press(number: int) -> list[tuple[str, str]]:
        # Half of them choose people, each in another order.
        chosen = [f"u{place}" for place in range(1, 21)]
        some = None if number % 2 else chosen[number:] + chosen[: number // 2]
        try:
            barrier.wait()
            _, pays = pay_crew(reference=booking.reference, actor=BOB, user_ids=some)
            return [(one.user_id, one.outcome) for one in pays]
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        results = [one for pressed in pool.map(press, range(16)) for one in pressed]
    enqueued = Counter(user for user, outcome in results if outcome == "enqueued")
    assert enqueued == {f"u{place}": 1 for place in range(1, 21)}
    assert {outcome for _, outcome in results} == {"enqueued", "in_progress"}
    assert Transfer.objects.count() == 20
    assert Entry.objects.filter(action="transfer.pending").count() == 20
    booking.refresh_from_db()
    assert booking.pending_count == 20
