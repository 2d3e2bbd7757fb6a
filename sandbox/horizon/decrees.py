"""What the control door changes by decree, without a transaction: each in a ledger of its own."""

from __future__ import annotations

import time
from decimal import Decimal, InvalidOperation

from stellar_sdk import StrKey

from sandbox.control import NotFoundError
from sandbox.horizon import genesis, network
from sandbox.horizon.bulk import CROWD, MAX_COUNT, MAX_OPERATIONS, Batch
from sandbox.horizon.network import STROOPS, asset_of, code_of, shown
from sandbox.horizon.parts import Parts
from sandbox.horizon.state import account
from sandbox.journal import Change, Row
from sandbox.settings import BadValueError, Values, truth, whole

BATCH_SECONDS = 3600


def stroops(values: Values, name: str) -> int:
    """An amount of the request. Raises BadValueError."""
    try:
        amount = Decimal(str(values.get(name, ""))) * STROOPS
    except InvalidOperation:
        raise BadValueError(f"{name} is an amount such as 12.50") from None
    if not amount.is_finite() or amount != int(amount) or amount < 0:
        raise BadValueError(f"{name} is an amount such as 12.50, with at most 7 decimals")
    return int(amount)


def asset(values: Values) -> str:
    """`native`, `USDC` (the sandbox's own) or `USDC:G…`. Raises BadValueError."""
    try:
        return code_of(asset_of(str(values.get("asset") or "native")))
    except ValueError as error:
        raise BadValueError(str(error)) from None


def address(values: Values, name: str, default: str) -> str:
    """A G… address of the request. Raises BadValueError."""
    given = str(values.get(name) or default)
    if not StrKey.is_valid_ed25519_public_key(given):
        raise BadValueError(f"{name} is a G… address")
    return given


class Decrees:
    """Balances, trustlines, and very many payments at once."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._accounts = parts.journal.table("accounts")

    def account(self, identity: str) -> Row:
        """As core has it. Raises NotFoundError."""
        row = self._accounts.get(identity)
        if row is None or row.get("gone"):
            raise NotFoundError(f"no account {identity}")
        return row

    def fund(self, identity: str, values: Values) -> Row:
        """Set a balance; an account or a trustline that is missing appears."""
        code, amount = asset(values), stroops(values, "amount")
        address({"account": identity}, "account", "")
        row = self._accounts.get(identity)
        if row is None or row.get("gone"):
            row = account(identity, 100 * STROOPS, self._parts.ledgers.latest())
        if code == "native":
            return self._decree({**row, "balance": amount})
        line = row["lines"].get(code) or genesis.line(0, 0)
        return self._decree(with_line(row, code, {**line, "balance": amount}))

    def trust(self, identity: str, values: Values) -> Row:
        """Set limit and authorization of a trustline, or remove it."""
        row, code = self.account(identity), asset(values)
        if truth(values.get("remove", False), "remove"):
            kept = {name: line for name, line in row["lines"].items() if name != code}
            return self._decree({**row, "lines": kept})
        line = dict(row["lines"].get(code) or genesis.line(0, 0))
        if values.get("limit") not in (None, ""):
            line["limit"] = stroops(values, "limit")
        if "authorized" in values:
            line["authorized"] = truth(values["authorized"], "authorized")
        return self._decree(with_line(row, code, line))

    def _decree(self, row: Row) -> Row:
        ledger = self._parts.schedule.close_now()
        closed_ms = self._parts.ledgers.closed_ms(ledger)
        fresh = {**row, "ledger": ledger, "closed_ms": closed_ms}
        change = Change()
        change.put("accounts", row["id"], fresh)
        self._parts.journal.commit(change)
        return fresh

    def bulk(self, values: Values) -> Row:
        """Payments from a crowd to one account, `count` of them, in as many ledgers as it takes."""
        row = self._batch_row(values)
        ledgers, before = self._parts.ledgers, self._parts.schedule.close_now()
        row |= {"first": before + 1, "closed_ms": ledgers.closed_ms(before)}
        batch, change = Batch(row), Change()
        change.put("bulk", str(row["first"]), row)
        last = before + batch.ledgers
        for ledger in range(before + 1, last + 1):
            ledgers.close(change, ledger, row["closed_ms"], ops=row["per_ledger"],
                          good=batch.per_ledger)  # fmt: skip
        total = row["amount"] * row["count"]
        self._credit(change, row["to"], row["asset"], total, last)
        crowd = account(CROWD.public_key, network.MAX_STROOPS // 2, last)
        crowd["sequence"] = row["sequence"] + batch.transactions
        change.put("accounts", CROWD.public_key, crowd)
        self._parts.journal.commit(change)
        self._parts.schedule.skip_to(last)
        return {
            "operations": row["count"],
            "transactions": batch.transactions,
            "first_ledger": row["first"],
            "last_ledger": last,
            "total": shown(total),
        }

    def _batch_row(self, values: Values) -> Row:
        count, each = whole(values, "count"), whole(values, "per_transaction", 1)
        per_ledger = whole(values, "per_ledger", 1_000)
        if not 1 <= count <= MAX_COUNT or not 1 <= each <= MAX_OPERATIONS:
            raise BadValueError(f"count ≤ {MAX_COUNT}, per_transaction ≤ {MAX_OPERATIONS}")
        if not each <= per_ledger <= 100_000:
            raise BadValueError("per_ledger is between per_transaction and 100000")
        memos = values.get("memos") or [str(values.get("memo") or "bulk:{n}")]
        if not isinstance(memos, list) or any(len(str(m).encode()) > 20 for m in memos):
            raise BadValueError("memos is a list of texts of at most 20 bytes; {n} is replaced")
        crowd = self._accounts.get(CROWD.public_key)
        return {
            "count": count,
            "per_transaction": each,
            "per_ledger": per_ledger,
            "to": self.account(address(values, "to", network.RECEIVING.public_key))["id"],
            "asset": asset(values),
            "amount": stroops({"amount": "1", **values}, "amount"),
            "memos": memos,
            "sequence": crowd["sequence"] if crowd is not None else network.FIRST_LEDGER << 32,
            "max_time": int(time.time()) + BATCH_SECONDS,
        }

    def _credit(self, change: Change, to: str, code: str, total: int, ledger: int) -> None:
        row = {**self.account(to), "ledger": ledger}
        if code == "native":
            change.put("accounts", to, {**row, "balance": row["balance"] + total})
            return
        line = row["lines"].get(code) or genesis.line(0, 0)
        line = {**line, "balance": line["balance"] + total, "ledger": ledger}
        change.put("accounts", to, with_line(row, code, line))


def with_line(row: Row, code: str, line: Row) -> Row:
    """The account with one trustline changed."""
    return {**row, "lines": {**row["lines"], code: line}}
