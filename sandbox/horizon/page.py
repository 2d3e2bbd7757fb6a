"""Horizon's control page: ledgers, transactions, accounts, and every bad day."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

from sandbox import widgets
from sandbox.head import Head
from sandbox.horizon import network
from sandbox.horizon.faults import CATALOGUE, MAGIC
from sandbox.horizon.network import shown
from sandbox.horizon.rail import HorizonRail
from sandbox.horizon.words import Words, amount, short
from sandbox.journal import Row
from sandbox.widgets import NOTHING, button, chip, moment, table

HERE = Path(__file__).resolve().parent
ROWS = 25
HEAD = Head(
    "Sandbox Horizon",
    "A Stellar network of its own. No real money, every bad day.",
    "Network passphrase",
)
DOOR = "horizon/"


class HorizonPage:
    """Renders `/horizon`. Nothing here changes anything, every button posts to /_sandbox/horizon/…."""

    path = "/horizon"
    title = "Horizon"

    def __init__(self, rail: HorizonRail) -> None:
        self._words = Words(rail)
        self._parts = rail.parts
        self._table = rail.parts.journal.table
        self._report = rail.control.report
        self._page = Template((HERE / "page.html").read_text(encoding="utf-8"))

    def render(self, query: dict[str, str], nav: str) -> bytes:
        """The page."""
        parts = self._parts
        parts.schedule.run_due()
        fields = {
            "head": HEAD.html(nav, parts.clock, network.PASSPHRASE),
            "problem": widgets.problem_bar(query.get("problem", "")),
            "cards": self._cards(),
            "transactions": self._transactions(),
            "queue": self._queue(),
            "faults": widgets.armed(
                parts.faults, DOOR, "Nothing is armed: only the payees below bite."
            ),
            "catalogue": self._catalogue(),
            "accounts": self._accounts(),
            "ledgers": self._ledgers(),
            "knobs": widgets.knobs(DOOR, parts.settings.as_dict()),
            "start_over": widgets.start_over(
                DOOR,
                "A new network with its first accounts: no transactions, no faults, default knobs.",
            ),
            "switches": self._switches(),
        }
        return self._page.substitute(fields).encode()

    def _cards(self) -> str:
        totals = self._report.totals()
        receiving = self._table("accounts")[network.RECEIVING.public_key]
        usdc = receiving["lines"].get(network.code_of(network.USDC), {"balance": 0})
        behind = totals["latest_ledger"] - totals["ingested_ledger"]
        elder = totals["elder_ledger"]
        return widgets.cards(
            [
                ("Latest ledger", f"{totals['latest_ledger']:,}",
                 f"next: {self._words.next_ledger()}", ""),
                ("Ingested by Horizon", f"{totals['ingested_ledger']:,}",
                 f"{behind} behind" if behind else "level with the network",
                 "warn" if behind else "good"),
                ("History begins at", f"{elder:,}", "whole" if elder == 1 else "older records are gone",
                 "" if elder == 1 else "warn"),
                ("Transactions", f"{totals['transactions']:,}",
                 f"{totals['successful']:,} good, {totals['failed']:,} failed; "
                 f"{totals['bulk_operations']:,} in bulk", ""),
                ("Waiting", str(totals["pending"]),
                 f"{totals['elsewhere']} elsewhere, {totals['banned']} banned", ""),
                ("Receiving account", amount(receiving["balance"], "native"),
                 f"and {shown(usdc['balance'])} USDC", ""),
            ]
        )  # fmt: skip

    def _latest(self, name: str) -> list[Row]:
        rows = self._table(name)
        return [rows[key] for key, _ in zip(reversed(rows), range(ROWS), strict=False)]

    def _transactions(self) -> str:
        rows = []
        for row in self._latest("transactions"):
            codes = row["codes"]
            bad = [code for code in codes.get("operations", []) if code != "op_success"]
            state = chip("applied", "emerald") if row["ok"] else chip("failed", "red")
            why = (
                ""
                if row["ok"]
                else f"<br><small>{escape(', '.join(bad) or codes['transaction'])}</small>"
            )
            rows.append(
                [
                    moment(row["closed_ms"] // 1000),
                    f"{row['ledger']:,}",
                    self._words.who(row["source"]),
                    self._words.payments(row["xdr"]),
                    self._words.memo(row["xdr"]),
                    state + why,
                    short(row["hash"]),
                ]
            )
        head = ["Closed", "Ledger", "From", "What", "Memo", "State", "Hash"]
        return table(head, rows, "No transaction has been applied yet.")

    def _queue(self) -> str:
        rows = []
        for row in self._latest("pending"):
            held = row["not_before"] > self._parts.ledgers.latest() + 1
            state = chip("held back" if held else "queued", "amber")
            rows.append([state, self._words.payments(row["xdr"]), self._words.memo(row["xdr"]),
                         f"{row['age']} of 4 ledgers", short(row["hash"])])  # fmt: skip
        for key, row in self._table("elsewhere").items():
            rows.append([chip("on another node", "grey"), self._words.payments(row["xdr"]),
                         self._words.memo(row["xdr"]), moment(row["at_ms"] // 1000), short(key)])  # fmt: skip
        for key, row in self._table("bans").items():
            if key not in self._table("elsewhere"):
                rows.append([chip("banned", "red"), NOTHING, NOTHING,
                             f"until ledger {row['until']:,}", short(key)])  # fmt: skip
        head = ["State", "What", "Memo", "Waits", "Hash"]
        return table(head, rows, "Nothing is waiting.")

    def _catalogue(self) -> str:
        payees = {fault: address for address, fault in MAGIC.items()}
        rows = []
        for fault in CATALOGUE.values():
            if fault.name == "error":
                continue
            rows.append(
                [
                    f"<strong>{escape(fault.title)}</strong>",
                    escape(fault.story),
                    f"<code>{payees.get(fault.name, NOTHING)}</code>",
                    f'<button type="submit" name="fault" value="{escape(fault.name)}">Arm</button>',
                ]
            )
        return table(["Bad day", "What happens", "Pay this address", ""], rows, "")

    def _accounts(self) -> str:
        """Everybody but those that are named for a bad day; the channels folded away."""
        rows: list[list[str]] = []
        channels: list[list[str]] = []
        for address, name in {
            **dict.fromkeys(self._table("accounts"), ""),
            **self._report.names,
        }.items():
            if address not in MAGIC:
                to = channels if name.startswith("channel") else rows
                to += self._account(address, name)
        head = ["Name", "Address", "Balances", "Sequence"]
        return (
            table(head, rows, "There are no accounts.")
            + "<details><summary>Channel accounts</summary>"
            + table(head, channels, "There are none.")
            + "</details>"
        )

    def _account(self, address: str, name: str) -> list[list[str]]:
        row = self._table("accounts").get(address)
        exists = row is not None and not row.get("gone")
        if not exists and name not in network.PAYEES:
            return []
        note = network.PAYEES.get(name, "")
        title = f"<strong>{escape(name or 'unnamed')}</strong>"
        return [
            [
                f"{title}<br><small>{escape(note)}</small>" if note else title,
                f"<code>{address}</code>",
                "<br>".join(self._words.held(row)) if row is not None and exists else NOTHING,
                str(row["sequence"]) if row is not None and exists else NOTHING,
            ]
        ]

    def _ledgers(self) -> str:
        rows = [
            [f"{row['sequence']:,}", moment(row["closed_ms"] // 1000), str(row["good"]),
             str(row["bad"]), str(row["ops"])]
            for row in self._latest("ledgers")[:10]
            if row["ops"] or row["sequence"] > 1
        ]  # fmt: skip
        head = ["Ledger", "Closed", "Good transactions", "Failed", "Operations"]
        return table(head, rows, "Only empty ledgers so far.")

    def _switches(self) -> str:
        knobs = self._parts.settings.knobs
        ingestion = button(f"{DOOR}ingestion/stop", "Stop ingestion")
        if self._parts.view.lags:
            ingestion = button(f"{DOOR}ingestion/resume", "Resume ingestion", style="primary")
        return "".join(
            [
                ingestion,
                button(f"{DOOR}history/cut", "Cut history here"),
                widgets.switch(DOOR, "wrong_network", on=knobs.wrong_network,
                               off_label="Right network again", on_label="Report wrong network"),
                widgets.switch(DOOR, "down", on=knobs.down,
                               off_label="Horizon up again", on_label="Horizon down"),
                widgets.switch(DOOR, "close_on_submit", on=knobs.close_on_submit,
                               off_label="Ledgers by the clock", on_label="A ledger per submission"),
            ]
        )  # fmt: skip
