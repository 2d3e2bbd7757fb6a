"""The audit log over HTTP: read, filtered, verified."""

import pytest
from django.db import connection

from audit import verification
from audit.actor import Actor
from audit.models import Entry
from audit.record import Note, record
from audit.seal import seal_entries
from tests.factories import ALICE, BOB, make_booking
from tests.transfers_api.conftest import Caller, code_of

pytestmark = pytest.mark.django_db


def test_entries_are_filtered(api: Caller) -> None:
    booking = make_booking(reference="BK-1", actor=ALICE)
    record(Note("transfer:1", "transfer.confirmed", BOB, reason="because", snapshot={"n": 1}))
    record(Note("transfer:1", "transfer.paid", Actor("token", "bob"), outcome="conflict"))

    def found(**query: str) -> list[str]:
        return [one["action"] for one in api.get("audit/entries", **query).json()["results"]]

    assert found(subject="transfer:1") == ["transfer.paid", "transfer.confirmed"]
    assert found(subject="booking:BK-1") == found(subject=f"booking:{booking.pk}")
    assert found(subject="booking:BK-1") == ["booking.created"]
    assert found(actor="bob") == ["transfer.paid", "transfer.confirmed"]
    assert found(actor="user:bob") == ["transfer.confirmed"]
    assert found(actor="bob", outcome="conflict") == ["transfer.paid"]
    assert found(actor="bob", since="2999-01-01T00:00:00Z") == []
    assert len(found(actor="bob", since="2020-01-01T00:00:00+02:00")) == 2
    (entry,) = api.get("audit/entries", actor="user:bob").json()["results"]
    assert entry["actor"] == {"kind": "user", "name": "bob", "user_id": None}
    assert entry["snapshot"] == {"n": 1}
    assert (entry["seq"], entry["prev_hash"]) == (1, "")
    assert len(entry["entry_hash"]) == 64
    assert entry["prior_status"] is None


@pytest.mark.parametrize(
    "query",
    [{"since": "yesterday"}, {"outcome": "lost"}, {"subject": "a\x00"}, {"who": "x"}],
)
def test_unknown_filters_are_422(api: Caller, query: dict[str, str]) -> None:
    assert code_of(api.get("audit/entries", **query)) == (422, "validation_error")


def test_an_untouched_log_is_intact(api: Caller) -> None:
    assert api.get("audit/verification").json()["intact"] is True
    make_booking(reference="BK-1")
    seal = seal_entries()
    assert seal is not None
    found = api.get("audit/verification").json()
    assert (found["intact"], found["complete"], found["damages"]) == (True, True, [])
    assert found["newest_seal"]["last_entry"] == found["newest_entry"]


def tamper(entry: Entry) -> None:
    """As the owner of the table, with its triggers off."""
    with connection.cursor() as cursor:
        # ALTER TABLE waits for nothing that is still to be checked; only a superuser could do without.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        cursor.execute("UPDATE audit_entry SET reason = 'nothing' WHERE id = %s", [entry.pk])
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")


def test_a_changed_entry_is_named(api: Caller) -> None:
    make_booking(reference="BK-1")
    entry = Entry.objects.latest("id")
    tamper(entry)
    found = api.get("audit/verification").json()
    assert found["intact"] is False
    assert any(f"entry {entry.pk} " in one["where"] for one in found["damages"])


def test_a_long_log_is_checked_at_its_newest_end(
    api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        record(Note(f"transfer:{number}", "transfer.paid", ALICE))
        seal_entries()
    entries = list(Entry.objects.order_by("id"))
    newest = verification.verify_newest(most_entries=3)
    assert (newest.complete, newest.intact) == (False, True)
    assert newest.beyond_entry == entries[-1].pk - 3
    tamper(entries[-6])
    assert verification.verify_newest(most_entries=3).intact
    tamper(entries[-2])
    damaged = verification.verify_newest(most_entries=3)
    assert [one.where.split(" (")[0] for one in damaged.damages] == [f"entry {entries[-2].pk}"]
    assert len(verification.verify_newest(most_entries=1000).damages) == 2
