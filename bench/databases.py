"""Databases of the benchmarks' own on the server behind DATABASE_URL, filled by SQL, dropped afterwards."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent

# Written as `transfers.services.pay_crew.enqueue` writes them: the debt and the first entry of its audit chain.
_TRANSFERS = """
    WITH created AS (
        INSERT INTO transfers_transfer (
            debt_key, source_type, source_id, source_reference, user_id, payee_name, amount_minor, currency,
            rail, destination, status, outcome_unknown, reversed_minor, attempt_count, due_at)
        SELECT gen_random_uuid(), 'booking', b.id, b.reference, m.user_id, m.name, m.amount_minor, m.currency,
            'stripe', m.stripe_account, 'pending', false, 0, 0, NULL
        FROM transfers_crewmember m JOIN transfers_booking b ON b.id = m.booking_id
        WHERE b.id BETWEEN %(first)s AND %(last)s ORDER BY m.id
        RETURNING id
    ), entries AS (
        INSERT INTO audit_entry (subject, action, outcome, prior_status, new_status, actor_kind, actor_name,
            reason, request_id, snapshot, seq, prev_hash, entry_hash)
        SELECT 'transfer:' || id, 'transfer.pending', 'won', '', 'pending', 'command', 'bench', '', '', '{}', 0, '', ''
        FROM created WHERE %(audited)s
    )
    SELECT min(id), max(id) FROM created
"""

_FAILED = (
    """
    UPDATE transfers_transfer SET status = 'processing', version = version + 1, fence = 1, attempt_count = 1
    WHERE id BETWEEN %(first)s AND %(last)s
    """,
    """
    INSERT INTO transfers_transferattempt
        (transfer_id, number, idempotency_key, request, outcome, answered, resolved_at, evidence)
    SELECT id, 1, 'po-' || debt_key || '-a1', '{}', 'failed', true, now(),
        '[{"at": "2026-11-27T00:00:00+00:00", "what": "failed", "http_status": 400}]'
    FROM transfers_transfer WHERE id BETWEEN %(first)s AND %(last)s
    """,
    """
    UPDATE transfers_transfer SET status = 'failed', version = version + 1,
        failure_code = 'insufficient_capabilities_for_transfer', failure_message = 'The account cannot be paid yet.'
    WHERE id BETWEEN %(first)s AND %(last)s
    """,
)

_PAID = (
    """
    INSERT INTO transfers_booking
        (reference, customer_name, status, version, currency, crew_count, total_minor)
    SELECT 'BK-' || n, 'Customer ' || n, 'scheduled', 1, 'USD', %(people)s::int, %(people)s::bigint * 45000
    FROM generate_series(%(first)s::int, %(last)s::int) n
    """,
    """
    INSERT INTO transfers_transfer (
        debt_key, source_type, source_id, source_reference, user_id, payee_name, amount_minor, currency,
        rail, destination, status, outcome_unknown, reversed_minor, attempt_count, due_at, rail_reference)
    SELECT gen_random_uuid(), 'booking', id, reference, 'user_' || n, 'Person ' || n, 45000, 'USD',
        'stripe', 'acct_' || n, 'success', false, 0, 1, NULL, 'tr_' || id || '_' || n
    FROM transfers_booking, generate_series(1, %(people)s::int) n WHERE id BETWEEN %(first)s AND %(last)s
    """,
    """
    INSERT INTO transfers_transferattempt
        (transfer_id, number, idempotency_key, request, outcome, answered, resolved_at)
    SELECT id, 1, 'po-' || debt_key || '-a1', '{}', 'succeeded', true, now()
    FROM transfers_transfer WHERE source_id BETWEEN %(first)s AND %(last)s
    """,
)


@contextmanager
def fresh_database(label: str) -> Iterator[str]:
    """The URL of a new, migrated database; it is dropped at the end.

    BENCH_TEMPLATE may name a migrated database that nobody uses: it is copied, and migrating finds nothing to do.
    """
    server = os.environ["DATABASE_URL"]
    name = f"bench_{label}_{os.getpid()}_{secrets.token_hex(3)}"
    template = os.environ.get("BENCH_TEMPLATE")
    with psycopg.connect(server, autocommit=True) as connection:
        copied = (
            sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        )
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + copied)
    try:
        url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            check=True,
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bench.settings"},
        )
        yield url
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


def add_bookings(connection: psycopg.Connection, label: str, bookings: int, crew: int) -> range:
    """So many bookings of so many people each; the range of their ids."""
    row = connection.execute(
        """
        WITH created AS (
            INSERT INTO transfers_booking
                (reference, customer_name, status, version, currency, crew_count, total_minor)
            SELECT %(label)s || '-' || n, 'Customer ' || n, 'scheduled', 1, 'USD', %(crew)s::int,
                %(crew)s::bigint * 45000
            FROM generate_series(1, %(bookings)s) n RETURNING id
        )
        SELECT min(id), max(id) FROM created
        """,
        {"label": label, "crew": crew, "bookings": bookings},
    ).fetchone()
    assert row is not None
    ids = range(row[0], row[1] + 1)
    connection.execute(
        """
        INSERT INTO transfers_crewmember
            (booking_id, user_id, name, role, amount_minor, currency, stripe_account)
        SELECT booking, 'user_' || booking || '_' || n, 'Person ' || n, 'Mover', 45000, 'USD',
            'acct_' || booking || '_' || n
        FROM generate_series(%(first)s::bigint, %(last)s::bigint) booking, generate_series(1, %(crew)s) n
        ORDER BY booking, n
        """,
        {"first": ids[0], "last": ids[-1], "crew": crew},
    )
    return ids


def add_transfers(
    connection: psycopg.Connection, bookings: range, *, audited: bool = True
) -> range:
    """A pending transfer, due never, for everybody on these bookings; the range of their ids."""
    row = connection.execute(
        _TRANSFERS, {"first": bookings[0], "last": bookings[-1], "audited": audited}
    ).fetchone()
    assert row is not None
    return range(row[0], row[1] + 1)


def fail_transfers(connection: psycopg.Connection, transfers: range) -> None:
    """Pending -> processing with a first attempt -> failed, as the worker and the rail's decline leave them."""
    span = {"first": transfers[0], "last": transfers[-1]}
    for statement in _FAILED:
        connection.execute(statement, span)


def add_paid_bookings(connection: psycopg.Connection, bookings: int, people: int) -> None:
    """Bookings whose people were all paid, each with one attempt; committed in portions."""
    for first in range(1, bookings + 1, 25_000):
        span = {"first": first, "last": min(first + 24_999, bookings), "people": people}
        for statement in _PAID:
            connection.execute(statement, span)
        connection.commit()


def settle(connection: psycopg.Connection) -> None:
    """Statistics, visibility and dirty pages as on a server that has been up for a while."""
    connection.autocommit = True
    connection.execute("VACUUM (ANALYZE)")
