"""What happened, read back: balance, balance transactions, events."""

from __future__ import annotations

from sandbox.clock import Clock
from sandbox.journal import Row
from sandbox.stripe import forms, lists, objects
from sandbox.stripe.books import Books
from sandbox.stripe.calls import Call, Read, Table
from sandbox.stripe.errors import StripeError, no_such
from sandbox.stripe.webhooks import Webhooks

EVENT_DAYS = 30


class Ledger:
    """The endpoints under /v1/balance, /v1/balance_transactions and /v1/events."""

    def __init__(self, clock: Clock, books: Books, webhooks: Webhooks) -> None:
        self._clock = clock
        self._books = books
        self._webhooks = webhooks

    def table(self) -> Table:
        return {
            ("GET", "/v1/balance"): Read(self._balance),
            ("GET", "/v1/balance_transactions"): Read(self._list_ledger),
            ("GET", "/v1/balance_transactions/:id"): Read(self._ledger_line),
            ("GET", "/v1/events"): Read(self._list_events),
            ("GET", "/v1/events/:id"): Read(lambda call: self._event(call.ids[0])),
        }

    def _balance(self, call: Call) -> Row:
        if call.account:
            return objects.balance(self._books.balance_of(call.account))
        return objects.balance(self._books.available())

    def _ledger_line(self, call: Call) -> Row:
        row = self._books.table("ledger").get(call.ids[0])
        if row is None:
            raise no_such("balance transaction", call.ids[0])
        return row

    def _list_ledger(self, call: Call) -> Row:
        params = call.params
        forms.allow(params, "source", "type", "payout", "currency", "created", *lists.PAGING)
        column = self._books.ledger
        source = forms.text(params, "source")
        kind = forms.text(params, "type")
        currency = forms.text(params, "currency")
        ids = None
        if source:
            ids = column.where.get(("source", source), [])
        elif kind:
            ids = column.where.get(("type", kind), [])
        if forms.text(params, "payout"):
            ids = []

        def keep(row: Row) -> bool:
            return kind in (None, row["type"]) and currency in (None, row["currency"])

        rows = self._books.table("ledger")
        return lists.page(
            call.path, params, column, rows, kind="balance transaction", ids=ids, keep=keep
        )

    def _event(self, key: str) -> Row:
        row = self._books.table("events").get(key)
        if row is None or row["created"] < self._clock.now() - EVENT_DAYS * 86_400:
            raise no_such("event", key)
        return {**row, "pending_webhooks": 0 if self._webhooks.delivered(key) else 1}

    def _list_events(self, call: Call) -> Row:
        params = call.params
        forms.allow(params, "type", "types", "created", "delivery_success", *lists.PAGING)
        kind = forms.text(params, "type")
        kinds = forms.strings(params, "types")
        if len(kinds) > 20:
            raise StripeError(400, "Too many types (maximum 20).", param="types")
        success = forms.text(params, "delivery_success")
        oldest = self._clock.now() - EVENT_DAYS * 86_400

        def keep(row: Row) -> bool:
            if row["created"] < oldest or (kinds and row["type"] not in kinds):
                return False
            return success is None or self._webhooks.delivered(row["id"]) == (success == "true")

        column = self._webhooks.events
        ids = column.where.get(("type", kind), []) if kind else None
        rows = self._books.table("events")
        found = lists.page(call.path, params, column, rows, kind="event", ids=ids, keep=keep)
        return {**found, "data": [self._event(row["id"]) for row in found["data"]]}
