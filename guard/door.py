"""The one door: the only function through which a status changes.

    believed status and version in -> conditional UPDATE on literal columns -> row count checked -> audit entry
    (won or refused) in the same transaction -> Won | Conflict | Illegal out.

It makes no HTTP call and sends no message. Callers that need more than this one statement to be atomic open a
transaction around it; a refusal is an audit entry too, so raise on it only after that transaction is over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, models

from audit.actor import Actor
from audit.record import COLUMNS, PLACEHOLDERS, Note
from guard.errors import Conflicted, IllegalTransition, NotFound
from guard.statement import Cause, full_statement, run, update_statement
from guard.subject import subject_of, subject_type
from guard.table import transition_table


@dataclass(frozen=True, slots=True)
class Won:
    """The row moved; `row` holds the columns asked for, as they are now."""

    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Conflict:
    """The row was not as believed. Who made it so, when and why comes from the audit log."""

    current_status: str
    current_version: int
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None

    def error(self, kind: type[Conflicted] = Conflicted, detail: str = "") -> Conflicted:
        """The refusal to raise once the transaction is over."""
        who = f" by {self.decided_by}" if self.decided_by else ""
        return kind(
            detail or f"It is already {self.current_status}{who}.",
            current_status=self.current_status,
            current_version=self.current_version,
            current_reviewer=self.decided_by,
            decided_at=self.decided_at,
            decision_reason=self.reason,
        )


@dataclass(frozen=True, slots=True)
class Illegal:
    """The step is not in the table."""

    prior: str
    wanted: str
    allowed: list[str] = field(default_factory=list)

    def error(self) -> IllegalTransition:
        """The refusal to raise once the transaction is over."""
        return IllegalTransition(
            f"There is no step from {self.prior} to {self.wanted}.",
            **{"from": self.prior, "to": self.wanted, "allowed": self.allowed},
        )


Result = Won | Conflict | Illegal


def change_status(
    model: type[models.Model],
    pk: int,
    *,
    believed: str,
    to: str,
    actor: Actor,
    version: int | None = None,
    reason: str = "",
    changes: Mapping[str, Any] | None = None,
    also: Mapping[str, Any] | None = None,
    causes: Sequence[Cause] = (),
    snapshot: Mapping[str, Any] | None = None,
    returning: Sequence[str] = ("status", "version"),
    audit_loss: bool = True,
) -> Result:
    """Move one row from `believed` to `to`, or say why not.

    `version`: what the caller believes; None = any. `changes`: further columns set by the same UPDATE. `also`:
    further conditions on columns of the row itself (None = IS NULL, PASSED = its time is over). `causes`: rows
    inserted or updated only if the row moved. `audit_loss` is False for workers' claims: two workers that were told
    of the same work are no refusal of anybody. One round trip when it wins, three when it loses; own transaction
    unless the caller has one open. Raises NotFound when there is no such row, UnsafeGuard when a condition is not
    the row's own.
    """
    if not transition_table(model).allows(believed, to):
        return _illegal(model, pk, believed, to, actor, reason)
    conditions = {
        "status": believed,
        **({} if version is None else {"version": version}),
        **(also or {}),
    }
    update = update_statement(model, pk, {"status": to, **(changes or {})}, conditions)
    note = Note(
        subject=subject_of(model, pk),
        action=f"{subject_type(model)}.{to}",
        outcome="won",
        prior_status=believed,
        new_status=to,
        actor=actor,
        reason=reason,
        snapshot=dict(snapshot or {}),
    )
    rows = run(*full_statement(update, note.values(), causes, returning))
    if len(rows) == 1:
        return Won(rows[0])
    return _conflict(model, pk, believed, to, actor, reason, audit_loss=audit_loss)


def change_in_place(
    model: type[models.Model],
    pk: int,
    *,
    status: str,
    action: str,
    actor: Actor,
    version: int | None = None,
    reason: str = "",
    changes: Mapping[str, Any],
    also: Mapping[str, Any] | None = None,
    causes: Sequence[Cause] = (),
    snapshot: Mapping[str, Any] | None = None,
    returning: Sequence[str] = ("status", "version"),
) -> Won | None:
    """Change other columns of a row that must be in `status`, with an audit entry named `action`.

    The same conditional statement as `change_status`, for what happens within one status: a lease taken over, an
    outcome that became unknown. None when the row is no longer as believed; that loss is not audited, since nobody
    decided anything.
    """
    conditions = {
        "status": status,
        **({} if version is None else {"version": version}),
        **(also or {}),
    }
    note = Note(
        subject=subject_of(model, pk),
        action=f"{subject_type(model)}.{action}",
        prior_status=status,
        new_status=status,
        actor=actor,
        reason=reason,
        snapshot=dict(snapshot or {}),
    )
    update = update_statement(model, pk, changes, conditions)
    rows = run(*full_statement(update, note.values(), causes, returning))
    return Won(rows[0]) if len(rows) == 1 else None


def refuse(
    model: type[models.Model],
    pk: int,
    *,
    to: str,
    actor: Actor,
    outcome: str,
    reason: str,
    **snapshot: Any,
) -> None:
    """Audit a refusal that policy made before the door was reached (403, a live obligation, an unknown outcome)."""
    _refusal_entry(model, pk, None, to, actor, outcome, reason, snapshot)


def _version(believed: int | None) -> dict[str, int]:
    return {} if believed is None else {"version": believed}


def _illegal(
    model: type[models.Model], pk: int, believed: str, to: str, actor: Actor, reason: str
) -> Illegal:
    _refusal_entry(model, pk, believed, to, actor, "illegal", reason, {})
    return Illegal(believed, to, transition_table(model).allowed_from(believed))


def _conflict(
    model: type[models.Model],
    pk: int,
    believed: str,
    to: str,
    actor: Actor,
    reason: str,
    *,
    audit_loss: bool,
) -> Conflict:
    if audit_loss:
        current = _refusal_entry(model, pk, believed, to, actor, "conflict", reason, {})
    else:
        rows = run(
            f'SELECT "status", "version" FROM "{model._meta.db_table}" WHERE "id" = %s', [pk]
        )
        if not rows:
            raise NotFound(f"There is no {subject_type(model)} {pk}.")
        # A worker that lost does not ask to whom.
        return Conflict(rows[0]["status"], rows[0]["version"], None, None, None)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT actor_name, at, reason FROM audit_entry "
            "WHERE subject = %s AND outcome = 'won' ORDER BY seq DESC LIMIT 1",
            [subject_of(model, pk)],
        )
        winner = cursor.fetchone() or (None, None, None)
    return Conflict(current["status"], current["version"], *winner)


def _refusal_entry(
    model: type[models.Model],
    pk: int,
    believed: str | None,
    to: str,
    actor: Actor,
    outcome: str,
    reason: str,
    snapshot: Mapping[str, Any],
) -> dict[str, Any]:
    note = Note(
        subject=subject_of(model, pk),
        action=f"{subject_type(model)}.{to}",
        outcome=outcome,
        prior_status=believed or "",
        new_status=to,
        actor=actor,
        reason=reason,
        snapshot=dict(snapshot),
    )
    rows = run(
        f'WITH seen AS (SELECT "id", "status", "version" FROM "{model._meta.db_table}" WHERE "id" = %s::bigint), '
        f"entry AS (INSERT INTO audit_entry ({COLUMNS}, seq, prev_hash, entry_hash) "
        f"SELECT {PLACEHOLDERS}, 0, ''::bytea, ''::bytea FROM seen) SELECT * FROM seen",
        [pk, *note.values()],
    )
    if not rows:
        raise NotFound(f"There is no {subject_type(model)} {pk}.")
    return rows[0]
