"""Row 3: the database part of createBulkTransfers against COPY of the same rows into the same tables."""

from __future__ import annotations

import json
import uuid
from typing import Any

import psycopg
from django.db import connection, transaction

from audit.actor import Actor
from audit.record import COLUMNS
from bench.databases import add_bookings, settle
from bench.measure import Effort, Line, at_most, interleaved, stopwatch
from transfers.models import Booking
from transfers.services.pay_crew import enqueue

SIZES = {"full": (5, 10_000), "quick": (3, 500), "smoke": (1, 20)}

_ACTOR = Actor(kind="user", name="bench")
_TRANSFER_COLUMNS = (
    "id, debt_key, source_type, source_id, source_reference, user_id, payee_name, amount_minor, currency, "
    "rail, destination, status, outcome_unknown, reversed_minor, attempt_count"
)


def measure(url: str, effort: Effort) -> list[Line]:
    """Seconds for one crew, transfers and audit entries, commit included."""
    rounds, people = SIZES[effort]
    with psycopg.connect(url) as theirs:
        bookings = iter(add_bookings(theirs, "CREW", 2 * (rounds + 1), people))
        theirs.commit()
        settle(theirs)
        theirs.autocommit = False
        pair = interleaved(
            lambda: _enqueue(next(bookings), people), lambda: _copy(theirs, next(bookings)), rounds
        )
    connection.close()
    return [
        Line(
            what=f"createBulkTransfers, database part, {people:,} people, audit included",
            yardstick="COPY of the same rows into the same tables",
            ours=pair.ours * 1_000,
            theirs=pair.theirs * 1_000,
            unit="ms",
            ratio=pair.ours / pair.theirs,
            target=at_most(3),
            runs=pair.runs,
        )
    ]


def _enqueue(booking_id: int, people: int) -> float:
    booking = Booking.objects.get(pk=booking_id)
    with stopwatch() as watch, transaction.atomic():
        ids = enqueue(booking, None, _ACTOR)
    assert len(ids) == people
    return watch.seconds


def _copy(theirs: psycopg.Connection, booking_id: int) -> float:
    transfers, entries = _rows(theirs, booking_id)
    theirs.commit()
    with stopwatch() as watch:
        with theirs.cursor() as cursor:
            with cursor.copy(f"COPY transfers_transfer ({_TRANSFER_COLUMNS}) FROM STDIN") as copy:
                copy.write(transfers)
            columns = f"{COLUMNS}, seq, prev_hash, entry_hash"
            with cursor.copy(f"COPY audit_entry ({columns}) FROM STDIN") as copy:
                copy.write(entries)
        theirs.commit()
    return watch.seconds


def _rows(theirs: psycopg.Connection, booking_id: int) -> tuple[str, str]:
    """What `enqueue` would write, in COPY's text format, made outside of the measured time."""
    crew = theirs.execute(
        """
        SELECT nextval(pg_get_serial_sequence('transfers_transfer', 'id')), b.reference, m.user_id, m.name,
            m.amount_minor, m.currency, m.stripe_account
        FROM transfers_crewmember m JOIN transfers_booking b ON b.id = m.booking_id
        WHERE b.id = %s ORDER BY m.id
        """,
        [booking_id],
    ).fetchall()
    return (
        "".join(_transfer_row(booking_id, *person) for person in crew),
        "".join(_entry_row(*person[:-1]) for person in crew),
    )


def _transfer_row(
    booking: int, pk: int, reference: str, user: str, name: str, minor: int, currency: str, to: str
) -> str:
    return _text(
        *(pk, uuid.uuid4(), "booking", booking, reference, user, name, minor, currency),
        *("stripe", to, "pending", "f", 0, 0),
    )


def _entry_row(
    pk: int, reference: str, user_id: str, _: str, amount_minor: int, currency: str
) -> str:
    snapshot = {"booking": reference, "user_id": user_id, "amount_minor": amount_minor}
    return _text(
        *(f"transfer:{pk}", "transfer.pending", "won", "", "pending", _ACTOR.kind, _ACTOR.name),
        *(r"\N", "", "", json.dumps({**snapshot, "currency": currency}), 0, "", ""),
    )


def _text(*values: Any) -> str:
    return "\t".join(str(value) for value in values) + "\n"
