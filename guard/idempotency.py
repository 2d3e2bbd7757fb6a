"""Exactly one execution for each key: `begin`, then `complete` in the transaction of the work, or `release`.

Every step is one conditional statement on the database's clock; a holder that lost its lease changes no row.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

JOB_SCOPE = "job"
HTTP_KEEP_DAYS = 30
JOB_KEEP_DAYS = 7


@dataclass(frozen=True, slots=True)
class Started:
    """The key is ours until the lease ends. Hand both numbers to `complete` or `release`."""

    record_id: int
    fence: int


@dataclass(frozen=True, slots=True)
class Replay:
    """The work was done before; this was its answer, byte for byte."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class InProgress:
    """Somebody holds the key. Ask again after `retry_after` seconds."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class Reused:
    """The key was used for a different body."""


class LeaseLost(Exception):
    """Another holder took the key over; the enclosing transaction must roll back."""


# One statement: insert, or take over what has expired. ON CONFLICT locks the row and judges its newest version,
# so of many takers of an expired lease exactly one gets a row back.
_BEGIN = """
INSERT INTO guard_idempotencyrecord AS held
    (scope, key, fingerprint, status, locked_until, fence, expires_at, created_at)
VALUES (%(scope)s, %(key)s, %(fingerprint)s, 'running',
    clock_timestamp() + make_interval(secs => %(lease)s), 1,
    clock_timestamp() + make_interval(days => %(days)s), clock_timestamp())
ON CONFLICT (scope, key) DO UPDATE SET
    fingerprint = excluded.fingerprint, status = 'running', fence = held.fence + 1,
    locked_until = excluded.locked_until,
    expires_at = CASE WHEN held.expires_at <= clock_timestamp() THEN excluded.expires_at ELSE held.expires_at END,
    created_at = CASE WHEN held.expires_at <= clock_timestamp() THEN excluded.created_at ELSE held.created_at END,
    completed_at = NULL, response_status = NULL, response_headers = NULL, response_body = NULL
WHERE (held.status = 'running' AND held.locked_until <= clock_timestamp()
        AND (held.fingerprint = excluded.fingerprint OR held.expires_at <= clock_timestamp()))
    OR (held.status = 'completed' AND held.expires_at <= clock_timestamp())
RETURNING id, fence
"""
_LOOK = """
SELECT status, fingerprint, response_status, response_headers, response_body,
    ceil(extract(epoch FROM locked_until - clock_timestamp()))::int
FROM guard_idempotencyrecord WHERE scope = %(scope)s AND key = %(key)s
"""
_COMPLETE = """
UPDATE guard_idempotencyrecord SET status = 'completed', completed_at = clock_timestamp(),
    response_status = %s, response_headers = %s::jsonb, response_body = %s
WHERE id = %s AND fence = %s AND status = 'running'
"""
_RELEASE = "DELETE FROM guard_idempotencyrecord WHERE id = %s AND fence = %s AND status = 'running'"
# The status keeps a record that is being taken over at this moment out of reach.
_PURGE = """
DELETE FROM guard_idempotencyrecord WHERE id IN (
    SELECT id FROM guard_idempotencyrecord
    WHERE expires_at <= clock_timestamp() AND (status = 'completed' OR locked_until <= clock_timestamp())
    ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED)
"""


def begin(
    scope: str, key: str, fingerprint: str, *, lease_seconds: float, keep_days: int
) -> Started | Replay | InProgress | Reused:
    """Claim `key` for `lease_seconds`, or say why not.

    Call it outside of a transaction: the claim must be committed before the work starts. An expired record counts
    as new; an expired lease of the same body is taken over with the next fence.
    """
    claim: dict[str, str | float] = {
        "scope": scope,
        "key": key,
        "fingerprint": fingerprint,
        "lease": lease_seconds,
        "days": keep_days,
    }
    with connection.cursor() as cursor:
        for _ in range(3):  # the record may be released or expire between the two statements
            cursor.execute(_BEGIN, claim)
            started = cursor.fetchone()
            if started is not None:
                return Started(*started)
            cursor.execute(_LOOK, claim)
            row = cursor.fetchone()
            if row is not None and (seen := _judge(row, fingerprint)) is not None:
                return seen
    return InProgress(retry_after=1)


def _judge(row: tuple[Any, ...], fingerprint: str) -> Replay | InProgress | Reused | None:
    status, known, response_status, headers, body, seconds_left = row
    if known != fingerprint:
        return Reused()
    if status == "completed":
        # The database driver hands jsonb of a raw cursor over as text.
        return Replay(response_status, json.loads(headers), bytes(body))
    return InProgress(retry_after=seconds_left) if seconds_left > 0 else None


def complete(
    record_id: int, fence: int, *, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Store the answer, in the transaction of the work it answers for.

    Raises LeaseLost if another holder took over: let it roll that transaction back.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COMPLETE, [status, json.dumps(headers), body, record_id, fence])
        if cursor.rowcount != 1:
            raise LeaseLost(f"record {record_id} is no longer held under fence {fence}")


def release(record_id: int, fence: int) -> bool:
    """Free the key: nothing was done, or its answer is not worth keeping. False if it was ours no more."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, [record_id, fence])
        return bool(cursor.rowcount == 1)


def purge_expired(batch: int) -> int:
    """Delete at most `batch` expired records; returns how many. Concurrent purges share the work."""
    with connection.cursor() as cursor:
        cursor.execute(_PURGE, [batch])
        return int(cursor.rowcount)


def payout_job_key(payout_id: int, job: str) -> str:
    """The key of a job about a payout, in the scope "job"."""
    return f"payout-job:{payout_id}:{job}"
