"""What a closed ledger leaves behind: a row for each transaction and for each operation."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from stellar_sdk import HashMemo, IdMemo, ReturnHashMemo, TextMemo

from sandbox.horizon.envelope import Envelope, Step
from sandbox.horizon.network import code_of
from sandbox.horizon.operations import destination, muxed_destination, stroops
from sandbox.horizon.results import Outcome
from sandbox.journal import Row

PAYMENTS = ("payment", "create_account", "account_merge")


def toid(ledger: int, order: int, operation: int = 0) -> int:
    """The id of a transaction, or of its operation 1, 2, …: ascending over everything."""
    return ledger << 32 | order << 12 | operation


def transaction(
    envelope: Envelope, outcome: Outcome, *, ledger: int, order: int, closed_ms: int
) -> Row:
    """The row of the table `transactions`."""
    return {
        "hash": envelope.hash,
        "inner_hash": envelope.inner_hash if envelope.bump is not None else None,
        "id": toid(ledger, order),
        "ledger": ledger,
        "closed_ms": closed_ms,
        "ok": outcome.ok,
        "codes": outcome.codes(),
        "xdr": envelope.xdr,
        "result": outcome.to_xdr(),
        "fee": outcome.fee,
        "max_fee": envelope.max_fee,
        "inner_max_fee": envelope.tx.fee,
        "source": envelope.source,
        "muxed": envelope.muxed,
        "fee_source": envelope.fee_source,
        "sequence": envelope.sequence,
        "count": len(envelope.steps),
        "min_time": envelope.min_time,
        "max_time": envelope.max_time,
        "signatures": [base64.b64encode(raw).decode() for raw in envelope.raw_signatures],
        "inner_signatures": [
            base64.b64encode(raw).decode() for raw in envelope.raw_inner_signatures
        ],
        "people": people(envelope),
        **memo(envelope.tx.memo),
    }


def people(envelope: Envelope) -> list[str]:
    """Every account that the transaction is listed under."""
    found = [envelope.source, envelope.fee_source]
    for step in envelope.steps:
        found += participants(step)
    return list(dict.fromkeys(found))


def participants(step: Step) -> list[str]:
    """Every account that the operation is listed under."""
    others = [destination(step)] if step.kind in PAYMENTS else []
    return list(dict.fromkeys([step.source, *others]))


def memo(given: Any) -> Row:
    """`memo_type` and what Horizon shows of it."""
    if isinstance(given, TextMemo):
        raw = given.memo_text
        text = raw.decode(errors="replace")
        return {"memo_type": "text", "memo": text, "memo_bytes": base64.b64encode(raw).decode()}
    if isinstance(given, IdMemo):
        return {"memo_type": "id", "memo": str(given.memo_id)}
    if isinstance(given, HashMemo):
        return {"memo_type": "hash", "memo": base64.b64encode(given.memo_hash).decode()}
    if isinstance(given, ReturnHashMemo):
        return {"memo_type": "return", "memo": base64.b64encode(given.memo_return).decode()}
    return {"memo_type": "none"}


def operation(envelope: Envelope, transaction: Row, index: int, merged: int) -> Row:
    """The row of the table `operations`."""
    step = envelope.steps[index]
    return {
        "id": transaction["id"] + index + 1,
        "tx": envelope.hash,
        "ok": transaction["ok"],
        "ledger": transaction["ledger"],
        "closed_ms": transaction["closed_ms"],
        "kind": step.kind,
        "source": step.source,
        "muxed": step.muxed,
        "people": participants(step),
        **(detail(step, merged) if (detail := DETAILS.get(step.kind)) else {}),
    }


def _payment(step: Step, _merged: int) -> Row:
    body = step.body
    return {
        "to": destination(step),
        "to_muxed": muxed_destination(step),
        "asset": code_of(body.asset),
        "amount": stroops(body.amount),
    }


def _create(step: Step, _merged: int) -> Row:
    return {"to": destination(step), "amount": stroops(step.body.starting_balance)}


def _merge(step: Step, merged: int) -> Row:
    return {"to": destination(step), "to_muxed": muxed_destination(step), "amount": merged}


def _trust(step: Step, _merged: int) -> Row:
    return {"asset": code_of(step.body.asset), "limit": stroops(step.body.limit)}


def _data(step: Step, _merged: int) -> Row:
    value = step.body.data_value
    shown = "" if value is None else base64.b64encode(value).decode()
    return {"name": step.body.data_name, "value": shown}


DETAILS: dict[str, Callable[[Step, int], Row]] = {
    "payment": _payment,
    "create_account": _create,
    "account_merge": _merge,
    "change_trust": _trust,
    "bump_sequence": lambda step, _merged: {"bump_to": step.body.bump_to},
    "manage_data": _data,
}
