"""With the triggers off the log can be changed, and `verify_audit` finds it and names the place."""

import pytest

from audit.chain import _ENTRIES, digest
from audit.models import Entry
from audit.seal import seal_entries
from tests.audit.tampering import sql, triggers_off, verify, write

pytestmark = pytest.mark.django_db

COLUMNS = [
    ("action", "'b2'"),
    ("outcome", "'won'"),
    ("prior_status", "'x'"),
    ("new_status", "'x'"),
    ("actor_kind", "'rail'"),
    ("actor_name", "'nobody'"),
    ("actor_user_id", "7"),
    ("reason", "'nicer'"),
    ("request_id", "'r'"),
    ("snapshot", "'{\"n\": 2}'"),
    ("at", "at + interval '1 microsecond'"),
    ("subject", "'transfer:3'"),
]


@pytest.fixture(autouse=True)
def _two_subjects() -> None:
    write("transfer:1", "a", "b", "c")
    write("transfer:2", "a", "b")
    assert verify() == (True, "5 entries and 0 seals are as they were written.\n")


def place(subject: str, seq: int) -> str:
    """How verify_audit names an entry."""
    return f"entry {Entry.objects.get(subject=subject, seq=seq).pk} ({subject} #{seq})"


@pytest.mark.parametrize(("column", "value"), COLUMNS, ids=[name for name, _ in COLUMNS])
def test_a_changed_column_names_its_entry(column: str, value: str) -> None:
    named = place("transfer:1", 2).partition(" (")[0]
    with triggers_off():
        sql(f"UPDATE audit_entry SET {column} = {value} WHERE subject = 'transfer:1' AND seq = 2")
    fine, said = verify()
    assert not fine
    assert named in said
    assert "content was changed" in said


def test_columns_that_swap_a_letter_between_them_are_noticed() -> None:
    named = place("transfer:1", 2)
    with triggers_off():
        sql(
            "UPDATE audit_entry SET actor_name = 'mallor', reason = 'ybecause' WHERE id = %s",
            _id(2),
        )
    assert named in verify()[1]


def test_a_deleted_entry_in_the_middle_is_named_by_the_next() -> None:
    named = place("transfer:1", 3)
    with triggers_off():
        sql("DELETE FROM audit_entry WHERE id = %s", _id(2))
    fine, said = verify()
    assert not fine
    assert f"{named}: entries 2 to 2 of transfer:1 are missing before it" in said


def test_an_inserted_forgery_is_named() -> None:
    with triggers_off():
        sql(
            "INSERT INTO audit_entry (subject, action, outcome, prior_status, new_status, actor_kind, actor_name, "
            "reason, request_id, snapshot, at, seq, prev_hash, entry_hash) SELECT subject, 'forged', outcome, "
            "prior_status, new_status, actor_kind, actor_name, reason, request_id, snapshot, at, 4, entry_hash, "
            "entry_hash FROM audit_entry WHERE id = %s",
            _id(3),
        )
    assert place("transfer:1", 4) in verify()[1]


def test_a_changed_entry_chained_anew_breaks_the_link_after_it() -> None:
    named = place("transfer:1", 3)
    _chain_anew("transfer:1", 2, only=True)
    assert f"{named}: it does not continue the entry before it" in verify()[1]


class TestAfterASeal:
    """What no chain can show, a seal does."""

    @pytest.fixture(autouse=True)
    def _sealed(self) -> None:
        seal = seal_entries()
        assert seal is not None
        self.named = f"seal {seal.pk} (entries {seal.first_entry_id} to {seal.last_entry_id})"

    def test_a_tail_cut_off(self) -> None:
        with triggers_off():
            sql("DELETE FROM audit_entry WHERE id = %s", _id(3))
        fine, said = verify()
        assert not fine
        assert f"{self.named}: it was made over 5 entries, 4 are left" in said

    def test_a_whole_subject_gone(self) -> None:
        with triggers_off():
            sql("DELETE FROM audit_entry WHERE subject = 'transfer:2'")
        assert f"{self.named}: it was made over 5 entries, 3 are left" in verify()[1]

    def test_a_change_with_its_whole_chain_computed_anew(self) -> None:
        _chain_anew("transfer:1", 2)
        fine, said = verify()
        assert not fine
        assert not said.startswith("entry")
        assert f"{self.named}: an entry in its range was changed and chained anew" in said

    def test_entries_exchanged_for_others(self) -> None:
        with triggers_off():
            sql("DELETE FROM audit_entry WHERE subject = 'transfer:2' AND seq = 2")
        write("transfer:2", "b")
        assert self.named in verify()[1]

    def test_a_seal_made_anew_breaks_the_link_after_it(self) -> None:
        write("transfer:1", "d")
        second = seal_entries()
        assert second is not None
        with triggers_off():
            sql("UPDATE audit_seal SET root = 'x' WHERE id < %s", second.pk)
        said = verify()[1]
        assert self.named in said
        assert f"seal {second.pk}" in said

    def test_a_seal_removed_from_the_middle(self) -> None:
        write("transfer:1", "d")
        second = seal_entries()
        assert second is not None
        with triggers_off():
            sql("DELETE FROM audit_seal WHERE id < %s", second.pk)
        assert f"seal {second.pk}" in verify()[1]


def _id(seq: int, subject: str = "transfer:1") -> int:
    return int(Entry.objects.get(subject=subject, seq=seq).pk)


def _chain_anew(subject: str, first: int, *, only: bool = False) -> None:
    """Change entry `first` and compute its hash, and those after it, as the trigger would have."""
    with triggers_off():
        sql(
            "UPDATE audit_entry SET reason = 'nicer' WHERE subject = %s AND seq = %s",
            subject,
            first,
        )
        last = None if only else Entry.objects.filter(subject=subject).count()
        for seq in range(first, (last or first) + 1):
            (row,) = sql(_ENTRIES + " WHERE subject = %s AND seq = %s", subject, seq)
            sql(
                "UPDATE audit_entry SET entry_hash = %s WHERE subject = %s AND seq = %s",
                digest(row), subject, seq,
            )  # fmt: skip
            sql(
                "UPDATE audit_entry SET prev_hash = (SELECT entry_hash FROM audit_entry "
                "WHERE subject = %s AND seq = %s) WHERE subject = %s AND seq = %s AND NOT %s",
                subject, seq, subject, seq + 1, only,
            )  # fmt: skip
