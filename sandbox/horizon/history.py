"""What has been applied, found by hash and by whom it concerns, in the order of its ids."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict

from sandbox.horizon.records import PAYMENTS
from sandbox.journal import Journal, Row

EVERYBODY = ""


class History:
    """Follows the tables `transactions` and `operations`."""

    def __init__(self, journal: Journal) -> None:
        self._transactions = journal.table("transactions")
        self._operations = journal.table("operations")
        self._forget()
        journal.watch("transactions", self._transaction)
        journal.watch("operations", self._operation)

    def _forget(self) -> None:
        self._hashes: dict[str, str] = {}
        self._by_id: dict[int, str] = {}
        self._ids: dict[tuple[str, str], list[int]] = defaultdict(list)

    def _transaction(self, key: str, row: Row | None) -> None:
        if row is None:
            self._forget()
            return
        self._by_id[row["id"]] = key
        self._hashes[key] = key
        if row["inner_hash"]:
            self._hashes[row["inner_hash"]] = key
        self.listed("transactions", row["id"], row["people"])

    def _operation(self, _key: str, row: Row | None) -> None:
        if row is None:
            return
        self.listed("operations", row["id"], row["people"])
        if row["kind"] in PAYMENTS:
            self.listed("payments", row["id"], row["people"])

    def listed(self, kind: str, identity: int, people: list[str]) -> None:
        """Append an id to the lists of everybody whom it concerns."""
        for who in (EVERYBODY, *people):
            self._ids[kind, who].append(identity)

    def transaction(self, digest: str) -> Row | None:
        """By outer or inner hash."""
        key = self._hashes.get(digest)
        return None if key is None else self._transactions[key]

    def by_id(self, identity: int) -> Row:
        """The transaction with this id."""
        return self._transactions[self._by_id[identity]]

    def operation(self, identity: int) -> Row:
        return self._operations[str(identity)]

    def of(self, transaction: Row, kind: str) -> list[Row]:
        """The operations, or payments, of one transaction."""
        first = transaction["id"]
        rows = [self.operation(first + number) for number in range(1, transaction["count"] + 1)]
        return [row for row in rows if kind == "operations" or row["kind"] in PAYMENTS]

    def between(self, kind: str, who: str, low: int, high: int) -> tuple[list[int], int, int]:
        """A list of ids, and the places from `low` (not included) to `high` (not included)."""
        ids = self._ids.get((kind, who), [])
        return ids, bisect_right(ids, low), bisect_left(ids, high)

    def concerns(self, who: str) -> bool:
        """Whether the account appears anywhere."""
        return ("transactions", who) in self._ids
