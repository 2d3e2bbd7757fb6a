"""Incoming operations against the plain SQL of the same transaction, and a watcher that catches up on days off."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import psycopg
from django.db import connection
from django.test import override_settings

from audit.record import COLUMNS
from bench.databases import settle
from bench.measure import Effort, Line, interleaved, stopwatch
from bench.pgbench import Recorded, Script
from checkout.services.process_operation import process_operation
from checkout.services.watch_account import WATCHER, watch_account
from rails.horizon_payments import IncomingOperation
from tests.sandbox_process import SandboxProcess
from transfers.rail_access import horizon_rail

# Rounds and operations of each; operations that the watcher catches up on.
SIZES = {"full": (5, 600, 100_000), "quick": (3, 200, 5_000), "smoke": (1, 10, 400)}

_ACCOUNT = "GCKCOAATXSWRCLYH4XBTT5TA554IF27TIRSJIJ63D2FOLXTL7HZCS6GH"
_SENDER = "GBS3BBCHE5CCRMZ3HLFO23IVG7A4WQJB66MDUTKGPCAIGPM4SR4EG3IH"
_BASE = 10**11
_AMOUNT = 50_000_000
_SESSIONS = f"""
    INSERT INTO checkout_checkoutsession (merchant_reference, amount_minor, currency, account, address, pay_token,
        status, expires_at, created_by)
    SELECT 'bench', {_AMOUNT}, 'XLM', '{_ACCOUNT}', {_BASE} + n, 'token-' || n, 'pending', now() + interval '1 day',
        'bench' FROM generate_series(%s::bigint, %s::bigint) n
"""
_NOTE = (
    f"INSERT INTO audit_entry ({COLUMNS}, seq, prev_hash, entry_hash) SELECT 'checkout_session:' || id, "
    "'checkout_session.{to}', 'won', '{prior}', '{to}', 'worker', 'watcher', NULL, '', '', '{{}}'::jsonb, 0, "
    "''::bytea, ''::bytea FROM moved"
)
_MOVE = (
    "WITH moved AS (UPDATE checkout_checkoutsession SET status = '{to}', version = version + 1, "
    "updated_at = clock_timestamp(){more} WHERE address = {base} + :id AND status = '{prior}' RETURNING id) "
)
# What process_operation does for a payment that pays its session, statement by statement.
_PLAIN = "\n".join(
    (
        "\\set id :id + 1",
        "BEGIN ISOLATION LEVEL SERIALIZABLE;",
        "SELECT session.*, EXISTS (SELECT FROM checkout_receipt WHERE tx_hash = md5((:id)::text) AND "
        "operation_index = 1) AS was_seen, EXISTS (SELECT FROM checkout_receipt AS part WHERE "
        "part.session_id = session.id AND part.status = 'unmatched' AND part.reason = 'underpaid' AND "
        "part.held_minor = 0) AS has_parts FROM checkout_checkoutsession AS session "
        f"WHERE session.address = {_BASE} + :id FOR UPDATE;",
        "INSERT INTO checkout_receipt (tx_hash, operation_index, operation_id, kind, account, sender, amount_minor, "
        "currency, memo_type, memo, muxed_id, closed_at, session_id, status) "
        f"SELECT md5((:id)::text), 1, :id, 'payment', '{_ACCOUNT}', '{_SENDER}', {_AMOUNT}, 'XLM', 'id', "
        f"address::text, '', now(), id, 'applied' FROM checkout_checkoutsession WHERE address = {_BASE} + :id;",
        _MOVE.format(to="processing", prior="pending", more="", base=_BASE)
        + _NOTE.format(to="processing", prior="pending")
        + ";",
        _MOVE.format(to="paid", prior="processing", more=", paid_at = now()", base=_BASE)
        + ", pays AS (INSERT INTO checkout_payment (receipt_id, session_id, amount_minor) SELECT receipt.id, moved.id, "
        f"{_AMOUNT} FROM moved JOIN checkout_receipt AS receipt ON receipt.session_id = moved.id) "
        + _NOTE.format(to="paid", prior="processing")
        + ";",
        "COMMIT;\n",
    )
)


def measure(url: str, effort: Effort) -> list[Line]:
    """Operations per second over one connection, and of one watcher."""
    rounds, size, backlog = SIZES[effort]
    with psycopg.connect(url) as seeding:
        seeding.execute(_SESSIONS, [1, 2 * (rounds + 1) * size])
        seeding.commit()
        settle(seeding)
    portions = iter(
        [range(at + 1, at + size + 1) for at in range(0, 2 * (rounds + 1) * size, size)]
    )
    script = Script(Recorded("SELECT 1", []))
    script.text = _PLAIN
    pair = interleaved(
        lambda: _process(next(portions)), lambda: script.run(url, next(portions)), rounds
    )
    connection.close()
    return [
        Line(
            what="incoming operation that pays a session, one connection",
            yardstick="pgbench, the plain SQL of the same transaction, one client",
            ours=pair.ours,
            theirs=pair.theirs,
            unit="/s",
            ratio=pair.ours / pair.theirs,
            runs=pair.runs,
        ),
        _catch_up(backlog),
    ]


def _process(numbers: range) -> float:
    operations = [_incoming(number) for number in numbers]
    with stopwatch() as watch:
        states = [process_operation(operation=one, actor=WATCHER).state for one in operations]
    assert set(states) == {"applied"}
    return len(operations) / watch.seconds


def _incoming(number: int) -> IncomingOperation:
    return IncomingOperation(
        tx_hash=hashlib.sha256(f"bench-{number}".encode()).hexdigest(),
        operation_index=1,
        operation_id=number << 12 | 1,
        kind="payment",
        successful=True,
        account=_ACCOUNT,
        sender=_SENDER,
        amount_minor=_AMOUNT,
        currency="XLM",
        memo_type="id",
        memo=str(_BASE + number),
        muxed_id="",
        closed_at=datetime.now(UTC),
    )


def _catch_up(backlog: int) -> Line:
    """The watcher over a real Horizon's pages; every tenth operation names a session that is paid already."""
    memos = [*["stranger {n}"] * 9, str(_BASE + 1)]
    with SandboxProcess(horizon=True) as sandbox:
        horizon = sandbox.horizon
        horizon.calm()
        horizon.fund(_ACCOUNT, "100")
        horizon.bulk(backlog, to=_ACCOUNT, amount="5", memos=memos)
        wanted = {**horizon.settings_of_the_product(), "RAIL_TIMEOUT_SECONDS": 30.0}
        with override_settings(**wanted):
            horizon_rail.cache_clear()
            with stopwatch() as watch:
                found = watch_account(account=_ACCOUNT)
            horizon_rail().close()
        horizon_rail.cache_clear()
    assert found.new >= backlog and found.caught_up, found
    connection.close()
    return Line(
        what=f"watcher catching up on {backlog:,} operations over HTTP",
        yardstick="for information; the sandbox's Horizon, on the same machine, makes and signs them as it is asked",
        ours=backlog / watch.seconds,
        theirs=None,
        unit="/s",
    )
