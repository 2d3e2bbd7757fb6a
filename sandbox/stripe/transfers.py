"""Transfers and their reversals.

A POST is prepared (validated: errors are not stored) and then executed (errors are stored).
"""

from __future__ import annotations

import re

from sandbox.clock import Clock
from sandbox.journal import Change, Row
from sandbox.stripe import forms, lists
from sandbox.stripe.books import Books
from sandbox.stripe.calls import Call, Read, Table, Write
from sandbox.stripe.errors import StripeError, missing_param, no_such
from sandbox.stripe.settings import Settings
from sandbox.stripe.webhooks import Webhooks

MAX_AMOUNT = 99_999_999


class Transfers:
    """The endpoints under /v1/transfers."""

    def __init__(self, clock: Clock, settings: Settings, books: Books, webhooks: Webhooks) -> None:
        self._clock = clock
        self._settings = settings
        self._books = books
        self._webhooks = webhooks

    def table(self) -> Table:
        return {
            ("POST", "/v1/transfers"): Write(self._new_transfer, self._create_transfer),
            ("GET", "/v1/transfers"): Read(self._list_transfers),
            ("GET", "/v1/transfers/:id"): Read(lambda call: self.get(call.ids[0])),
            ("POST", "/v1/transfers/:id"): Write(self._changes, self._update_transfer),
            ("POST", "/v1/transfers/:id/reversals"): Write(self._new_reversal, self._reverse),
            ("GET", "/v1/transfers/:id/reversals"): Read(self._list_reversals),
            ("GET", "/v1/transfers/:id/reversals/:id"): Read(self._reversal),
            ("POST", "/v1/transfers/:id/reversals/:id"): Write(
                self._changes, self._update_reversal
            ),
        }

    def get(self, key: str) -> Row:
        row = self._books.table("transfers").get(key)
        if row is None:
            raise no_such("transfer", key)
        return row

    def _new_transfer(self, call: Call) -> Row:
        forms.allow(
            call.params, "amount", "currency", "description", "destination", "metadata",
            "source_transaction", "source_type", "transfer_group",
        )  # fmt: skip
        currency = forms.text(call.params, "currency", required=True) or ""
        destination = forms.text(call.params, "destination", required=True)
        amount = forms.integer(call.params, "amount")
        source = forms.text(call.params, "source_transaction")
        if amount is None and source is None:
            raise missing_param("amount")
        if amount is not None and amount < 1:
            raise StripeError(
                400,
                "This value must be greater than or equal to 1.",
                code="parameter_invalid_integer",
                param="amount",
            )
        if amount is not None and amount > MAX_AMOUNT:
            raise StripeError(
                400,
                "Amount must be no more than $999,999.99",
                code="amount_too_large",
                param="amount",
            )
        if not re.fullmatch(r"[A-Za-z]{3}", currency):
            raise StripeError(400, f"Invalid currency: {currency}.", param="currency")
        source_type = forms.text(call.params, "source_type") or "card"
        if source_type not in ("card", "bank_account", "fpx"):
            raise StripeError(400, "Invalid source_type", param="source_type")
        return {
            "amount": amount,
            "currency": currency.lower(),
            "description": forms.text(call.params, "description"),
            "destination": destination,
            "metadata": {k: v for k, v in forms.metadata(call.params).items() if v},
            "source_transaction": source,
            "source_type": source_type,
            "transfer_group": forms.text(call.params, "transfer_group"),
        }

    def _create_transfer(self, call: Call, change: Change) -> Row:
        if call.account:
            raise StripeError(400, "The sandbox makes transfers only for the platform.")
        if call.fields["source_transaction"]:
            source = call.fields["source_transaction"]
            raise no_such("charge", source, status=400, param="source_transaction")
        row = self._books.create_transfer(change, call.fields)
        if call.key:
            times = self._books.table("executions").get(call.key, {}).get("times", 0)
            change.put("executions", call.key, {"times": times + 1})
        self._emit(call, change, "transfer.created", row)
        return row

    def _changes(self, call: Call) -> Row:
        forms.allow(call.params, "description", "metadata")
        return {
            "description": call.params.get("description"),
            "clear": call.params.get("metadata") == "",
            "metadata": forms.metadata(call.params),
        }

    def _changed(self, call: Call, row: Row) -> tuple[Row, Row]:
        """(row after the update, what it was before)."""
        old = {} if call.fields["clear"] else row["metadata"]
        merged = {k: v for k, v in {**old, **call.fields["metadata"]}.items() if v != ""}
        updated = {**row, "metadata": merged}
        if call.fields["description"] is not None and "description" in row:
            updated["description"] = call.fields["description"] or None
        return updated, {name: row[name] for name in row if row[name] != updated[name]}

    def _update_transfer(self, call: Call, change: Change) -> Row:
        updated, previous = self._changed(call, self.get(call.ids[0]))
        change.put("transfers", updated["id"], updated)
        if previous:
            self._emit(call, change, "transfer.updated", updated, previous=previous)
        return updated

    def _list_transfers(self, call: Call) -> Row:
        params = call.params
        forms.allow(params, "destination", "transfer_group", "created", *lists.PAGING)
        group = forms.text(params, "transfer_group")
        destination = forms.text(params, "destination")
        column = self._books.transfers
        ids = None
        if group:
            ids = column.where.get(("transfer_group", group), [])
        elif destination:
            ids = column.where.get(("destination", destination), [])
        newest = self._clock.now() - self._settings.knobs.list_lag_seconds

        def keep(row: Row) -> bool:
            return row["created"] <= newest and destination in (None, row["destination"])

        rows = self._books.table("transfers")
        return lists.page(
            "/v1/transfers", params, column, rows, kind="transfer", ids=ids, keep=keep
        )

    def _new_reversal(self, call: Call) -> Row:
        forms.allow(call.params, "amount", "description", "metadata", "refund_application_fee")
        amount = forms.integer(call.params, "amount")
        if amount is not None and amount < 1:
            raise StripeError(
                400,
                "This value must be greater than or equal to 1.",
                code="parameter_invalid_integer",
                param="amount",
            )
        return {"amount": amount, "metadata": forms.metadata(call.params)}

    def _reverse(self, call: Call, change: Change) -> Row:
        parent = self.get(call.ids[0])
        row, updated = self._books.create_reversal(change, parent, call.fields)
        self._emit(call, change, "transfer.reversed", updated)
        return row

    def _reversal(self, call: Call) -> Row:
        row = self._books.table("reversals").get(call.ids[1])
        if row is None or row["transfer"] != self.get(call.ids[0])["id"]:
            raise no_such("transfer reversal", call.ids[1])
        return row

    def _update_reversal(self, call: Call, change: Change) -> Row:
        updated, _previous = self._changed(call, self._reversal(call))
        change.put("reversals", updated["id"], updated)
        return updated

    def _list_reversals(self, call: Call) -> Row:
        forms.allow(call.params, *lists.PAGING)
        parent = self.get(call.ids[0])
        column = self._books.reversals
        ids = column.where.get(("transfer", parent["id"]), [])
        rows = self._books.table("reversals")
        return lists.page(call.path, call.params, column, rows, kind="transfer reversal", ids=ids)

    def _emit(
        self, call: Call, change: Change, kind: str, payload: Row, *, previous: Row | None = None
    ) -> None:
        request = {"id": call.request_id, "idempotency_key": call.key or None}
        self._webhooks.record(
            change,
            kind,
            payload,
            request=request,
            mode=call.event_mode,
            delay_ms=call.event_delay_ms,
            previous=previous,
        )
