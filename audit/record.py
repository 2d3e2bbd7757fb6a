"""Writing entries: the one list of columns, for the guard's single statement and for everything else."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import IntegrityError, connection, transaction

from audit.actor import Actor
from audit.redact import mask, mask_text

_TRIES: Final = 3
# In the order of `Note.values()`; casts because a prepared SELECT list has no column to take its types from.
COLUMNS = (
    "subject, action, outcome, prior_status, new_status, actor_kind, actor_name, actor_user_id, "
    "reason, request_id, snapshot"
)
PLACEHOLDERS = (
    "%s::text, %s::text, %s::text, %s::text, %s::text, %s::text, %s::text, %s::bigint, "
    "%s::text, %s::text, %s::jsonb"
)
# The database numbers, dates and hashes the entry; the columns only need some value to pass NOT NULL.
INSERT = (
    f"INSERT INTO audit_entry ({COLUMNS}, seq, prev_hash, entry_hash) "
    f"SELECT {PLACEHOLDERS}, 0, ''::bytea, ''::bytea"
)


@dataclass(frozen=True, slots=True)
class Note:
    """An entry to be written. `snapshot` must be JSON-serialisable and free of secrets and full bank details.

    What slips into a reason or a rail's message all the same is masked: an entry can never be changed afterwards.
    """

    subject: str
    action: str
    actor: Actor
    outcome: str = "noted"
    prior_status: str = ""
    new_status: str = ""
    reason: str = ""
    snapshot: dict[str, Any] = field(default_factory=dict)

    def values(self) -> list[Any]:
        """Parameters for `PLACEHOLDERS`."""
        actor = self.actor
        return [
            self.subject,
            self.action,
            self.outcome,
            self.prior_status,
            self.new_status,
            actor.kind,
            actor.name[:150],
            actor.user_id,
            mask_text(self.reason),
            actor.request_id[:64],
            json.dumps(mask(self.snapshot)),
        ]


def record(*notes: Note) -> None:
    """Append entries in the caller's transaction (or each in its own, outside of one)."""
    with connection.cursor() as cursor:
        for note in notes:
            cursor.execute(INSERT, note.values())


def record_alone(note: Note) -> bool:
    """Append one entry in a transaction of its own. Is it written?

    Two first entries of one subject may meet, and the unique constraint of a chain lets one of them through: the other
    is tried again.
    """
    for _ in range(_TRIES):
        try:
            with transaction.atomic():
                record(note)
        except IntegrityError:
            continue
        return True
    return False
