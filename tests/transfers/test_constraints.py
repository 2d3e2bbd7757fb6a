"""What the database itself keeps about debts and attempts, whatever the code does."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from tests.guard.rows import transfer_in
from transfers.models import Transfer, TransferAttempt

pytestmark = pytest.mark.django_db


def attempt(transfer: Transfer, number: int, outcome: str = "live") -> TransferAttempt:
    done = outcome in ("succeeded", "failed")
    return TransferAttempt.objects.create(
        transfer=transfer,
        number=number,
        idempotency_key=f"{transfer.pk}-{number}",
        request={"amount": 1},
        outcome=outcome,
        resolved_at=timezone.now() if done else None,
    )


@pytest.mark.parametrize("first", ["live", "unknown"])
@pytest.mark.parametrize("second", ["live", "unknown"])
def test_one_open_attempt_per_transfer(first: str, second: str) -> None:
    transfer = transfer_in("processing")
    attempt(transfer, 1, first)
    with pytest.raises(IntegrityError, match="one_open_attempt_per_transfer"), transaction.atomic():
        attempt(transfer, 2, second)


def test_one_succeeded_attempt_per_transfer() -> None:
    transfer = transfer_in("success")
    attempt(transfer, 1, "failed")
    attempt(transfer, 2, "succeeded")
    with pytest.raises(IntegrityError, match="one_succeeded_attempt"), transaction.atomic():
        attempt(transfer, 3, "succeeded")


def test_a_key_belongs_to_one_attempt_of_all() -> None:
    attempt(transfer_in("processing"), 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        TransferAttempt.objects.create(
            transfer=transfer_in("processing"),
            number=1,
            idempotency_key=TransferAttempt.objects.get().idempotency_key,
            request={},
        )


@pytest.mark.parametrize(
    "change",
    [{"idempotency_key": "other"}, {"request": {"amount": 2}}, {"number": 2}, {"first_sent_at": timezone.now()}],
)  # fmt: skip
def test_the_key_and_request_of_an_attempt_never_change(change: dict[str, object]) -> None:
    row = attempt(transfer_in("processing"), 1)
    with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        TransferAttempt.objects.filter(pk=row.pk).update(**change)


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_known_outcome_is_final(outcome: str) -> None:
    row = attempt(transfer_in("processing"), 1, outcome)
    with pytest.raises(DatabaseError, match="is final"), transaction.atomic():
        TransferAttempt.objects.filter(pk=row.pk).update(outcome="live", resolved_at=None)


def test_nothing_is_deleted() -> None:
    transfer = transfer_in("processing")
    row = attempt(transfer, 1)
    for queryset in (
        TransferAttempt.objects.filter(pk=row.pk),
        Transfer.objects.filter(pk=transfer_in("failed").pk),
    ):
        with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
            queryset.delete()


@pytest.mark.parametrize(
    "change", [{"amount_minor": 1}, {"currency": "EUR"}, {"user_id": "u9"}, {"rail": "wise"}, {"source_id": 1}]
)  # fmt: skip
def test_a_debt_never_changes(change: dict[str, object]) -> None:
    transfer = transfer_in("failed")
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        Transfer.objects.filter(pk=transfer.pk).update(**change)


@pytest.mark.parametrize(
    ("status", "change", "constraint"),
    [
        ("failed", {"outcome_unknown": True}, "unknown_outcome_is_still_processing"),
        ("success", {"rail_reference": ""}, "paid_transfer_names_its_movement"),
        ("success", {"reversed_minor": 101}, "transfer_reverses_at_most_its_amount"),
        ("success", {"reversed_minor": -1}, "transfer_reverses_at_most_its_amount"),
    ],
)
def test_what_a_row_must_be(status: str, change: dict[str, object], constraint: str) -> None:
    transfer = transfer_in(status)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Transfer.objects.filter(pk=transfer.pk).update(**change)


def test_a_movement_belongs_to_one_transfer() -> None:
    paid = transfer_in("success")
    with pytest.raises(IntegrityError, match="rail_reference"), transaction.atomic():
        transfer_in("success", rail_reference=paid.rail_reference)
