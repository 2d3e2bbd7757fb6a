"""Funding: the one call that moves money. Guarded by the transfer's state, never idempotent."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

from sandbox.clock import Clock
from sandbox.journal import Change, Row
from sandbox.wise import errors, objects
from sandbox.wise.books import Books
from sandbox.wise.calls import Call, Reply, Route
from sandbox.wise.faults import words_of
from sandbox.wise.quotes import Quotes
from sandbox.wise.settings import Settings
from sandbox.wise.states import PROCESSING, WAITING, States
from sandbox.wise.webhooks import Webhooks

NO_BALANCE = "balance.no-balance-for-currency"
TOO_LITTLE = "balance.insufficient-funds"


class Funding:
    """The endpoints under …/payments."""

    def __init__(
        self, clock: Clock, settings: Settings, books: Books, quotes: Quotes, states: States,
        webhooks: Webhooks,
    ) -> None:  # fmt: skip
        self._clock = clock
        self._settings = settings
        self._books = books
        self._quotes = quotes
        self._states = states
        self._webhooks = webhooks

    def routes(self) -> list[Route]:
        fund, proof = "/profiles/{p}/transfers/{t}/payments", "/transfers/{t}/payments"
        legacy = (f"/v1{proof}", f"/v2{proof}", f"/v3{proof}")
        return [
            Route("transfer.fund", "POST", (f"/v3{fund}",), fund, self._fund),
            Route("transfer.payments", "GET", legacy, proof, self._payments),
            Route("transfer.payments", "GET", (f"/v3{fund}",), fund, self._payments),
        ]

    def _refuse(self, status: int, code: str) -> errors.WiseError:
        return errors.rejected(status, code, as_text=self._settings.knobs.errors_as_text)

    def _fund(self, call: Call, change: Change) -> Reply:
        row = self._fundable(call)
        balance = self._books.balance(row["profile"], row["source_currency"])
        if balance is None:
            return self._rejected(NO_BALANCE)
        given = call.body.get("balanceId")
        if given is not None and str(given) != str(balance["id"]):
            return self._rejected("balance.account-not-found")
        quote = self._books.table("quotes")[row["quote"]]
        amount = Decimal(self._quotes.balance_option(quote)["source"])
        short = call.work == "insufficient" or amount > Decimal(balance["amount"])
        if short:
            return self._rejected(TOO_LITTLE)
        return self._pay(call, change, row, balance, amount)

    def _fundable(self, call: Call) -> Row:
        """The transfer, if it may be funded. Raises WiseError."""
        profile = self._books.profile(call.ids["p"], call.path)
        if call.body.get("type") != "BALANCE":
            raise self._refuse(400, "invalid.request")
        row = self._books.table("transfers").get(call.ids["t"])
        if row is None:
            raise self._refuse(404, "transfer.not-found")
        if row["profile"] != profile:
            raise self._refuse(403, "transfer.not-accessible-for-user")
        if self._books.payment(row) is not None:
            self._books.count("fund_conflicts")
            words = words_of(self._books.table("recipients").get(str(row["recipient"])))
            status = self._settings.knobs.second_fund
            if "FUND 409" in words:
                status = 409
            elif "FUND 422" in words:
                status = 422
            code = "payment.exists" if status == 409 else "transfer.invalid-state"
            raise self._refuse(status, code)
        if row["status"] != WAITING:
            raise self._refuse(422, "transfer.invalid-state")
        return row

    def _rejected(self, code: str) -> Reply:
        """A 2xx that is no payment."""
        return Reply(errors.rejected(201, code).body, 201)

    def _pay(self, call: Call, change: Change, row: Row, balance: Row, amount: Decimal) -> Reply:
        later = call.work == "fund_created"
        now = self._clock.now_ms()
        line = self._books.move(change, balance, -amount, "transfer", transfer=row["id"], at=now)
        payment: Row = {
            "id": line["id"],
            "transfer": row["id"],
            "ctid": row["ctid"],
            "amount": str(amount),
            "currency": row["source_currency"],
            "created": now,
            "completed": None if later else now,
        }
        change.put("payments", str(row["id"]), payment)
        self._webhooks.balance_update(change, line, **call.delivery)
        if later:
            due = now + self._settings.knobs.created_seconds * 1000
            self._states.plan_completion(change, row, due)
        else:
            self._states.move(change, row, PROCESSING, **call.delivery)
        status = "CREATED" if later else "COMPLETED"
        headers = {"x-2fa-approval-result": "APPROVED", "x-2fa-approval": str(uuid4())}
        body = {"type": "BALANCE", "status": status, "balanceTransactionId": line["id"]}
        return Reply(body, 201, headers)

    def _payments(self, call: Call, _change: Change) -> Reply:
        """Completed payments only: an empty list means not funded."""
        row = self._books.transfer(call.ids["t"], call.path)
        payment = self._books.payment(row)
        lag = self._settings.knobs.payments_lag_seconds * 1000
        if payment is None or payment["completed"] is None:
            return Reply([])
        shown = payment["completed"] <= self._clock.now_ms() - lag
        return Reply([objects.payment(payment)] if shown else [])
