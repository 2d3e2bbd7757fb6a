"""The customer's wallet as a page, filled in by a link of the pay page."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

from sandbox import widgets
from sandbox.head import Head
from sandbox.horizon import network
from sandbox.horizon.purse import WALLETS
from sandbox.horizon.rail import HorizonRail
from sandbox.horizon.tricks import TRICKS
from sandbox.horizon.words import Words
from sandbox.widgets import NOTHING, chip, moment, table

HERE = Path(__file__).resolve().parent
ROWS = 25
HEAD = Head(
    "Customer's wallet",
    "Pays a checkout session on the sandbox's Stellar network, well or badly.",
    "Next ledger",
)
STATES = {"applied": "emerald", "failed": "red", "waiting": "amber", "later": "grey"}


class WalletPage:
    """Renders `/wallet`, filled in by a link: `?destination=…&memo=…&amount=…&asset=…` (or SEP-7's names)."""

    path = "/wallet"
    title = "Wallet"

    def __init__(self, rail: HorizonRail) -> None:
        self._words = Words(rail)
        self._parts = rail.parts
        self._purse = rail.control.purse
        self._page = Template((HERE / "wallet.html").read_text(encoding="utf-8"))

    def render(self, query: dict[str, str], nav: str) -> bytes:
        """The page."""
        parts = self._parts
        parts.schedule.run_due()
        asset = query.get("asset") or query.get("asset_code") or "native"
        if query.get("asset_issuer") and ":" not in asset:
            asset = f"{asset}:{query['asset_issuer']}"
        codes = ["native", *(network.code_of(known) for known in network.ASSETS)]
        fields = {
            "head": HEAD.html(nav, parts.clock, self._words.next_ledger()),
            "problem": widgets.problem_bar(query.get("problem", "")),
            "destination": escape(query.get("destination") or network.RECEIVING.public_key),
            "memo": escape(query.get("memo", "")),
            "amount": escape(query.get("amount", "")),
            "asset": escape(asset),
            "assets": "".join(f'<option value="{escape(code)}"></option>' for code in codes),
            "seconds": escape(query.get("seconds", "60")),
            "others": escape(query.get("others", "")),
            "tricks": self._tricks(),
            "sent": self._sent(),
            "wallets": self._wallets(),
        }
        return self._page.substitute(fields).encode()

    def _tricks(self) -> str:
        items = "".join(
            f'<li><button type="submit" name="trick" value="{name}"'
            f' class="{"primary" if name == "pay" else ""}">{escape(trick.title)}</button>'
            f"<small>{escape(trick.story)}</small></li>"
            for name, trick in TRICKS.items()
        )
        return f'<ul class="tricks">{items}</ul>'

    def _sent(self) -> str:
        rows = [
            [
                NOTHING if row["at_ms"] is None else moment(row["at_ms"] // 1000),
                self._words.who(self._parts.core.parse(row["xdr"]).source),
                self._words.payments(row["xdr"]),
                self._words.memo(row["xdr"]),
                chip(row["state"], STATES[row["state"]]),
                f"<code>{row['hash']}</code>",
            ]
            for row in self._purse.latest(ROWS)
        ]
        head = ["Closed", "From", "What", "Memo", "State", "Hash"]
        return table(head, rows, "Nothing has been paid yet.")

    def _wallets(self) -> str:
        rows = []
        for number, key in enumerate(WALLETS, start=1):
            row = self._parts.journal.table("accounts").get(key.public_key)
            if row is None or row.get("gone"):
                continue
            rows.append(
                [
                    "wallet" if number == 1 else f"wallet {number}",
                    f"<code>{key.public_key}</code>",
                    " · ".join(self._words.held(row)),
                ]
            )
        return table(["Wallet", "Address", "Balances"], rows, "The wallets are gone.")
