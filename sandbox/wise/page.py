"""Wise's control page: every transfer with the steps it can take next, and every bad day."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from pathlib import Path
from string import Template

from sandbox import widgets
from sandbox.head import Head
from sandbox.journal import Row
from sandbox.widgets import NOTHING, button, chip, moment, table
from sandbox.wise import states
from sandbox.wise.faults import CATALOGUE, TRAITS, WORDS, words_of
from sandbox.wise.rail import WiseRail
from sandbox.wise.settings import BUSINESS

HERE = Path(__file__).resolve().parent
ROWS = 25
HEAD = Head(
    "Sandbox Wise", "A stand-in with its own books. No real money, every bad day.", "Webhooks go to"
)
DOOR = "wise/"
COLOURS = {
    states.WAITING: "grey",
    states.PROCESSING: "amber",
    states.CONVERTED: "amber",
    states.SENT: "emerald",
    states.BOUNCED: "red",
    states.REFUNDED: "red",
    states.CHARGED_BACK: "red",
}
NEXT = {
    states.PROCESSING: (states.CONVERTED, states.CANCELLED),
    states.CONVERTED: (states.SENT,),
    states.SENT: (states.PROCESSING,),
    states.BOUNCED: (states.SENT,),
    states.REFUNDED: (states.BOUNCED,),
    states.WAITING: (states.CANCELLED,),
}


def money(amount: str, currency: str) -> str:
    """`1,234.50 EUR`."""
    return f'<span class="amount">{Decimal(amount):,} {escape(currency)}</span>'


def label(state: str) -> str:
    """`Funds converted`, for a button."""
    return state.replace("_", " ").capitalize()


class WisePage:
    """Renders `/wise`. Nothing here changes anything, every button posts to /_sandbox/wise/…."""

    path = "/wise"
    title = "Wise"

    def __init__(self, rail: WiseRail) -> None:
        self._rail = rail
        self._parts = rail.parts
        self._table = rail.parts.journal.table
        self._page = Template((HERE / "page.html").read_text(encoding="utf-8"))

    def render(self, query: dict[str, str], nav: str) -> bytes:
        """The page."""
        parts = self._parts
        values = parts.settings.as_dict()
        report = self._rail.control.report
        fields = {
            "head": HEAD.html(nav, parts.clock, parts.webhooks.url or "no endpoint configured"),
            "problem": widgets.problem_bar(query.get("problem", "")),
            "cards": self._cards(report.totals()),
            "faults": widgets.armed(
                parts.faults, DOOR, "Nothing is armed: only recipients' names bite."
            ),
            "transfers": self._transfers(),
            "recipients": self._recipients(),
            "challenges": self._challenges(),
            "catalogue": self._catalogue(),
            "words": self._words(),
            "webhooks": widgets.webhooks(report.deliveries(ROWS), "about", DOOR),
            "knobs": widgets.knobs(DOOR, values),
            "delivering": widgets.delivering(DOOR, flows=bool(values["webhooks_enabled"])),
            "start_over": widgets.start_over(
                DOOR, "Erases transfers, recipients, events, faults and knobs."
            ),
        }
        return self._page.substitute(fields).encode()

    def _latest(self, name: str) -> list[Row]:
        rows = self._table(name)
        return [rows[key] for key, _ in zip(reversed(rows), range(ROWS), strict=False)]

    def _cards(self, totals: Row) -> str:
        balances = " · ".join(
            f"{Decimal(row['amount']):,} {row['currency']}"
            for row in self._parts.books.balances(BUSINESS)
        )

        def sums(name: str) -> str:
            return " · ".join(f"{v} {k}" for k, v in totals[name].items()) or "nothing yet"

        twice = len(totals["paid_more_than_once"])
        conflicts = totals["ctid_conflicts"] + totals["quotes_reused"]
        return widgets.cards(
            [
                ("Business balance", balances.split(" · ")[0], balances, ""),
                ("Funded", f"{totals['funded']:,}", sums("debits"), ""),
                ("Came back", str(totals["states"].get(states.REFUNDED, 0)), sums("refunds"), ""),
                ("References paid twice", str(twice), "not counting what came back",
                 "bad" if twice else "good"),
                ("Second fundings", str(totals["fund_conflicts"]), "refused by the state", ""),
                ("Ids or quotes reused", str(conflicts), "one id for two different requests",
                 "bad" if conflicts else "good"),
            ]
        )  # fmt: skip

    def _transfers(self) -> str:
        rows = []
        for row in self._latest("transfers"):
            recipient = self._table("recipients")[str(row["recipient"])]
            payment = self._parts.books.payment(row)
            taken = money(payment["amount"], payment["currency"]) if payment else NOTHING
            if row["refunded"] is not None:
                taken += f"<br><small>back: {escape(row['refunded'])}</small>"
            rows.append(
                [
                    moment(row["created"] // 1000),
                    f"{escape(recipient['name'])}<br><small>{escape(recipient['account'])}</small>",
                    money(row["target_value"], row["target_currency"]),
                    taken,
                    chip(row["status"], COLOURS.get(row["status"], "grey")),
                    f"<code>{row['id']}</code><br><small>{escape(self._reference(row))}</small>",
                    f'<div class="steps">{self._steps(row, paid=payment is not None)}</div>',
                ]
            )
        head = ["Created", "To", "Arrives", "Taken", "State", "Id, reference", "Next"]
        return table(head, rows, "No transfer has been made yet.")

    def _reference(self, row: Row) -> str:
        return str(row["details"].get("reference") or NOTHING)

    def _steps(self, row: Row, *, paid: bool) -> str:
        path = f"{DOOR}transfers/{row['id']}"
        found = [
            button(f"{path}/state", label(state), state=state)
            for state in NEXT.get(row["status"], ())
        ]
        if paid and row["refunded"] is None:
            if row["status"] != states.BOUNCED:
                found.append(button(f"{path}/bounce", "Bounce 3 days later", days="3"))
            found.append(button(f"{path}/refund", "Refund"))
            found.append(button(f"{path}/refund", "Refund short", percent="90"))
            found.append(button(f"{path}/state", "Charge back", state=states.CHARGED_BACK))
            found.append(button(f"{path}/payout-failure", "Payout failure"))
        return "".join(found)

    def _recipients(self) -> str:
        rows = []
        for row in self._latest("recipients"):
            words = words_of(row)
            state = "".join(chip(word, "amber") for word in words)
            path = f"{DOOR}recipients/{row['id']}"
            breaks = "".join(
                button(path, word.capitalize(), words=word)
                for word in ("LOST FUND", "INSUFFICIENT", "BOUNCE", "SHORT REFUND")
                if word not in words
            )
            active = button(path, "Deactivate", active="false") if row["active"] else ""
            rows.append(
                [
                    escape(row["name"]),
                    f"<code>{escape(row['account'])}</code> {escape(row['currency'])}",
                    (state or chip("healthy", "emerald"))
                    + ("" if row["active"] else chip("inactive", "grey")),
                    button(f"{path}/cure", "Cure", style="primary" if words else "")
                    + breaks
                    + active,
                ]
            )
        head = ["Recipient", "Account", "State", "Cure or break"]
        return table(head, rows, "Recipients appear here when they are created.")

    def _challenges(self) -> str:
        table_ = self._table("challenges")
        rows = []
        for key, _ in zip(reversed(table_), range(5), strict=False):
            row = table_[key]
            state = "used" if row["used"] else "approved" if row["approved"] else "waiting"
            approve = button(f"{DOOR}sca/{key}/approve", "Approve") if state == "waiting" else ""
            rows.append([moment(row["created"]), f"<code>{escape(key)}</code>",
                         chip(state, "amber" if state == "waiting" else "grey"), approve])  # fmt: skip
        head = ["Asked", "One-time token", "State", ""]
        return table(head, rows, "Nobody has been asked to approve anything.")

    def _catalogue(self) -> str:
        rows = []
        for fault in CATALOGUE.values():
            names = [word for word, (_, name) in WORDS.items() if name == fault.name]
            if fault.name == "error":
                continue
            rows.append(
                [
                    f"<strong>{escape(fault.title)}</strong>",
                    escape(fault.story),
                    ", ".join(f"<code>{escape(word)}</code>" for word in names),
                    f'<button type="submit" name="fault" value="{escape(fault.name)}">Arm</button>',
                ]
            )
        return table(["Bad day", "What happens", "Name begins with", ""], rows, "")

    def _words(self) -> str:
        items = "".join(
            f"<li><code>{escape(word)}</code><small>{escape(story)}</small></li>"
            for word, story in TRAITS.items()
        )
        return f'<ul class="words">{items}</ul>'
