"""The table is declared once, and the database refuses whatever is not in it: every cell, by direct SQL."""

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import TextChoices

from audit.models import Entry
from guard.subject import subject_of
from guard.table import transition_table
from tests.guard.rows import booking_in, transfer_in
from transfers.models import Booking, Transfer, TransferStatus
from transfers.models.booking import BookingStatus

# Written down a second time, on purpose: the contract's statuses that people see.
TRANSFER_STEPS = {
    ("pending", "processing"),
    ("processing", "success"),
    ("processing", "failed"),
    ("failed", "pending"),
    ("pending", "cancelled"),
    ("cancelled", "pending"),
    ("success", "reversed"),
    ("success", "returned"),
}
BOOKING_STEPS = {("scheduled", "completed"), ("scheduled", "cancelled")}
_TABLES: list[tuple[type[models.Model], type[TextChoices], set[tuple[str, str]]]] = [
    (Transfer, TransferStatus, TRANSFER_STEPS),
    (Booking, BookingStatus, BOOKING_STEPS),
]
CELLS = [
    (model, prior, new, (prior, new) in steps)
    for model, statuses, steps in _TABLES
    for prior in statuses.values
    for new in statuses.values
]


@pytest.mark.parametrize(("model", "steps"), [(m, steps) for m, _, steps in _TABLES])
def test_the_declared_table_is_the_contracts(
    model: type[models.Model], steps: set[tuple[str, str]]
) -> None:
    assert set(transition_table(model).steps) == steps


def _row_in(model: type[models.Model], status: str) -> int:
    row = transfer_in(status) if model is Transfer else booking_in(status)
    return int(row.pk)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "prior", "new", "legal"), CELLS, ids=[f"{m.__name__}-{p}-{n}" for m, p, n, _ in CELLS]
)
def test_every_cell_by_direct_sql(
    model: type[models.Model], prior: str, new: str, *, legal: bool
) -> None:
    pk = _row_in(model, prior)
    table = model._meta.db_table
    reference = ", rail_reference = 'tr_sql'" if new == "success" else ""
    statement = f"UPDATE {table} SET status = %s {reference} WHERE id = %s"
    if not legal and prior != new:
        with pytest.raises(IntegrityError, match="does not exist"), transaction.atomic():
            _execute(statement, new, pk)
        assert _state(table, pk) == (prior, 1)
        assert not Entry.objects.filter(subject=subject_of(model, pk)).exists()
        return
    _execute(statement, new, pk)
    if prior == new:
        assert _state(table, pk) == (prior, 1)
        return
    assert _state(table, pk) == (new, 2)
    entry = Entry.objects.get(subject=subject_of(model, pk))
    assert (entry.outcome, entry.prior_status, entry.new_status) == ("won", prior, new)
    assert entry.actor_name.startswith("sql:")


@pytest.mark.django_db
def test_a_bulk_update_of_many_rows_is_refused_as_a_whole() -> None:
    pending, failed = transfer_in("pending"), transfer_in("failed")
    with pytest.raises(IntegrityError), transaction.atomic():
        Transfer.objects.filter(pk__in=[pending.pk, failed.pk]).update(status="processing")
    assert _state("transfers_transfer", pending.pk) == ("pending", 1)


@pytest.mark.django_db
def test_the_orm_cannot_save_a_status_past_the_table() -> None:
    paid = transfer_in("success")
    # django-fsm's protection is a convenience; the trigger is what holds.
    paid.__dict__["status"] = "pending"
    with pytest.raises(IntegrityError), transaction.atomic():
        paid.save()


def test_allowed_from_and_diagram() -> None:
    table = transition_table(Transfer)
    assert table.allowed_from("success") == ["returned", "reversed"]
    assert table.allowed_from("reversed") == []
    assert "    processing --> failed: fail" in table.mermaid().splitlines()


def test_a_model_without_a_table_is_told_so() -> None:
    with pytest.raises(TypeError, match="not an FSM field"):
        transition_table(Transfer, "rail")


def _execute(statement: str, *params: str | int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def _state(table: str, pk: int) -> tuple[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT status, version FROM {table} WHERE id = %s", [pk])
        status, version = cursor.fetchone()
    return status, version
