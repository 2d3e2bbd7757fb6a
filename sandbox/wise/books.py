"""The books: balances and their ledger, transfers, payments, recipients, quotes.

Every function adds to a `Change` and moves nothing until the journal commits it; check and commit
happen without an await in between. A change moves each balance at most once.
"""

from __future__ import annotations

from decimal import Decimal

from sandbox.clock import Clock
from sandbox.columns import Column
from sandbox.journal import Change, Journal, Row
from sandbox.wise import errors, money
from sandbox.wise.settings import BUSINESS, PERSONAL, PROFILES

OPENING = {
    (BUSINESS, "USD"): (200001, "1000000.00"),
    (BUSINESS, "EUR"): (200002, "1000000.00"),
    (BUSINESS, "GBP"): (200003, "500000.00"),
    (PERSONAL, "EUR"): (200004, "0.00"),
}
FIRST_ID = {"recipients": 701058983, "transfers": 2148014126, "ledger": 6492246}


class Ids:
    """Ascending numbers, also across restarts and resets."""

    def __init__(self, journal: Journal, table: str) -> None:
        self._last = FIRST_ID[table]
        journal.watch(table, self._seen)

    def _seen(self, key: str, row: Row | None) -> None:
        self._last = max(self._last, int(key))

    def take(self) -> int:
        self._last += 1
        return self._last


class Books:
    """Reads and movements."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self.recipient_ids = Ids(journal, "recipients")
        self.transfer_ids = Ids(journal, "transfers")
        self.ledger_ids = Ids(journal, "ledger")
        self.transfers = Column(journal, "transfers", ("profile", "recipient"))
        self.recipients = Column(journal, "recipients", ("profile",))
        self.ledger = Column(journal, "ledger", ("balance", "transfer"))

    def table(self, name: str) -> dict[str, Row]:
        return self._journal.table(name)

    def profile(self, given: str, path: str) -> int:
        """A known profile. Raises WiseError 400 or 404."""
        try:
            profile = int(given)
        except ValueError:
            raise errors.generic(400, f"Invalid profile id {given!r}", path) from None
        if profile not in PROFILES:
            raise errors.generic(404, f"Profile {profile} not found", path)
        return profile

    # Balances

    def balances(self, profile: int) -> list[Row]:
        """`{id, profile, currency, amount}` of each balance."""
        rows = {
            currency: {"id": key, "profile": owner, "currency": currency, "amount": amount}
            for (owner, currency), (key, amount) in OPENING.items()
            if owner == profile
        }
        for row in self.table("balances").values():
            if row["profile"] == profile:
                rows[row["currency"]] = row
        return list(rows.values())

    def balance(self, profile: int, currency: str) -> Row | None:
        """The balance in a currency, if there is one."""
        found = [row for row in self.balances(profile) if row["currency"] == currency]
        return found[0] if found else None

    def move(
        self, change: Change, balance: Row, amount: Decimal, kind: str, *,
        transfer: int | None = None, at: int | None = None,
    ) -> Row:  # fmt: skip
        """Add a signed amount to a balance; returns the ledger's line."""
        running = Decimal(balance["amount"]) + amount
        line: Row = {
            "id": self.ledger_ids.take(),
            "balance": balance["id"],
            "profile": balance["profile"],
            "currency": balance["currency"],
            "kind": kind,
            "amount": str(amount),
            "running": str(running),
            "transfer": transfer,
            "at": self._clock.now_ms() if at is None else at,
        }
        change.put("ledger", str(line["id"]), line)
        change.put("balances", str(balance["id"]), {**balance, "amount": str(running)})
        return line

    # Rates

    def rate(self, source: str, target: str) -> Decimal:
        """What a quote made now would fix. Raises WiseError for an unknown currency."""
        saved = self.table("rates").get(f"{source}{target}")
        if saved is not None:
            return Decimal(saved["rate"])
        try:
            return money.base_rate(source, target)
        except KeyError as unknown:
            raise errors.listed(
                422, errors.item("CurrencyCode", f"Unsupported currency {unknown}", "currency")
            ) from None

    # Transfers

    def transfer(self, given: str | int, path: str) -> Row:
        """Raises WiseError 404."""
        row = self.table("transfers").get(str(given))
        if row is None:
            raise errors.generic(404, f"Transfer {given} not found", path)
        return row

    def by_ctid(self, profile: int, ctid: str) -> Row | None:
        """The one transfer of a profile with this customerTransactionId."""
        entry = self.table("ctids").get(f"{profile}:{ctid}")
        return None if entry is None else self.table("transfers")[str(entry["transfer"])]

    def payment(self, transfer: Row) -> Row | None:
        """The one payment of a transfer, completed or not."""
        return self.table("payments").get(str(transfer["id"]))

    def save(self, table: str, key: str, row: Row) -> None:
        """Write one row by itself, apart from what the call does."""
        change = Change()
        change.put(table, key, row)
        self._journal.commit(change)

    def count(self, name: str) -> None:
        """Count something that went wrong between client and rail; survives a crash."""
        before = int(self.table("counts").get(name, {}).get("count", 0))
        self.save("counts", name, {"count": before + 1})

    def counted(self, name: str) -> int:
        return int(self.table("counts").get(name, {}).get("count", 0))
