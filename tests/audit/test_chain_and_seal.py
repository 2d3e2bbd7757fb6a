"""Chains under concurrency, and seals that leave no committed entry out."""

import threading
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.actor import Actor
from audit.chain import damaged_entries, damaged_seals, merkle_root
from audit.models import Entry, Seal
from audit.record import Note, record
from audit.seal import seal_entries
from audit.tasks import seal as seal_task
from tests.audit.tampering import verify, write

# PostgreSQL's text holds everything but NUL and lone surrogates.
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)


@pytest.mark.django_db
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(reason=texts, name=texts, user=st.none() | st.integers(1, 2**62), value=texts)
def test_python_and_the_database_compute_the_same_hash(
    reason: str, name: str, user: int | None, value: str
) -> None:
    note = Note(
        "transfer:9",
        "any",
        Actor("user", name, user),
        reason=reason,
        snapshot={"v": value, "n": [1.5, None, {"é": True}]},
    )
    record(note)
    assert list(damaged_entries()) == []


@pytest.mark.django_db(transaction=True)
def test_many_writers_of_one_subject_make_one_chain() -> None:
    write("transfer:1", "first")
    barrier = threading.Barrier(8, timeout=20)

    def run() -> None:
        try:
            barrier.wait()
            for number in range(20):
                write("transfer:1", f"n{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(run) for _ in range(8)]:
            done.result()
    places = Entry.objects.order_by("seq").values_list("seq", flat=True)
    assert list(places) == list(range(1, 162))
    assert list(damaged_entries()) == []


@pytest.mark.django_db
def test_an_entry_rolled_back_leaves_no_gap() -> None:
    write("transfer:1", "a")
    with transaction.atomic():
        write("transfer:1", "never")
        transaction.set_rollback(True)
    write("transfer:1", "b")
    assert list(damaged_entries()) == []
    assert [entry.seq for entry in Entry.objects.order_by("id")] == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_a_writer_in_flight_is_waited_for_and_never_left_out() -> None:
    write("transfer:1", "a")
    written, go_on = threading.Event(), threading.Event()

    def slow_writer() -> None:
        try:
            with transaction.atomic():
                write("transfer:1", "slow")
                written.set()
                assert go_on.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(slow_writer)
        assert written.wait(10)
        with pytest.raises(OperationalError):
            seal_entries(lock_timeout_ms=50)
        seal_task()  # the scheduled one leaves it to the next run
        assert Seal.objects.count() == 0
        go_on.set()
        done.result()
    seal = seal_entries()
    assert seal is not None
    assert seal.entry_count == 2
    assert verify()[0]


@pytest.mark.django_db(transaction=True)
def test_sealers_at_the_same_moment_and_writers_among_them() -> None:
    barrier = threading.Barrier(4, timeout=20)

    def run(number: int) -> None:
        try:
            barrier.wait()
            for turn in range(10):
                write(f"transfer:{number}", f"n{turn}")
                seal_entries(lock_timeout_ms=5_000)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(run, number) for number in range(4)]:
            done.result()
    seal_entries()
    assert sum(seal.entry_count for seal in Seal.objects.all()) == Entry.objects.count() == 40
    assert list(damaged_seals()) == []


@pytest.mark.django_db
def test_the_command_says_what_it_sealed() -> None:
    out = StringIO()
    call_command("seal_audit", stdout=out)
    write("transfer:1", "a")
    call_command("seal_audit", stdout=out)
    assert out.getvalue().splitlines() == ["Nothing new to seal.", f"{Seal.objects.get()}"]
    assert verify() == (True, "1 entries and 1 seals are as they were written.\n")


def test_a_leaf_is_never_taken_for_a_node() -> None:
    a, b, c = b"a" * 32, b"b" * 32, b"c" * 32
    assert len({merkle_root(leaves) for leaves in ([a], [a, b], [b, a], [a, b, c], [a, b, b])}) == 5
    assert merkle_root([merkle_root([a, b])]) != merkle_root([a, b])
