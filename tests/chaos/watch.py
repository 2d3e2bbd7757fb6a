"""What chaos tests look at: the rows here, the movements there, and how long anybody was stuck."""

from collections import Counter

from django.db import connection

from tests.sandbox_process import SandboxProcess
from tests.stack import Stack, wait_until
from transfers.models import Booking, Transfer, TransferAttempt


def statuses(booking: Booking) -> Counter[str]:
    """How many of a booking's transfers are in which status; an unknown outcome is "unknown"."""
    rows = Transfer.objects.filter(source_id=booking.pk).values_list("status", "outcome_unknown")
    return Counter("unknown" if unknown else status for status, unknown in rows)


def settled(booking: Booking) -> bool:
    """Is everybody paid or failed, with nothing left to do?"""
    found = statuses(booking)
    return found.total() == booking.crew_count and set(found) <= {"success", "failed"}


def wait_until_settled(stack: Stack, booking: Booking, seconds: float = 25.0) -> float:
    """Seconds until everybody was paid or failed."""
    try:
        return wait_until(lambda: settled(booking), seconds=seconds)
    except AssertionError as error:
        raise AssertionError(f"{dict(statuses(booking))}\n{stack.log_tail()}") from error


def assert_paid_once(stack: Stack, booking: Booking) -> None:
    """Everybody exactly once: our rows and the rail's movements are the same set, and no key met two requests."""
    assert_conserved(stack.sandbox)
    booking = Booking.objects.get(pk=booking.pk)
    assert (booking.payment_state, booking.success_count) == ("paid", booking.crew_count)
    assert stack.sandbox.totals()["movements"] == booking.crew_count


def assert_conserved(sandbox: SandboxProcess) -> None:
    """At most one movement for a debt; every paid row is a movement, and every movement a paid row."""
    books = sandbox.books()
    totals = books["totals"]
    assert totals["paid_more_than_once"] == []
    assert totals["key_conflicts"] == 0
    assert totals["max_executions_per_key"] <= 1
    movements = {
        (row["id"], row["transfer_group"], row["amount"], row["destination"])
        for row in books["transfers"]
    }
    paid = {
        (row.rail_reference, f"transfer:{row.debt_key}", row.amount_minor, row.destination)
        for row in Transfer.objects.exclude(rail_reference="")
    }
    assert paid == movements
    known = set(TransferAttempt.objects.values_list("idempotency_key", flat=True))
    assert {key for key in books["keys"] if key.startswith("po-")} <= known


def hold_the_pace(seconds: float) -> None:
    """Make every worker wait that long between its commit and its call; 0 lets them go on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO transfers_pace (rail, next_at) "
            "VALUES ('stripe', clock_timestamp() + make_interval(secs => %s)) "
            "ON CONFLICT (rail) DO UPDATE SET next_at = excluded.next_at",
            [seconds],
        )
