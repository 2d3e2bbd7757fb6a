"""What operations do. `malformed` is what admission looks at; `apply` decides in a ledger.

Each returns Horizon's code. The order of the checks is core's: a payment looks at its destination
first, then at its source.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from stellar_sdk import LiquidityPoolAsset

from sandbox.horizon.envelope import Step
from sandbox.horizon.network import BASE_RESERVE, MAX_STROOPS, STROOPS, code_of
from sandbox.horizon.state import State, account, reserve, subentries
from sandbox.journal import Row

SUCCESS = "op_success"
MAX_SUBENTRIES = 1_000


def stroops(amount: str | Decimal) -> int:
    """The SDK's amount as a whole number."""
    return int(Decimal(amount) * STROOPS)


def destination(step: Step) -> str:
    """The G… account that an operation pays."""
    given = step.body.destination
    return str(given) if isinstance(given, str) else str(given.account_id)


def muxed_destination(step: Step) -> str | None:
    """The M… address, if that is what was asked for."""
    given = step.body.destination
    muxed: str | None = None if isinstance(given, str) else given.account_muxed
    return muxed


# Shape


def malformed(step: Step) -> str:
    """`op_success` if nothing is wrong with the shape of it."""
    check = SHAPES.get(step.kind)
    return "op_not_supported" if check is None else check(step)


def _payment_shape(step: Step) -> str:
    return SUCCESS if stroops(step.body.amount) > 0 else "op_malformed"


def _create_shape(step: Step) -> str:
    bad = stroops(step.body.starting_balance) < 0 or step.body.destination == step.source
    return "op_malformed" if bad else SUCCESS


def _trust_shape(step: Step) -> str:
    asset = step.body.asset
    if isinstance(asset, LiquidityPoolAsset):
        return "op_not_supported"
    bad = asset.is_native() or asset.issuer == step.source or stroops(step.body.limit) < 0
    return "op_malformed" if bad else SUCCESS


def _bump_shape(step: Step) -> str:
    return "op_bad_seq" if step.body.bump_to < 0 else SUCCESS


def _data_shape(step: Step) -> str:
    return SUCCESS if 0 < len(step.body.data_name) <= 64 else "op_data_invalid_name"


def _merge_shape(step: Step) -> str:
    return "op_malformed" if destination(step) == step.source else SUCCESS


# Effect


def apply(state: State, step: Step) -> tuple[str, int]:
    """Do it in this layer. (code, what a merge brought)."""
    if state.get(step.source) is None:
        return "op_no_source_account", 0
    if step.kind == "account_merge":
        return _merge(state, step)
    return EFFECTS[step.kind](state, step), 0


def _payment(state: State, step: Step) -> str:
    to, amount = destination(step), stroops(step.body.amount)
    if state.get(to) is None:
        return "op_no_destination"
    asset = code_of(step.body.asset)
    if asset == "native":
        return _pay_native(state, step.source, to, amount)
    issuer = step.body.asset.issuer
    if to != issuer:
        code = _credit(state, to, asset, amount)
        if code != SUCCESS:
            return code
    return SUCCESS if step.source == issuer else _debit(state, step.source, asset, amount)


def _pay_native(state: State, source: str, to: str, amount: int) -> str:
    if source == to:
        row = state.have(source)
        return SUCCESS if row["balance"] - amount >= reserve(row) else "op_underfunded"
    if not state.add_native(to, amount):
        return "op_line_full"
    return SUCCESS if state.add_native(source, -amount) else "op_underfunded"


def _credit(state: State, to: str, asset: str, amount: int) -> str:
    line = state.have(to)["lines"].get(asset)
    if line is None:
        return "op_no_trust"
    if not line["authorized"]:
        return "op_not_authorized"
    if line["balance"] + amount > line["limit"]:
        return "op_line_full"
    state.set_line(to, asset, balance=line["balance"] + amount)
    return SUCCESS


def _debit(state: State, source: str, asset: str, amount: int) -> str:
    line = state.have(source)["lines"].get(asset)
    if line is None:
        return "op_src_no_trust"
    if not line["authorized"]:
        return "op_src_not_authorized"
    if line["balance"] < amount:
        return "op_underfunded"
    state.set_line(source, asset, balance=line["balance"] - amount)
    return SUCCESS


def _create(state: State, step: Step) -> str:
    to, amount = step.body.destination, stroops(step.body.starting_balance)
    if state.get(to) is not None:
        return "op_already_exists"
    if amount < 2 * BASE_RESERVE:
        return "op_low_reserve"
    if not state.add_native(step.source, -amount):
        return "op_underfunded"
    state.changed[to] = account(to, amount, state.ledger, closed_ms=state.closed_ms)
    return SUCCESS


def _change_trust(state: State, step: Step) -> str:
    row, asset, limit = state.have(step.source), code_of(step.body.asset), stroops(step.body.limit)
    line = row["lines"].get(asset)
    if limit == 0 or (line is not None and limit < line["balance"]):
        if line is None or limit < line["balance"]:
            return "op_invalid_limit"
        state.save(row, lines={name: kept for name, kept in row["lines"].items() if name != asset})
        return SUCCESS
    if state.get(step.body.asset.issuer) is None:
        return "op_no_issuer"
    if line is None:
        if not room(row):
            return "op_low_reserve"
        state.set_line(step.source, asset, balance=0, limit=limit, authorized=True)
    else:
        state.set_line(step.source, asset, limit=limit)
    return SUCCESS


def room(row: Row) -> bool:
    """Whether the account can afford one more entry."""
    enough = row["balance"] >= reserve(row) + BASE_RESERVE
    return bool(enough and subentries(row) < MAX_SUBENTRIES)


def _bump(state: State, step: Step) -> str:
    row = state.have(step.source)
    if step.body.bump_to > row["sequence"]:
        state.save(row, sequence=step.body.bump_to, sequence_ledger=state.ledger,
                   sequence_ms=state.closed_ms)  # fmt: skip
    return SUCCESS


def _data(state: State, step: Step) -> str:
    row, name, value = state.have(step.source), step.body.data_name, step.body.data_value
    if value is None:
        if name not in row["data"]:
            return "op_data_name_not_found"
        state.save(row, data={key: kept for key, kept in row["data"].items() if key != name})
        return SUCCESS
    if name not in row["data"] and not room(row):
        return "op_low_reserve"
    state.save(row, data={**row["data"], name: value.hex()})
    return SUCCESS


def _merge(state: State, step: Step) -> tuple[str, int]:
    to, row = destination(step), state.have(step.source)
    if state.get(to) is None:
        return "op_no_account", 0
    if subentries(row):
        return "op_has_sub_entries", 0
    if state.have(to)["balance"] + row["balance"] > MAX_STROOPS:
        return "op_dest_full", 0
    state.add_native(to, row["balance"])
    state.remove(step.source)
    return SUCCESS, int(row["balance"])


SHAPES: dict[str, Callable[[Step], str]] = {
    "payment": _payment_shape,
    "create_account": _create_shape,
    "change_trust": _trust_shape,
    "bump_sequence": _bump_shape,
    "manage_data": _data_shape,
    "account_merge": _merge_shape,
}
EFFECTS: dict[str, Callable[[State, Step], str]] = {
    "payment": _payment,
    "create_account": _create,
    "change_trust": _change_trust,
    "bump_sequence": _bump,
    "manage_data": _data,
}
