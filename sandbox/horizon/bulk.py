"""Very many incoming payments at once, for benches of catching up.

A batch is one row of the books; its transactions and operations are made when they are asked for.
They are as real as the others: true envelopes, signed, with their true hashes and ids.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from hashlib import sha256

from stellar_sdk import Keypair

from sandbox.horizon.network import BASE_FEE, NETWORK_ID, asset_of, keypair
from sandbox.horizon.records import toid
from sandbox.horizon.results import Outcome
from sandbox.journal import Journal, Row

CROWD = keypair("crowd")
MAX_COUNT = 1_000_000
MAX_OPERATIONS = 100


def packed_text(text: str) -> bytes:
    """A memo's text in XDR."""
    raw = text.encode()
    return struct.pack(">II", 1, len(raw)) + raw + b"\0" * (-len(raw) % 4)


class Batch:
    """One row of the table `bulk`, and everything that follows from it."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self._head = struct.pack(">I", 0) + CROWD.raw_public_key()
        asset = asset_of(row["asset"]).to_xdr_object().to_xdr_bytes()
        to = struct.pack(">I", 0) + Keypair.from_public_key(row["to"]).raw_public_key()
        self._operation = struct.pack(">II", 0, 1) + to + asset + struct.pack(">q", row["amount"])
        self._bounds = struct.pack(">IQQ", 1, 0, row["max_time"])

    @property
    def transactions(self) -> int:
        """How many, the last one with what is left."""
        return int(-(-self.row["count"] // self.row["per_transaction"]))

    @property
    def ledgers(self) -> int:
        return -(-self.transactions // self.per_ledger)

    @property
    def per_ledger(self) -> int:
        """Transactions in each ledger."""
        return max(1, int(self.row["per_ledger"] // self.row["per_transaction"]))

    def operations(self, number: int) -> int:
        """How many the transaction has; the first has number 0."""
        done = number * self.row["per_transaction"]
        return int(min(self.row["per_transaction"], self.row["count"] - done))

    def id(self, number: int) -> int:
        ledger, order = divmod(number, self.per_ledger)
        return toid(self.row["first"] + ledger, order + 1)

    def number(self, identity: int) -> int:
        """The transaction that an id is of, or is in."""
        ledger, order = identity >> 32, identity >> 12 & 0xFFFFF
        return int((ledger - self.row["first"]) * self.per_ledger + order - 1)

    def memo(self, number: int) -> str:
        memos = self.row["memos"]
        return str(memos[number % len(memos)]).replace("{n}", str(number))

    def _body(self, number: int) -> bytes:
        count = self.operations(number)
        return (
            self._head
            + struct.pack(">Iq", BASE_FEE * count, self.row["sequence"] + number + 1)
            + self._bounds
            + packed_text(self.memo(number))
            + struct.pack(">I", count)
            + self._operation * count
            + struct.pack(">I", 0)
        )

    def digest(self, number: int) -> bytes:
        return sha256(NETWORK_ID + struct.pack(">I", 2) + self._body(number)).digest()

    def ids(self) -> Iterator[tuple[int, int, bytes]]:
        """(id, operations, hash) of every transaction, in order."""
        for number in range(self.transactions):
            yield self.id(number), self.operations(number), self.digest(number)

    @property
    def people(self) -> list[str]:
        return [CROWD.public_key, self.row["to"]]

    def transaction(self, number: int) -> Row:
        """As `records.transaction` would have made it."""
        digest, count, memo = self.digest(number), self.operations(number), self.memo(number)
        signature = CROWD.sign(digest)
        envelope = (
            struct.pack(">I", 2) + self._body(number) + struct.pack(">I", 1)
            + CROWD.signature_hint() + struct.pack(">I", len(signature)) + signature
        )  # fmt: skip
        identity = self.id(number)
        return {
            "hash": digest.hex(),
            "inner_hash": None,
            "id": identity,
            "ledger": identity >> 32,
            "closed_ms": self.row["closed_ms"],
            "ok": True,
            "codes": {"transaction": "tx_success"},
            "xdr": base64.b64encode(envelope).decode(),
            "result": self._result(count),
            "fee": BASE_FEE * count,
            "max_fee": BASE_FEE * count,
            "inner_max_fee": BASE_FEE * count,
            "source": CROWD.public_key,
            "muxed": None,
            "fee_source": CROWD.public_key,
            "sequence": self.row["sequence"] + number + 1,
            "count": count,
            "min_time": 0,
            "max_time": self.row["max_time"],
            "signatures": [base64.b64encode(signature).decode()],
            "inner_signatures": [],
            "people": self.people,
            "memo_type": "text",
            "memo": memo,
            "memo_bytes": base64.b64encode(memo.encode()).decode(),
        }

    @staticmethod
    def _result(count: int) -> str:
        known = RESULTS.get(count)
        if known is None:
            ops = [("payment", "op_success", 0)] * count
            known = RESULTS[count] = Outcome("tx_success", ops, BASE_FEE * count).to_xdr()
        return known

    def operation(self, identity: int) -> Row:
        """As `records.operation` would have made it."""
        return {
            "id": identity,
            "tx": self.digest(self.number(identity)).hex(),
            "ok": True,
            "ledger": identity >> 32,
            "closed_ms": self.row["closed_ms"],
            "kind": "payment",
            "source": CROWD.public_key,
            "muxed": None,
            "people": self.people,
            "to": self.row["to"],
            "to_muxed": None,
            "asset": self.row["asset"],
            "amount": self.row["amount"],
        }


RESULTS: dict[int, str] = {}


class Bulk:
    """Every batch, by ledger and by hash."""

    def __init__(self, journal: Journal) -> None:
        self._by_ledger: dict[int, Batch] = {}
        self._by_hash: dict[bytes, tuple[Batch, int]] = {}
        self.count = 0
        journal.watch("bulk", self._seen)

    def _seen(self, _key: str, row: Row | None) -> None:
        if row is None:
            self._by_ledger.clear()
            self._by_hash.clear()
            self.count = 0
            return
        batch = Batch(row)
        self.count += row["count"]
        for ledger in range(row["first"], row["first"] + batch.ledgers):
            self._by_ledger[ledger] = batch
        for number, (_, _, digest) in enumerate(batch.ids()):
            self._by_hash[digest] = (batch, number)

    def batch(self, identity: int) -> Batch | None:
        """The batch that an id belongs to."""
        return self._by_ledger.get(identity >> 32)

    def transaction(self, digest: str) -> Row | None:
        """By hash."""
        try:
            found = self._by_hash.get(bytes.fromhex(digest))
        except ValueError:
            return None
        return None if found is None else found[0].transaction(found[1])
