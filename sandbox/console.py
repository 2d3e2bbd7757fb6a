"""The control page: what a person needs to watch the books and to play bad days.

Rendered on the server; nothing here changes anything, every button posts to /_sandbox/….
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import Protocol
from urllib.parse import parse_qsl

from sandbox import widgets
from sandbox.head import Head
from sandbox.journal import Row
from sandbox.server import Request, Response
from sandbox.stripe.faults import catalogue, magic_fault
from sandbox.stripe.rail import StripeRail
from sandbox.widgets import NOTHING, button, chip, moment, table

HERE = Path(__file__).resolve().parent
ZERO_DECIMAL = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv",
                "xaf", "xof", "xpf"}  # fmt: skip
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
ROWS = 25
HEAD = Head(
    "Sandbox Stripe",
    "A stand-in with its own books. No real money, every bad day.",
    "Webhooks go to",
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def money(amount: int, currency: str) -> str:
    """Minor units for people: `$1,234.50`, `¥900`, `CHF 12.00`."""
    sign = "-" if amount < 0 else ""
    symbol = SYMBOLS.get(currency, f"{currency.upper()} ")
    if currency in ZERO_DECIMAL:
        return f"{sign}{symbol}{abs(amount):,}"
    units, cents = divmod(abs(amount), 100)
    return f"{sign}{symbol}{units:,}.{cents:02d}"


class Page(Protocol):
    """One more page. `path` and `title` are what the others link to."""

    path: str
    title: str

    def render(self, query: dict[str, str], nav: str) -> bytes: ...


class Console:
    """Answers `/`, the other rails' pages and their style sheet."""

    def __init__(self, stripe: StripeRail, pages: list[Page]) -> None:
        self._stripe = stripe
        self._pages = {page.path: page for page in pages}
        self._page = Template((HERE / "console.html").read_text(encoding="utf-8"))
        self._style = (HERE / "console.css").read_bytes()

    async def handle(self, request: Request) -> Response:
        """GET only: the page changes nothing."""
        if request.method != "GET":
            return Response(405, b"", {**HEADERS, "Allow": "GET"}, "text/plain")
        if request.path == "/console.css":
            return Response(200, self._style, dict(HEADERS), "text/css; charset=utf-8")
        query = dict(parse_qsl(request.query))
        page = self._pages.get(request.path)
        if page is not None:
            body = page.render(query, self._nav(page.path))
            return Response(200, body, dict(HEADERS), "text/html; charset=utf-8")
        if request.path != "/":
            return Response(404, b"There is nothing here.", dict(HEADERS), "text/plain")
        body = self._page.substitute(self._fields(query.get("problem", ""))).encode()
        return Response(200, body, dict(HEADERS), "text/html; charset=utf-8")

    def _nav(self, here: str) -> str:
        """Links to the other pages, and to this one again."""
        titles = {"/": "Stripe", **{page.path: page.title for page in self._pages.values()}}
        links = [
            *((path, title) for path, title in titles.items() if path != here),
            (here, "Refresh"),
        ]
        return "".join(f'<a class="refresh" href="{path}">{title}</a>' for path, title in links)

    def _fields(self, problem: str) -> dict[str, str]:
        values = self._stripe.settings.as_dict()
        return {
            "head": HEAD.html(
                self._nav("/"),
                self._stripe.clock,
                self._stripe.webhooks.url or "no endpoint configured",
            ),
            "problem": widgets.problem_bar(problem),
            "cards": self._cards(),
            "catalogue": self._catalogue(),
            "faults": widgets.armed(
                self._stripe.faults, "", "Nothing is armed: only account names bite."
            ),
            "transfers": self._transfers(),
            "accounts": self._accounts(),
            "webhooks": widgets.webhooks(
                self._stripe.control.report.deliveries(ROWS), "object", ""
            ),
            "knobs": widgets.knobs("", values),
            "delivering": widgets.delivering("", flows=bool(values["webhooks_enabled"])),
            "start_over": widgets.start_over(
                "", "Erases transfers, keys, events, faults and knobs."
            ),
        }

    def _cards(self) -> str:
        totals = self._stripe.control.report.totals()
        available = self._stripe.books.available()
        twice = len(totals["paid_more_than_once"])
        moved = totals["amount_by_currency"]
        others = " · ".join(money(v, k) for k, v in available.items() if k == "eur")
        sent = " · ".join(money(v, k) for k, v in moved.items()) or "nothing yet"
        cards = [
            ("Platform balance", money(available["usd"], "usd"), others, ""),
            ("Movements", f"{totals['movements']:,}", sent, ""),
            (
                "Groups paid twice",
                f"{twice:,}",
                "one group is one debt",
                "bad" if twice else "good",
            ),
            (
                "Keys reused",
                f"{totals['key_conflicts']:,}",
                "one key for two different requests",
                "bad" if totals["key_conflicts"] else "good",
            ),
            (
                "Replays and 409",
                f"{totals['replays']:,} · {totals['key_in_use']:,}",
                "stored answers · key in use",
                "",
            ),
            (
                "Refused by rate limit",
                f"{totals['rate_limited']:,}",
                f"of {totals['requests']:,} requests",
                "warn" if totals["rate_limited"] else "",
            ),
        ]
        return widgets.cards(cards)

    def _catalogue(self) -> str:
        rows = []
        for row in catalogue():
            if row["account_prefix"] is None:
                continue
            lasting = chip("until cured", "red") if row["until_cured"] else ""
            rows.append(
                [
                    f"<strong>{escape(row['title'])}</strong> {lasting}",
                    escape(row["story"]),
                    f"<code>{escape(row['account_prefix'])}…</code>",
                    f'<button type="submit" name="fault" value="{escape(row["fault"])}">Arm</button>',
                ]
            )
        return table(["Bad day", "What happens", "Account begins with", ""], rows, "")

    def _latest(self, name: str) -> list[Row]:
        rows = self._stripe.books.table(name)
        return [rows[key] for key, _ in zip(reversed(rows), range(ROWS), strict=False)]

    def _transfers(self) -> str:
        events = self._stripe.books.table("events")
        keys = {}
        for key, _ in zip(reversed(events), range(8 * ROWS), strict=False):
            event = events[key]
            if event["type"] == "transfer.created":
                asked = event["request"]["idempotency_key"]
                keys[event["data"]["object"]["id"]] = asked or NOTHING
        rows = []
        for row in self._latest("transfers"):
            state = chip("moved", "emerald")
            if row["reversed"]:
                state = chip("reversed", "grey")
            elif row["amount_reversed"]:
                state = chip("partly reversed", "amber")
            rows.append(
                [
                    moment(row["created"]),
                    f'<span class="amount">{money(row["amount"], row["currency"])}</span>',
                    f"<code>{escape(row['destination'])}</code>",
                    state,
                    escape(row["transfer_group"] or NOTHING),
                    f"<code>{escape(keys.get(row['id'], NOTHING))}</code>",
                    f"<code>{escape(row['id'])}</code>",
                ]
            )
        head = ["Time", "Amount", "Account", "", "Group", "Idempotency key", "Id"]
        return table(head, rows, "No money has moved yet.")

    def _accounts(self) -> str:
        rows = []
        for row in self._latest("accounts"):
            key = row["id"]
            magic = magic_fault(key)
            ill = bool(row["trouble"]) or row["missing"] or row["transfers"] != "active"
            if ill:
                state = chip(row["trouble"] or "cannot be paid", "red")
            elif magic is not None and not magic.permanent and not row["cured"]:
                state = chip(magic.name, "amber")
                ill = True
            else:
                state = chip("cured" if row["cured"] else "healthy", "emerald")
            breaks = [
                button(f"accounts/{key}", label, trouble=trouble)
                for label, trouble in (
                    ("No capability", "no_transfers"),
                    ("Unknown", "missing"),
                    ("Insufficient", "insufficient"),
                    ("Spent", "spent"),
                )
            ]
            cure = button(f"accounts/{key}/cure", "Cure", style="primary" if ill else "")
            rows.append([f"<code>{escape(key)}</code>", state, cure + "".join(breaks)])
        return table(
            ["Account", "State", "Cure or break"],
            rows,
            "Accounts appear here with their first use.",
        )
