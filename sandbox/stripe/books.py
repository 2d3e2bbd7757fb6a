"""The books: balance, transfers, reversals, accounts, and the ledger's line for each movement.

Every function adds to a `Change` and moves nothing until the journal commits it; check and commit
happen without an await in between, so the balance can never be spent twice.
"""

from __future__ import annotations

import re
from collections import Counter

from sandbox.clock import Clock
from sandbox.columns import Column
from sandbox.journal import Change, Journal, Row
from sandbox.stripe import objects
from sandbox.stripe.errors import StripeError, balance_insufficient, no_capability, no_such
from sandbox.stripe.faults import magic_fault

# Minor units that a fresh sandbox has in each currency.
OPENING = {
    "usd": 10_000_000_000,
    "eur": 1_000_000_000,
    "gbp": 1_000_000_000,
    "cad": 1_000_000_000,
    "aud": 1_000_000_000,
    "chf": 1_000_000_000,
    "jpy": 1_000_000_000,
}
ACCOUNT = re.compile(r"acct_[A-Za-z0-9_]{1,100}")


class Totals:
    """Running sums of what has moved, for the proof that it moved once."""

    def __init__(self, journal: Journal) -> None:
        self.by_destination: dict[str, Counter[str]] = {}
        self.by_currency: Counter[str] = Counter()
        self.by_group: Counter[str] = Counter()
        self._known: set[str] = set()
        journal.watch("transfers", self._seen)

    def _seen(self, key: str, row: Row | None) -> None:
        if row is None:
            self.__dict__.update(
                by_destination={}, by_currency=Counter(), by_group=Counter(), _known=set()
            )
        elif key not in self._known:
            self._known.add(key)
            sums = self.by_destination.setdefault(row["destination"], Counter())
            sums[row["currency"]] += row["amount"]
            self.by_currency[row["currency"]] += row["amount"]
            if row["transfer_group"]:
                self.by_group[row["transfer_group"]] += 1


class Books:
    """Reads and movements. Amounts are minor units."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self.transfers = Column(journal, "transfers", ("destination", "transfer_group"))
        self.reversals = Column(journal, "reversals", ("transfer",))
        self.ledger = Column(journal, "ledger", ("source", "type"))
        self.accounts = Column(journal, "accounts", ())
        self.totals = Totals(journal)

    def table(self, name: str) -> dict[str, Row]:
        return self._journal.table(name)

    def available(self) -> dict[str, int]:
        """Per currency."""
        saved = {currency: int(row["available"]) for currency, row in self.table("balance").items()}
        return {**OPENING, **saved}

    def balance_of(self, account: str) -> dict[str, int]:
        """What a connected account has received less what was taken back."""
        held: Counter[str] = Counter()
        for key in self.transfers.where.get(("destination", account), ()):
            row = self.table("transfers")[key]
            held[row["currency"]] += row["amount"] - row["amount_reversed"]
        return dict(held)

    def move_balance(self, change: Change, currency: str, amount: int) -> None:
        """Add a signed amount."""
        left = self.available().get(currency, 0) + amount
        change.put("balance", currency, {"available": left})

    def account(self, identity: str) -> Row:
        """State of an account; every well-formed id is known unless something says otherwise."""
        saved = self.table("accounts").get(identity)
        if saved is not None:
            return saved
        fault = magic_fault(identity)
        trouble = fault.name if fault is not None and fault.permanent else None
        return {
            "id": identity,
            "country": "US",
            "created": 1_735_689_600,
            "cured": False,
            "default_currency": "usd",
            "email": f"{identity.removeprefix('acct_').lower()}@example.com",
            "metadata": {},
            "missing": trouble == "missing" or not ACCOUNT.fullmatch(identity),
            "payouts_enabled": trouble != "no_transfers",
            "transfers": "inactive" if trouble == "no_transfers" else "active",
            "trouble": trouble,
        }

    def remember(self, change: Change, account: str) -> None:
        """Keep an account that somebody has tried to pay, so that a person can cure it."""
        if ACCOUNT.fullmatch(account) and account not in self.table("accounts"):
            change.put("accounts", account, self.account(account))

    def create_transfer(self, change: Change, fields: Row) -> Row:
        """Move money to an account. Raises StripeError, stored."""
        account = self.account(fields["destination"])
        if account["missing"]:
            raise no_such("destination", fields["destination"], status=400, param="destination")
        if account["transfers"] != "active":
            raise no_capability()
        amount, currency = int(fields["amount"]), str(fields["currency"])
        held = self.available().get(currency, 0) if fields["source_type"] == "card" else 0
        if amount > held or account["trouble"] == "insufficient":
            raise balance_insufficient()
        row = objects.transfer(objects.new_id("tr"), created=self._clock.now(), fields=fields)
        line = objects.balance_transaction(row, amount=-amount, kind="transfer",
                                           category="transfer")  # fmt: skip
        change.put("transfers", row["id"], row)
        change.put("ledger", line["id"], line)
        self.move_balance(change, currency, -amount)
        return row

    def create_reversal(self, change: Change, parent: Row, fields: Row) -> tuple[Row, Row]:
        """Take money back; returns (reversal, transfer). Raises StripeError, stored."""
        left = parent["amount"] - parent["amount_reversed"]
        amount = left if fields["amount"] is None else int(fields["amount"])
        if left == 0:
            raise StripeError(
                400, f"Transfer {parent['id']} is already fully reversed.", stored=True
            )
        if amount > left:
            raise StripeError(
                400,
                f"Reversal amount ({amount}) is greater than the unreversed amount of the "
                f"transfer ({left}).",
                param="amount",
                stored=True,
            )
        if self.account(parent["destination"])["trouble"] == "spent":
            raise balance_insufficient()
        row = objects.reversal(parent, amount=amount, created=self._clock.now(), fields=fields)
        line = objects.balance_transaction(row, amount=amount, kind="transfer_refund",
                                           category="transfer_reversal")  # fmt: skip
        embedded = parent["reversals"]
        whole = parent["amount_reversed"] + amount
        updated = {
            **parent,
            "amount_reversed": whole,
            "reversed": whole == parent["amount"],
            "reversals": {
                **embedded,
                "data": [row, *embedded["data"]][:10],
                "has_more": embedded["total_count"] >= 10,
                "total_count": embedded["total_count"] + 1,
            },
        }
        change.put("reversals", row["id"], row)
        change.put("ledger", line["id"], line)
        change.put("transfers", parent["id"], updated)
        self.move_balance(change, parent["currency"], amount)
        return row, updated
