"""Accounts while transactions are applied: a layer over the books that is kept or thrown away.

An account is `{id, balance, sequence, lines: {asset: {balance, limit, authorized, ledger}}, data, ledger,
closed_ms, sequence_ledger, sequence_ms}`, amounts in stroops. Rows are never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.horizon.network import BASE_RESERVE, MAX_STROOPS
from sandbox.journal import Row


def account(identity: str, balance: int, ledger: int, *, closed_ms: int = 0) -> Row:
    """A new one. Its first sequence number is its ledger's, shifted."""
    return {
        "id": identity,
        "balance": balance,
        "sequence": ledger << 32,
        "lines": {},
        "data": {},
        "ledger": ledger,
        "sequence_ledger": ledger,
        "sequence_ms": closed_ms,
        "closed_ms": closed_ms,
    }


def subentries(row: Row) -> int:
    """Trustlines and data entries."""
    return len(row["lines"]) + len(row["data"])


def reserve(row: Row) -> int:
    """What must stay in the account."""
    return (2 + subentries(row)) * BASE_RESERVE


class State:
    """A layer of changed accounts. One that was merged away stays as `{id, gone, ledger}`."""

    def __init__(self, below: Mapping[str, Row] | State, ledger: int, closed_ms: int) -> None:
        self._below = below
        self.ledger = ledger
        self.closed_ms = closed_ms
        self.changed: dict[str, Row] = {}

    def get(self, identity: str) -> Row | None:
        row = self.changed.get(identity) or self._below.get(identity)
        return None if row is None or row.get("gone") else row

    def have(self, identity: str) -> Row:
        """One that is known to exist."""
        row = self.get(identity)
        assert row is not None, f"{identity} has been checked before"
        return row

    def save(self, row: Row, **values: Any) -> Row:
        """The account with some values changed."""
        fresh = {**row, **values, "ledger": self.ledger, "closed_ms": self.closed_ms}
        self.changed[row["id"]] = fresh
        return fresh

    def remove(self, identity: str) -> None:
        self.changed[identity] = {"id": identity, "gone": True, "ledger": self.ledger}

    def layer(self) -> State:
        """One more layer on top."""
        return State(self, self.ledger, self.closed_ms)

    def keep(self, upper: State) -> None:
        """Take over what the layer above has changed."""
        self.changed.update(upper.changed)

    # Money

    def add_native(self, identity: str, stroops: int) -> bool:
        """False: the account would fall below its reserve, or overflow."""
        row = self.have(identity)
        after = row["balance"] + stroops
        if after > MAX_STROOPS or (stroops < 0 and after < reserve(row)):
            return False
        self.save(row, balance=after)
        return True

    def charge(self, identity: str, fee: int) -> int:
        """Take a fee, the reserve does not protect from it; returns what was there to take."""
        row = self.have(identity)
        taken: int = min(fee, row["balance"])
        self.save(row, balance=row["balance"] - taken)
        return taken

    def set_line(self, identity: str, asset: str, **values: Any) -> None:
        """Change or add a trustline."""
        row = self.have(identity)
        line = {**row["lines"].get(asset, {}), **values, "ledger": self.ledger}
        self.save(row, lines={**row["lines"], asset: line})
