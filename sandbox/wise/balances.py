"""Balances, their statement, top-ups, rates."""

from __future__ import annotations

from decimal import Decimal

from sandbox.clock import Clock
from sandbox.journal import Change, Row
from sandbox.wise import errors, objects, times
from sandbox.wise.books import Books
from sandbox.wise.calls import Call, Reply, Route
from sandbox.wise.settings import PROFILES
from sandbox.wise.webhooks import Webhooks, reference

MAX_STATEMENT_MS = 469 * 86_400_000


class Balances:
    """The endpoints under …/balances, …/balance-statements, /v1/rates."""

    def __init__(self, clock: Clock, books: Books, webhooks: Webhooks) -> None:
        self._clock = clock
        self._books = books
        self._webhooks = webhooks

    def routes(self) -> list[Route]:
        many, one = "/profiles/{p}/balances", "/profiles/{p}/balances/{b}"
        statement = "/profiles/{p}/balance-statements/{b}/statement.json"
        topup = "/simulation/balance/topup"
        legacy = (f"/v1{statement}", f"/v3{statement}")
        return [
            Route("balance.list", "GET", (f"/v4{many}",), many, self._list),
            Route("balance.get", "GET", (f"/v4{one}",), one, self._get),
            Route("balance.statement", "GET", legacy, statement, self._statement),
            Route("balance.topup", "POST", (f"/v1{topup}",), topup, self._topup),
            Route("rate.list", "GET", ("/v1/rates",), "/rates", self._rates),
        ]

    def _list(self, call: Call, _change: Change) -> Reply:
        profile = self._books.profile(call.ids["p"], call.path)
        if "types" not in call.query:
            message = "Required request parameter 'types' is not present"
            raise errors.generic(400, message, call.path)
        wanted = call.query["types"].split(",")
        now = self._clock.now_ms()
        rows = self._books.balances(profile) if "STANDARD" in wanted else []
        return Reply([objects.balance(row, now) for row in rows])

    def _one(self, call: Call) -> Row:
        profile = self._books.profile(call.ids["p"], call.path)
        for row in self._books.balances(profile):
            if str(row["id"]) == call.ids["b"]:
                return row
        raise errors.generic(404, f"Balance {call.ids['b']} not found", call.path)

    def _get(self, call: Call, _change: Change) -> Reply:
        return Reply(objects.balance(self._one(call), self._clock.now_ms()))

    def _statement(self, call: Call, _change: Change) -> Reply:
        balance = self._one(call)
        query = call.query
        try:
            start = times.parse(query["intervalStart"])
            end = times.parse(query["intervalEnd"], end=True)
        except (KeyError, ValueError) as error:
            raise errors.generic(400, f"Bad interval: {error}", call.path) from None
        if query.get("currency", balance["currency"]) != balance["currency"]:
            raise errors.generic(400, "Currency is not that of the balance", call.path)
        if not 0 <= end - start <= MAX_STATEMENT_MS:
            raise errors.invalid("intervalEnd", "The interval is at most 469 days.", "469")
        table = self._books.table("ledger")
        keys = self._books.ledger.where.get(("balance", str(balance["id"])), [])
        lines = [row for row in map(table.__getitem__, keys) if start <= row["at"] <= end]
        closing = objects.value(balance["amount"], balance["currency"])
        return Reply(
            {
                "accountHolder": {"type": PROFILES[balance["profile"]]},
                "bankDetails": None,
                "transactions": [self._line(row) for row in reversed(lines)],
                "endOfStatementBalance": closing,
                "query": {
                    "intervalStart": times.zulu_ms(start),
                    "intervalEnd": times.zulu_ms(end),
                    "currency": balance["currency"],
                    "accountId": balance["id"],
                },
            }
        )

    def _line(self, row: Row) -> Row:
        currency = row["currency"]
        kind = "TRANSFER" if row["transfer"] else "MONEY_ADDED"
        return {
            "type": "DEBIT" if Decimal(row["amount"]) < 0 else "CREDIT",
            "date": times.zulu_ms(row["at"]),
            "amount": objects.value(row["amount"], currency),
            "totalFees": objects.value(self._fee(row), currency),
            "details": {"type": kind, "description": row["kind"].capitalize()},
            "exchangeDetails": None,
            "runningBalance": objects.value(row["running"], currency),
            "referenceNumber": reference(row),
        }

    def _fee(self, row: Row) -> str:
        if row["kind"] != "transfer":
            return "0"
        transfer = self._books.table("transfers")[str(row["transfer"])]
        return str(-Decimal(row["amount"]) - Decimal(transfer["source_value"]))

    def _topup(self, call: Call, change: Change) -> Reply:
        body = call.body
        profile = self._books.profile(str(body.get("profileId", "")), call.path)
        balance = self._books.balance(profile, str(body.get("currency")))
        amount = body.get("amount")
        if balance is None or body.get("balanceId") not in (None, balance["id"]):
            raise errors.generic(404, "Balance not found", call.path)
        if isinstance(amount, bool) or not isinstance(amount, int | Decimal) or amount <= 0:
            message = "Amount must be greater than zero."
            raise errors.listed(422, errors.item("error.greaterThanZero", message, "amount"))
        line = self._books.move(change, balance, Decimal(amount), "topup")
        self._webhooks.balance_update(change, line)
        after = {**balance, "amount": line["running"]}
        shown = objects.balance(after, self._clock.now_ms())
        return Reply({"transactionId": line["id"], "state": "COMPLETED", "balancesAfter": [shown]})

    def _rates(self, call: Call, _change: Change) -> Reply:
        source, target = call.query.get("source", "USD"), call.query.get("target", "EUR")
        rate = self._books.rate(source, target)
        now = times.offset(self._clock.now_ms())
        return Reply([{"rate": rate, "source": source, "target": target, "time": now}])
