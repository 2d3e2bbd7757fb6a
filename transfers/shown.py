"""Transfers and attempts as an answer shows them, read as plain tuples.

An answer about a crew of 10,000 people is read in two queries; made of models, with a datetime object for each
moment, it took twice as long as all the rest of the request. The database writes the moments as the contract does.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django.db import models
from django.db.models import F, Func, QuerySet

from guard.statement import run
from money import Money
from transfers.models import Transfer, TransferAttempt

# A crew's attempts are found by their booking; thousands of ids in a query cost more than the rows.
_LONG_LIST = 500


# A time as the contract writes it: `2026-11-20T13:05:59.120000Z`.
_MOMENT = """to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


class Moment(Func):
    """The same for a column of a query of the ORM."""

    template = _MOMENT % "%(expressions)s"
    output_field = models.CharField()


class ShownTransfer(NamedTuple):
    """The columns of a transfer that are shown, by the names that they have on the model."""

    pk: int
    source_type: str
    source_id: int
    source_reference: str
    user_id: str
    payee_name: str
    amount_minor: int
    currency: str
    rail: str
    status: str
    version: int
    outcome_unknown: bool
    failure_code: str
    failure_message: str
    rail_reference: str
    reversed_minor: int
    returned_minor: int
    returned_currency: str
    attempt_count: int
    supersedes_id: int | None
    due_at: str | None
    created_at: str
    updated_at: str

    @property
    def amount(self) -> Money:
        """What is owed."""
        return Money(self.amount_minor, self.currency)


class ShownAttempt(NamedTuple):
    """The columns of an attempt that are shown, by the names that they have on the model."""

    transfer_id: int
    number: int
    idempotency_key: str
    funding_reference: str
    outcome: str
    evidence: list[Any]
    progress: dict[str, Any]
    first_sent_at: str
    resolved_at: str | None


Attempts = Mapping[int, list[ShownAttempt]]
_MOMENTS = frozenset({"due_at", "created_at", "updated_at", "first_sent_at", "resolved_at"})


def _columns(shown: tuple[str, ...]) -> list[F | Moment]:
    return [Moment(F(name)) if name in _MOMENTS else F(name) for name in shown]


def shown_transfers(rows: QuerySet[Transfer]) -> list[ShownTransfer]:
    """All of `rows`, in their order, in one query."""
    columns = _columns(ShownTransfer._fields)
    return [ShownTransfer._make(row) for row in rows.values_list(*columns)]


def attempts_of(transfers: Collection[Transfer | ShownTransfer]) -> Attempts:
    """The attempts of each transfer that has any, by its id: one query, none while nothing was sent."""
    sent = [transfer for transfer in transfers if transfer.attempt_count]
    if not sent:
        return {}
    rows = TransferAttempt.objects.order_by("transfer_id", "number")
    sources = {(transfer.source_type, transfer.source_id) for transfer in sent}
    if len(sources) == 1 and len(sent) > _LONG_LIST:
        ((source_type, source_id),) = sources
        rows = rows.filter(transfer__source_type=source_type, transfer__source_id=source_id)
    else:
        rows = rows.filter(transfer_id__in=[transfer.pk for transfer in sent])
    found: dict[int, list[ShownAttempt]] = defaultdict(list)
    for row in rows.values_list(*_columns(ShownAttempt._fields)):
        attempt = ShownAttempt._make(row)
        found[attempt.transfer_id].append(attempt)
    return found


_ATTEMPTS = f"""
    SELECT transfer_id, number, idempotency_key, funding_reference, outcome, evidence, progress,
        {_MOMENT % "first_sent_at"} AS first_sent_at, {_MOMENT % "resolved_at"} AS resolved_at
    FROM transfers_transferattempt WHERE transfer_id = %s::bigint ORDER BY number
"""


def attempts_of_one(transfer_id: int) -> list[ShownAttempt]:
    """The same for one transfer, by a prepared statement: the ORM takes five times as long to write its query."""
    return [
        ShownAttempt(**row | {name: json.loads(row[name]) for name in ("evidence", "progress")})
        for row in run(_ATTEMPTS, [transfer_id])
    ]
