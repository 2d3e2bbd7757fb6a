"""What each path of the API does, once faults and idempotency have let the request through.

A POST is prepared (validated: errors are not stored) and then executed (errors are stored).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.clock import Clock
from sandbox.journal import Change, Journal, Row
from sandbox.stripe import forms, lists, objects
from sandbox.stripe.books import Books
from sandbox.stripe.errors import StripeError, missing_param, no_such
from sandbox.stripe.forms import Params
from sandbox.stripe.settings import Settings
from sandbox.stripe.webhooks import Webhooks

MAX_AMOUNT = 99_999_999
EVENT_DAYS = 30


@dataclass(slots=True)
class Call:
    """One request to the API, parsed."""

    method: str
    path: str
    endpoint: str
    ids: tuple[str, ...]
    params: Params
    request_id: str
    key: str = ""
    account: str = ""
    event_mode: str = ""
    event_delay_ms: int = 0
    fields: Row = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Read:
    """A GET."""

    answer: Callable[[Call], Row]


@dataclass(frozen=True, slots=True)
class Write:
    """A POST in its two halves."""

    prepare: Callable[[Call], Row]
    execute: Callable[[Call, Change], Row]


class Endpoints:
    """The table of paths and the functions behind it."""

    def __init__(
        self, journal: Journal, clock: Clock, settings: Settings, books: Books, webhooks: Webhooks
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._settings = settings
        self._books = books
        self._webhooks = webhooks
        table: dict[tuple[str, str], Read | Write] = {
            ("POST", "/v1/transfers"): Write(self._new_transfer, self._create_transfer),
            ("GET", "/v1/transfers"): Read(self._list_transfers),
            ("GET", "/v1/transfers/:id"): Read(lambda call: self._transfer(call.ids[0])),
            ("POST", "/v1/transfers/:id"): Write(self._changes, self._update_transfer),
            ("POST", "/v1/transfers/:id/reversals"): Write(self._new_reversal, self._reverse),
            ("GET", "/v1/transfers/:id/reversals"): Read(self._list_reversals),
            ("GET", "/v1/transfers/:id/reversals/:id"): Read(self._reversal),
            ("POST", "/v1/transfers/:id/reversals/:id"): Write(
                self._changes, self._update_reversal
            ),
            ("GET", "/v1/balance"): Read(self._balance),
            ("GET", "/v1/balance_transactions"): Read(self._list_ledger),
            ("GET", "/v1/balance_transactions/:id"): Read(self._ledger_line),
            ("POST", "/v1/accounts"): Write(self._account_fields, self._create_account),
            ("GET", "/v1/accounts"): Read(self._list_accounts),
            ("GET", "/v1/accounts/:id"): Read(
                lambda call: objects.account(call.ids[0], self._account(call.ids[0]))
            ),
            ("POST", "/v1/accounts/:id"): Write(self._account_fields, self._update_account),
            ("GET", "/v1/accounts/:id/capabilities"): Read(self._capabilities),
            ("GET", "/v1/accounts/:id/capabilities/:id"): Read(self._capability),
            ("GET", "/v1/events"): Read(self._list_events),
            ("GET", "/v1/events/:id"): Read(lambda call: self._event(call.ids[0])),
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
            return {**row, name: added.get(row[name]) or self._transfer(row[name])}
        if row["object"] == "transfer" and name == "reversals":
            return row
        raise StripeError(400, f"This property cannot be expanded ({path}).", param="expand")

    # Transfers

    def _transfer(self, key: str) -> Row:
        row = self._books.table("transfers").get(key)
        if row is None:
            raise no_such("transfer", key)
        return row

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
        updated, previous = self._changed(call, self._transfer(call.ids[0]))
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

    # Reversals

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
        parent = self._transfer(call.ids[0])
        row, updated = self._books.create_reversal(change, parent, call.fields)
        self._emit(call, change, "transfer.reversed", updated)
        return row

    def _reversal(self, call: Call) -> Row:
        row = self._books.table("reversals").get(call.ids[1])
        if row is None or row["transfer"] != self._transfer(call.ids[0])["id"]:
            raise no_such("transfer reversal", call.ids[1])
        return row

    def _update_reversal(self, call: Call, change: Change) -> Row:
        updated, _previous = self._changed(call, self._reversal(call))
        change.put("reversals", updated["id"], updated)
        return updated

    def _list_reversals(self, call: Call) -> Row:
        forms.allow(call.params, *lists.PAGING)
        parent = self._transfer(call.ids[0])
        column = self._books.reversals
        ids = column.where.get(("transfer", parent["id"]), [])
        rows = self._books.table("reversals")
        return lists.page(call.path, call.params, column, rows, kind="transfer reversal", ids=ids)

    # Balance and ledger

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

    # Accounts

    def _account(self, key: str) -> Row:
        state = self._books.account(key)
        if state["missing"]:
            raise StripeError(
                403,
                f"The provided key does not have access to account '{key}' (or that account does "
                "not exist). Application access may have been revoked.",
                code="account_invalid",
            )
        return state

    def _account_fields(self, call: Call) -> Row:
        return {
            "country": forms.text(call.params, "country"),
            "email": forms.text(call.params, "email"),
            "metadata": forms.metadata(call.params),
        }

    def _create_account(self, call: Call, change: Change) -> Row:
        key = objects.new_id("acct")
        state = {
            **self._books.account(key),
            "created": self._clock.now(),
            "country": call.fields["country"] or "US",
            "email": call.fields["email"],
            "metadata": call.fields["metadata"],
        }
        change.put("accounts", key, state)
        return objects.account(key, state)

    def _update_account(self, call: Call, change: Change) -> Row:
        state = self._account(call.ids[0])
        given = {k: v for k, v in call.fields.items() if v and k in ("email", "metadata")}
        change.put("accounts", call.ids[0], {**state, **given})
        return objects.account(call.ids[0], {**state, **given})

    def _list_accounts(self, call: Call) -> Row:
        forms.allow(call.params, "created", *lists.PAGING)
        column = self._books.accounts
        rows = self._books.table("accounts")
        found = lists.page(call.path, call.params, column, rows, kind="account")
        data = [objects.account(row["id"], row) for row in found["data"]]
        return {**found, "data": data}

    def _capability(self, call: Call) -> Row:
        if call.ids[1] not in ("transfers", "card_payments"):
            raise no_such("capability", call.ids[1])
        return objects.capability(call.ids[0], call.ids[1], self._account(call.ids[0]))

    def _capabilities(self, call: Call) -> Row:
        state = self._account(call.ids[0])
        names = ("card_payments", "transfers")
        data = [objects.capability(call.ids[0], name, state) for name in names]
        return objects.listing(call.path, data)

    # Events

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
