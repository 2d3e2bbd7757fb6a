"""The books in the words of a test or of the control page. Amounts are decimal strings."""

from __future__ import annotations

from collections import Counter

from sandbox.horizon import network
from sandbox.horizon.api import Api
from sandbox.horizon.bulk import CROWD
from sandbox.horizon.faults import MAGIC_PAYEES
from sandbox.horizon.network import keypair, shown
from sandbox.horizon.parts import Parts
from sandbox.journal import Row


def names() -> dict[str, str]:
    """G… -> who that is."""
    known = {
        network.TREASURY.public_key: "treasury",
        network.RECEIVING.public_key: "receiving",
        network.ISSUER.public_key: "issuer",
        network.IMPOSTOR.public_key: "impostor",
        network.WALLET.public_key: "wallet",
        CROWD.public_key: "crowd",
    }
    for number in range(2, network.WALLETS + 1):
        known[network.wallet(number).public_key] = f"wallet {number}"
    for number in range(1, network.CHANNELS + 1):
        known[network.channel(number).public_key] = f"channel {number}"
    for name in [*network.PAYEES, *MAGIC_PAYEES]:
        known[keypair(name).public_key] = name
    return known


class Report:
    """Reads only."""

    def __init__(self, parts: Parts, api: Api) -> None:
        self._parts = parts
        self._table = parts.journal.table
        self._api = api
        self.names = names()

    def balances(self, row: Row) -> Row:
        """`{native: "1.0000000", "USDC:G…": …}`."""
        lines = {code: shown(line["balance"]) for code, line in row["lines"].items()}
        return {"native": shown(row["balance"]), **lines}

    def account(self, row: Row) -> Row:
        """As core has it, whatever Horizon knows."""
        return {
            "name": self.names.get(row["id"], ""),
            "sequence": row["sequence"],
            "balances": self.balances(row),
        }

    def received(self) -> dict[str, dict[str, str]]:
        """What each account has been paid in successful operations, by asset, and how often."""
        sums: dict[str, Counter[str]] = {}
        for row in self._table("operations").values():
            if row["ok"] and row["kind"] == "payment":
                sums.setdefault(row["to"], Counter())[row["asset"]] += row["amount"]
        return {
            who: {asset: shown(amount) for asset, amount in paid.items()}
            for who, paid in sums.items()
        }

    def times_paid(self) -> dict[str, int]:
        """How often each account has been paid."""
        rows = self._table("operations").values()
        return Counter(row["to"] for row in rows if row["ok"] and row["kind"] == "payment")

    def totals(self) -> Row:
        """The few numbers to poll."""
        counts, view = self._api.counts, self._parts.view
        rows = self._table("transactions").values()
        good = sum(row["ok"] for row in rows)
        return {
            "latest_ledger": self._parts.ledgers.latest(),
            "ingested_ledger": view.ingested(),
            "elder_ledger": view.elder(),
            "accounts": len(self._table("accounts")),
            "transactions": len(rows),
            "successful": good,
            "failed": len(rows) - good,
            "operations": len(self._table("operations")),
            "bulk_operations": self._parts.history.bulk.count,
            "pending": len(self._table("pending")),
            "elsewhere": len(self._table("elsewhere")),
            "banned": len(self._table("bans")),
            "calls": dict(self._api.calls),
            "requests": counts["requests"],
            "rate_limited": counts["rate_limited"],
            "faults_fired": counts["faults"],
        }

    def books(self) -> Row:
        """Everything, to assert on."""
        return {
            "accounts": {
                key: self.account(row)
                for key, row in self._table("accounts").items()
                if not row.get("gone")
            },
            "transactions": list(self._table("transactions").values()),
            "operations": [
                {**row, "amount": shown(row["amount"])} if "amount" in row else row
                for row in self._table("operations").values()
            ],
            "pending": list(self._table("pending").values()),
            "elsewhere": list(self._table("elsewhere").values()),
            "bans": self._table("bans"),
            "clock": self._parts.clock.now(),
            "totals": {
                **self.totals(),
                "received": self.received(),
                "times_paid": self.times_paid(),
            },
        }

    def deliveries(self, limit: int) -> list[Row]:
        """Horizon sends no webhooks."""
        return []
