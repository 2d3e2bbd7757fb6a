"""The database itself refuses to change, remove or empty the audit log, whoever asks."""

import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import Entry
from audit.seal import seal_entries
from tests.audit.tampering import sql, verify, write
from tests.conftest import truncate_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _something_sealed() -> None:
    write("transfer:1", "a", "b")
    assert seal_entries() is not None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET reason = 'nicer'",
        "UPDATE audit_entry SET id = id + 1000",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE seq = 2",
        "UPDATE audit_seal SET entry_count = 1",
        "DELETE FROM audit_seal",
    ],
)
def test_direct_sql_is_refused(statement: str) -> None:
    with pytest.raises(DatabaseError, match="is append-only"), transaction.atomic():
        sql(statement)
    assert verify()[0]


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE audit_entry",
        "TRUNCATE audit_seal",
        "TRUNCATE audit_entry, audit_seal RESTART IDENTITY CASCADE",
    ],
)
def test_truncate_is_refused(statement: str) -> None:
    # tests/conftest.py lets these two triggers rest, because Django empties test databases by TRUNCATE.
    for table, trigger in truncate_triggers():
        sql(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
    with (
        pytest.raises(DatabaseError, match="is append-only: TRUNCATE refused"),
        transaction.atomic(),
    ):
        sql(statement)
    assert verify()[0]


def test_the_orm_is_refused_as_well() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        Entry.objects.all().delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        Entry.objects.update(actor_name="nobody")


def test_an_insert_cannot_choose_its_place_time_or_hash() -> None:
    sql(
        "INSERT INTO audit_entry (subject, action, outcome, prior_status, new_status, actor_kind, actor_name, "
        "reason, request_id, snapshot, at, seq, prev_hash, entry_hash) VALUES ('transfer:1', 'late', 'noted', '', "
        "'', 'user', 'mallory', '', '', '{}', '2001-01-01', 1, 'x', 'y')"
    )
    entry = Entry.objects.get(action="late")
    assert (entry.seq, entry.at.year > 2001) == (3, True)
    assert verify()[0]


def test_every_table_with_a_promise_has_its_triggers() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, count(*) FROM pg_trigger "
            "WHERE NOT tgisinternal AND tgrelid::regclass::text IN ('audit_entry', 'audit_seal') GROUP BY 1"
        )
        assert dict(cursor.fetchall()) == {"audit_entry": 3, "audit_seal": 2}
