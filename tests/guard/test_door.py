"""The one door: what it changes, what it refuses, and the trace that each leaves."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from audit.models import Entry
from guard.door import Conflict, Illegal, Result, Won, change_in_place, change_status, refuse
from guard.errors import Conflicted, NotFound
from guard.statement import MOVED_PK, PASSED, Append, Increment, Insert, SecondsFromNow, Update
from tests.factories import ALICE, BOB
from tests.guard.rows import transfer_in
from transfers.models import Transfer, TransferAttempt

pytestmark = pytest.mark.django_db


def start(pk: int, **more: Any) -> Result:
    values: dict[str, Any] = {"believed": "pending", "to": "processing", "actor": ALICE, **more}
    return change_status(Transfer, pk, **values)


def entries(pk: int) -> list[Entry]:
    return list(Entry.objects.filter(subject=f"transfer:{pk}").order_by("seq"))


def test_won_changes_row_version_and_audit_log_at_once() -> None:
    row = transfer_in("pending")
    row.refresh_from_db()
    before = row.updated_at
    result = start(
        row.pk,
        version=1,
        reason="because",
        changes={"fence": Increment(), "failure_code": "x"},
        snapshot={"attempt": 1},
        returning=("status", "version", "fence"),
    )
    assert result == Won({"id": row.pk, "status": "processing", "version": 2, "fence": 1})
    row.refresh_from_db()
    assert (row.status, row.version, row.failure_code) == ("processing", 2, "x")
    assert row.updated_at > before
    (entry,) = entries(row.pk)
    assert (entry.action, entry.outcome) == ("transfer.processing", "won")
    assert (entry.prior_status, entry.new_status, entry.reason) == (
        "pending",
        "processing",
        "because",
    )
    assert (entry.actor_kind, entry.actor_name, entry.request_id) == ("user", "alice", "req-alice")
    assert entry.snapshot == {"attempt": 1}


def test_a_stale_status_conflicts_and_names_the_winner() -> None:
    row = transfer_in("pending")
    start(row.pk, actor=BOB, reason="first")
    result = start(row.pk)
    assert isinstance(result, Conflict)
    assert (result.current_status, result.current_version) == ("processing", 2)
    assert (result.decided_by, result.reason) == ("bob", "first")
    assert result.decided_at is not None
    error = result.error()
    assert isinstance(error, Conflicted)
    assert error.extra["current_reviewer"] == "bob"
    assert "bob" in error.detail
    assert [entry.outcome for entry in entries(row.pk)] == ["won", "conflict"]
    assert entries(row.pk)[1].actor_name == "alice"


def test_a_stale_version_conflicts_although_the_status_is_as_believed() -> None:
    row = transfer_in("pending", version=5)
    assert isinstance(start(row.pk, version=4), Conflict)
    assert isinstance(start(row.pk, version=5), Won)


def test_a_workers_lost_claim_is_no_refusal_of_anybody() -> None:
    row = transfer_in("processing")
    assert isinstance(start(row.pk, audit_loss=False), Conflict)
    assert entries(row.pk) == []


def test_a_step_that_is_not_in_the_table_is_illegal_and_audited() -> None:
    row = transfer_in("success")
    result = start(row.pk, believed="success", to="pending")
    assert result == Illegal("success", "pending", ["returned", "reversed"])
    assert result.error().extra == {
        "from": "success",
        "to": "pending",
        "allowed": ["returned", "reversed"],
    }
    assert [entry.outcome for entry in entries(row.pk)] == ["illegal"]
    row.refresh_from_db()
    assert (row.status, row.version) == ("success", 1)


@pytest.mark.parametrize(("believed", "to"), [("pending", "processing"), ("success", "pending")])
@pytest.mark.parametrize("audit_loss", [True, False])
def test_a_row_that_is_not_there(believed: str, to: str, *, audit_loss: bool) -> None:
    with pytest.raises(NotFound):
        start(404, believed=believed, to=to, audit_loss=audit_loss)
    assert entries(404) == []


@pytest.mark.parametrize(
    ("also", "wins"),
    [
        ({"fence": 3}, True),
        ({"fence": 2}, False),
        ({"supersedes": None}, True),
        ({"due_at": None}, False),
        ({"due_at": PASSED}, True),
        ({"created_at": PASSED, "fence": 3, "currency": "USD"}, True),
        ({"created_at": PASSED, "fence": 3, "currency": "EUR"}, False),
    ],
)
def test_further_conditions_on_the_row_itself(also: dict[str, object], *, wins: bool) -> None:
    row = transfer_in("pending", fence=3)
    assert isinstance(start(row.pk, also=also), Won) == wins


def test_a_time_that_has_not_come_has_not_passed() -> None:
    row = transfer_in("pending")
    change_in_place(
        Transfer,
        row.pk,
        status="pending",
        action="wait",
        actor=ALICE,
        changes={"due_at": SecondsFromNow(60)},
    )
    assert isinstance(start(row.pk, also={"due_at": PASSED}), Conflict)


def _attempt(number: int = 1) -> Insert:
    return Insert(
        TransferAttempt,
        {
            "transfer": MOVED_PK,
            "number": number,
            "idempotency_key": f"k{number}",
            "request": {"amount": 1, "text": "50% {}"},
        },
    )


def test_rows_are_caused_by_the_same_statement_only_if_the_row_moved() -> None:
    row = transfer_in("pending")
    assert isinstance(start(row.pk, version=9, causes=[_attempt()]), Conflict)
    assert row.attempts.count() == 0
    assert isinstance(start(row.pk, causes=[_attempt()]), Won)
    attempt = row.attempts.get()
    assert (attempt.number, attempt.request) == (1, {"amount": 1, "text": "50% {}"})

    changes = {"send_count": Increment(), "evidence": Append({"at": 1}), "answered": True}
    update = Update(TransferAttempt, attempt.pk, changes)
    done: dict[str, Any] = {
        "believed": "processing",
        "to": "success",
        "changes": {"rail_reference": "tr_1"},
    }
    assert isinstance(start(row.pk, **done, also={"fence": 9}, causes=[update]), Conflict)
    attempt.refresh_from_db()
    assert (attempt.send_count, attempt.evidence) == (1, [])
    assert isinstance(start(row.pk, **done, causes=[update]), Won)
    attempt.refresh_from_db()
    assert (attempt.send_count, attempt.evidence, attempt.answered) == (2, [{"at": 1}], True)


def test_a_cause_that_fails_takes_everything_back() -> None:
    row = transfer_in("pending")
    other = transfer_in("processing")
    TransferAttempt.objects.create(transfer=other, number=1, idempotency_key="k1", request={})
    with pytest.raises(DatabaseError), transaction.atomic():
        start(row.pk, causes=[_attempt()])
    row.refresh_from_db()
    assert (row.status, row.version, entries(row.pk)) == ("pending", 1, [])


def test_change_in_place_keeps_the_status_and_leaves_a_trace() -> None:
    row = transfer_in("processing", fence=2)
    change: dict[str, Any] = {"status": "processing", "action": "taken_up", "actor": ALICE}
    lost = change_in_place(
        Transfer, row.pk, **change, changes={"fence": Increment()}, also={"fence": 1}
    )
    assert lost is None
    assert entries(row.pk) == []
    won = change_in_place(
        Transfer,
        row.pk,
        **change,
        changes={"fence": Increment()},
        also={"fence": 2},
        version=1,
        returning=("fence",),
    )
    assert won == Won({"id": row.pk, "fence": 3})
    (entry,) = entries(row.pk)
    assert (entry.action, entry.prior_status, entry.new_status) == (
        "transfer.taken_up",
        "processing",
        "processing",
    )
    row.refresh_from_db()
    assert row.version == 2


def test_a_refusal_by_policy_is_an_entry() -> None:
    row = transfer_in("failed")
    refuse(
        Transfer, row.pk, to="pending", actor=ALICE, outcome="denied", reason="no", status="failed"
    )
    (entry,) = entries(row.pk)
    assert (entry.outcome, entry.reason, entry.snapshot) == ("denied", "no", {"status": "failed"})


def test_texts_that_would_break_formatting_arrive_unchanged() -> None:
    row = transfer_in("pending")
    reason = "100% of {x} %s %(a)s \\ ' \" ; -- ünï 💶"
    start(row.pk, reason=reason, snapshot={"r": reason})
    (entry,) = entries(row.pk)
    assert (entry.reason, entry.snapshot) == (reason, {"r": reason})


def test_a_value_that_is_too_long_is_refused_and_not_cut() -> None:
    row = transfer_in("pending")
    with pytest.raises(DatabaseError), transaction.atomic():
        start(row.pk, changes={"failure_code": "x" * 65})
