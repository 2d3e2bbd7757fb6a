"""Recomputes the hash chains and the seals, independently of the database's own functions.

Reads every entry once, in chain order, with a server-side cursor; memory does not grow with the log.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

_ENTRIES = """
    SELECT id, subject, seq, action, outcome, prior_status, new_status, actor_kind, actor_name, actor_user_id,
           reason, request_id, snapshot::text, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
           prev_hash, entry_hash
    FROM audit_entry
"""


@dataclass(frozen=True, slots=True)
class Damage:
    """One place where the log is not what was written. `where` names the entry or seal."""

    where: str
    what: str


def _text(value: str) -> str:
    return f"{len(value.encode())}:{value}"


def digest(row: tuple[Any, ...]) -> bytes:
    """SHA-256 of one row of `_ENTRIES`, as the trigger `ChainEntry` computed it when the entry was written."""
    _, subject, seq, *texts, user_id, reason, request_id, snapshot, at, prev_hash, _ = row
    payload = "".join(
        (
            _text(subject),
            f"{seq};",
            *(_text(value) for value in texts),
            f"{'-' if user_id is None else user_id};",
            _text(reason),
            _text(request_id),
            _text(snapshot),
            at,
        )
    )
    return hashlib.sha256(bytes(prev_hash) + payload.encode()).digest()


def merkle_root(leaves: list[bytes]) -> bytes:
    """Merkle root of entry hashes in id order; leaves and nodes are hashed under different prefixes (RFC 6962)."""
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest()
            for i in range(0, len(level) - 1, 2)
        ]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def _rows(sql: str, params: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while batch := cursor.fetchmany(5_000):
            yield from batch


def damaged_entries(*, beyond: int = 0) -> Iterator[Damage]:
    """Entries whose content, place or link is not what the chain says.

    `beyond`: only the chains that have an entry with a higher id, each of them from its beginning.
    """
    subject, seq, last_hash = None, 0, b""
    where = " WHERE subject IN (SELECT subject FROM audit_entry WHERE id > %s)" if beyond else ""
    for row in _rows(f"{_ENTRIES}{where} ORDER BY subject, seq", (beyond,) if beyond else ()):
        where = f"entry {row[0]} ({row[1]} #{row[2]})"
        if row[1] != subject:
            subject, seq, last_hash = row[1], 0, b""
        if row[2] != seq + 1:
            yield Damage(
                where, f"entries {seq + 1} to {row[2] - 1} of {row[1]} are missing before it"
            )
        elif bytes(row[-2]) != last_hash:
            yield Damage(where, "it does not continue the entry before it")
        if digest(row) != bytes(row[-1]):
            yield Damage(where, "its content was changed after it was written")
        seq, last_hash = row[2], bytes(row[-1])


def damaged_seals(*, beyond: int = 0) -> Iterator[Damage]:
    """Seals that no longer match the entries that they were made over.

    `beyond`: only seals that end at an entry with a higher id.
    """
    last_root = b""
    for (before,) in _rows(
        "SELECT root FROM audit_seal WHERE last_entry_id <= %s ORDER BY id DESC LIMIT 1", (beyond,)
    ):
        last_root = bytes(before)
    for pk, first, last, count, root, prev_root in _rows(
        "SELECT id, first_entry_id, last_entry_id, entry_count, root, prev_root FROM audit_seal "
        "WHERE last_entry_id > %s ORDER BY id",
        (beyond,),
    ):
        where = f"seal {pk} (entries {first} to {last})"
        leaves = [
            bytes(row[0])
            for row in _rows(
                "SELECT entry_hash FROM audit_entry WHERE id BETWEEN %s AND %s ORDER BY id",
                (first, last),
            )
        ]
        if bytes(prev_root) != last_root:
            yield Damage(where, "it does not continue the seal before it")
        if len(leaves) != count:
            yield Damage(where, f"it was made over {count} entries, {len(leaves)} are left")
        elif merkle_root([bytes(prev_root), *leaves]) != bytes(root):
            yield Damage(where, "an entry in its range was changed and chained anew")
        last_root = bytes(root)
