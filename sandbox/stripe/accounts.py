"""Connected accounts and their capabilities."""

from __future__ import annotations

from sandbox.clock import Clock
from sandbox.journal import Change, Row
from sandbox.stripe import forms, lists, objects
from sandbox.stripe.books import Books
from sandbox.stripe.calls import Call, Read, Table, Write
from sandbox.stripe.errors import StripeError, no_such


class Accounts:
    """The endpoints under /v1/accounts."""

    def __init__(self, clock: Clock, books: Books) -> None:
        self._clock = clock
        self._books = books

    def table(self) -> Table:
        return {
            ("POST", "/v1/accounts"): Write(self._account_fields, self._create_account),
            ("GET", "/v1/accounts"): Read(self._list_accounts),
            ("GET", "/v1/accounts/:id"): Read(
                lambda call: objects.account(call.ids[0], self._account(call.ids[0]))
            ),
            ("POST", "/v1/accounts/:id"): Write(self._account_fields, self._update_account),
            ("GET", "/v1/accounts/:id/capabilities"): Read(self._capabilities),
            ("GET", "/v1/accounts/:id/capabilities/:id"): Read(self._capability),
        }

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

        def known(row: Row) -> bool:
            return not row["missing"]

        rows = self._books.table("accounts")
        found = lists.page(call.path, call.params, column, rows, kind="account", keep=known)
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
