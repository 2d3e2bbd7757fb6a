"""One row by a prepared statement, for the paths that every transfer takes.

The ORM puts its query together anew each time, which cost a worker more than sending the money did.
"""

import json
from functools import cache
from typing import Any, NamedTuple, TypeVar

from django.db import connection, models

from guard.statement import run
from transfers.models import Transfer, TransferAttempt
from transfers.pace import HELD_BACK
from transfers.switches import paused_condition

Row = TypeVar("Row", bound=models.Model)


@cache
def columns_of(model: type[models.Model]) -> tuple[str, ...]:
    """Every column of a model, by the names that a statement uses."""
    return tuple(field.attname for field in model._meta.concrete_fields)


@cache
def _json_columns(model: type[models.Model]) -> tuple[str, ...]:
    fields = model._meta.concrete_fields
    return tuple(field.attname for field in fields if isinstance(field, models.JSONField))


def from_row(model: type[Row], row: dict[str, Any]) -> Row:
    """The instance that a row with all of `columns_of` stands for. Such statements hand JSON over as text."""
    decoded = {name: json.loads(row[name]) for name in _json_columns(model)}
    names = columns_of(model)
    return model.from_db(connection.alias, names, [decoded.get(name, row[name]) for name in names])


class WorkRow(NamedTuple):
    """A transfer; is work on it due by the database's clock, is its rail paused here, does it want no calls itself?"""

    transfer: Transfer
    is_due: bool
    is_paused: bool
    is_held_back: bool


def read_transfer(transfer_id: int) -> WorkRow:
    """What a worker must know before it begins. Raises Transfer.DoesNotExist."""
    rows = run(_TRANSFER, [transfer_id])
    if not rows:
        raise Transfer.DoesNotExist(f"There is no transfer {transfer_id}.")
    row = rows[0]
    transfer = from_row(Transfer, row)
    return WorkRow(transfer, row["is_due"], row["is_paused"], row["is_held_back"])


def read_attempt(transfer_id: int, number: int) -> TransferAttempt:
    """An attempt that is known to exist."""
    (row,) = run(_ATTEMPT, [transfer_id, number])
    return from_row(TransferAttempt, row)


_TRANSFER = f"""
    SELECT {", ".join(columns_of(Transfer))}, coalesce(due_at <= clock_timestamp(), false) AS is_due,
        {paused_condition("transfers_transfer.rail")} AS is_paused,
        EXISTS (SELECT FROM transfers_pace WHERE rail = transfers_transfer.rail AND {HELD_BACK}) AS is_held_back
    FROM transfers_transfer WHERE id = %s::bigint
"""
_ATTEMPT = f"""
    SELECT {", ".join(columns_of(TransferAttempt))} FROM transfers_transferattempt
    WHERE transfer_id = %s::bigint AND number = %s::integer
"""
