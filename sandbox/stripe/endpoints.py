"""The table of paths: which endpoint answers a call, what it is about, what it may expand."""

from __future__ import annotations

import re

from sandbox.clock import Clock
from sandbox.journal import Change, Row
from sandbox.stripe import forms, objects
from sandbox.stripe.accounts import Accounts
from sandbox.stripe.books import Books
from sandbox.stripe.calls import Call, Read, Write
from sandbox.stripe.errors import StripeError
from sandbox.stripe.ledger import Ledger
from sandbox.stripe.settings import Settings
from sandbox.stripe.transfers import Transfers
from sandbox.stripe.webhooks import Webhooks


class Endpoints:
    """Finds the endpoint for a path."""

    def __init__(self, clock: Clock, settings: Settings, books: Books, webhooks: Webhooks) -> None:
        self._books = books
        self._transfers = Transfers(clock, settings, books, webhooks)
        table = {
            **self._transfers.table(),
            **Accounts(clock, books).table(),
            **Ledger(clock, books, webhooks).table(),
        }
        self._routes = [
            (method, name, re.compile(name.replace(":id", "([^/]+)")), endpoint)
            for (method, name), endpoint in table.items()
        ]

    def route(self, method: str, path: str) -> tuple[str, tuple[str, ...], Read | Write] | None:
        """(endpoint's name, ids of the path, endpoint)."""
        for verb, name, pattern, endpoint in self._routes:
            if verb == method and (match := pattern.fullmatch(path)):
                return name, match.groups(), endpoint
        return None

    def destination_of(self, call: Call) -> tuple[str, str]:
        """(account, transfer group) that a call is about, for faults; empty if none."""
        if call.endpoint == "/v1/transfers" or not call.endpoint.startswith("/v1/transfers/"):
            of = call.params
        else:
            of = self._books.table("transfers").get(call.ids[0], {})
        account = of.get("destination", "")
        group = of.get("transfer_group", "")
        return (
            account if isinstance(account, str) else "",
            group if isinstance(group, str) else "",
        )

    def expand(self, call: Call, answer: Row, change: Change | None = None) -> Row:
        """Replace ids by objects as `expand[]` asks, also by ones that `change` only adds.

        Raises StripeError 400.
        """
        added = {key: row for _table, key, row in (change.puts if change else ()) if row}
        for path in forms.strings(call.params, "expand"):
            if path.startswith("data.") and answer["object"] == "list":
                name = path.removeprefix("data.")
                rows = [self._expanded(row, name, path, added) for row in answer["data"]]
                answer = {**answer, "data": rows}
            else:
                answer = self._expanded(answer, path, path, added)
        return answer

    def _expanded(self, row: Row, name: str, path: str, added: dict[str, Row]) -> Row:
        if row["object"] in ("transfer", "transfer_reversal") and name == "balance_transaction":
            line = added.get(row[name]) or self._books.table("ledger")[row[name]]
            return {**row, name: line}
        if row["object"] == "transfer" and name == "destination":
            return {**row, name: objects.account(row[name], self._books.account(row[name]))}
        if row["object"] == "transfer_reversal" and name == "transfer":
            return {**row, name: added.get(row[name]) or self._transfers.get(row[name])}
        if row["object"] == "transfer" and name == "reversals":
            return row
        raise StripeError(400, f"This property cannot be expanded ({path}).", param="expand")
