"""What has been applied, found by hash and by whom it concerns, in the order of its ids."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict

from sandbox.horizon.bulk import Batch, Bulk
from sandbox.horizon.records import PAYMENTS
from sandbox.journal import Journal, Row

EVERYBODY = ""


class History:
    """Follows the tables `transactions`, `operations` and `bulk`."""

    def __init__(self, journal: Journal) -> None:
        self.bulk = Bulk(journal)
        self._transactions = journal.table("transactions")
        self._operations = journal.table("operations")
        self._forget()
        journal.watch("transactions", self._transaction)
        journal.watch("operations", self._operation)
        journal.watch("bulk", self._batch)

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

    def _batch(self, _key: str, row: Row | None) -> None:
        if row is None:
            return
        batch = Batch(row)
        for first, count, _ in batch.ids():
            self.listed("transactions", first, batch.people)
            for identity in range(first + 1, first + count + 1):
                self.listed("operations", identity, batch.people)
                self.listed("payments", identity, batch.people)

    def listed(self, kind: str, identity: int, people: list[str]) -> None:
        """Add an id to the lists of everybody whom it concerns."""
        for who in (EVERYBODY, *people):
            ids = self._ids[kind, who]
            if ids and ids[-1] > identity:
                insort(ids, identity)  # compacted books tell one table after the other
            else:
                ids.append(identity)

    def transaction(self, digest: str) -> Row | None:
        """By outer or inner hash."""
        key = self._hashes.get(digest)
        return self.bulk.transaction(digest) if key is None else self._transactions[key]

    def by_id(self, identity: int) -> Row:
        """The transaction with this id."""
        batch = self.bulk.batch(identity)
        if batch is not None:
            return batch.transaction(batch.number(identity))
        return self._transactions[self._by_id[identity]]

    def operation(self, identity: int) -> Row:
        batch = self.bulk.batch(identity)
        return batch.operation(identity) if batch is not None else self._operations[str(identity)]

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
