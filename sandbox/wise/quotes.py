"""Quotes: a fixed rate, a fee per way to pay, an expiry by the clock, good for one transfer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from sandbox.clock import Clock
from sandbox.journal import Change, Row
from sandbox.wise import errors, money, objects
from sandbox.wise.books import Books
from sandbox.wise.calls import Call, Reply, Route
from sandbox.wise.errors import WiseError
from sandbox.wise.settings import Settings

READABLE_MS = 48 * 3600 * 1000
PAY_OUTS = ("BANK_TRANSFER", "BALANCE", "SWIFT", "SWIFT_OUR", "INTERAC")
# How the other ways to pay in are dearer than paying from the balance.
PAY_INS = {"BANK_TRANSFER": Decimal("0.31"), "BALANCE": Decimal(0), "CARD": Decimal("2.95")}


class Quotes:
    """The endpoints under …/quotes."""

    def __init__(self, clock: Clock, settings: Settings, books: Books) -> None:
        self._clock = clock
        self._settings = settings
        self._books = books

    def routes(self) -> list[Route]:
        many, one = "/profiles/{p}/quotes", "/profiles/{p}/quotes/{q}"
        legacy = (f"/v3{one}", f"/v2{one}")
        return [
            Route("quote.create", "POST", (f"/v3{many}", f"/v2{many}"), many, self._create),
            Route("quote.get", "GET", legacy, one, self._get),
            Route("quote.update", "PATCH", legacy, one, self._update),
            Route("quote.anonymous", "POST", ("/v3/quotes",), "/quotes", self._anonymous),
        ]

    def status(self, row: Row) -> str:
        """PENDING, ACCEPTED, FUNDED or EXPIRED, now."""
        if row["transfer"] is not None:
            paid = str(row["transfer"]) in self._books.table("payments")
            return "FUNDED" if paid else "ACCEPTED"
        return "EXPIRED" if row["expires"] <= self._clock.now_ms() else "PENDING"

    def find(self, given: str, path: str) -> Row:
        """Raises WiseError 404, also for one that expired two days ago."""
        row = self._books.table("quotes").get(given)
        gone = row is not None and row["expires"] + READABLE_MS <= self._clock.now_ms()
        if row is None or (gone and row["transfer"] is None):
            raise errors.generic(404, f"Quote {given} not found", path)
        return row

    def _of(self, call: Call) -> Row:
        profile = self._books.profile(call.ids["p"], call.path)
        row = self.find(call.ids["q"], call.path)
        if row["profile"] != profile:
            raise errors.generic(404, f"Quote {row['id']} not found", call.path)
        return row

    def _get(self, call: Call, _change: Change) -> Reply:
        row = self._of(call)
        return Reply(objects.quote(row, self.status(row)))

    def _create(self, call: Call, change: Change) -> Reply:
        return self._save(call.body, change, self._books.profile(call.ids["p"], call.path))

    def _anonymous(self, call: Call, change: Change) -> Reply:
        return self._save(call.body, change, None)

    def _save(self, body: Row, change: Change, profile: int | None) -> Reply:
        now = self._clock.now_ms()
        row: Row = {
            "id": str(uuid4()),
            "profile": profile,
            "created": now,
            "expires": now + self._settings.knobs.quote_seconds * 1000,
            "transfer": None,
            **self._priced(body, profile),
        }
        change.put("quotes", row["id"], row)
        return Reply(objects.quote(row, self.status(row)))

    def _update(self, call: Call, change: Change) -> Reply:
        if "merge-patch+json" not in call.headers.get("content-type", ""):
            raise errors.generic(415, "Content type not supported", call.path)
        row = self._of(call)
        if self.status(row) != "PENDING":
            raise errors.coded(422, "quote.not.updatable", "Quote cannot be updated any more.")
        before = {
            "sourceCurrency": row["source_currency"],
            "targetCurrency": row["target_currency"],
            "sourceAmount": objects.number(row["source_amount"]),
            "targetAmount": objects.number(row["target_amount"]),
            "targetAccount": row["target_account"],
            "payOut": row["pay_out"],
        }
        if {"sourceAmount", "targetAmount"} & set(call.body):
            before |= {"sourceAmount": None, "targetAmount": None}
        updated = {**row, **self._priced({**before, **call.body}, row["profile"])}
        change.put("quotes", row["id"], updated)
        return Reply(objects.quote(updated, self.status(updated)))

    def _priced(self, body: Row, profile: int | None) -> Row:
        source, target = (
            self._currency(body, name) for name in ("sourceCurrency", "targetCurrency")
        )
        given = {
            name: self._amount(body[name], name)
            for name in ("sourceAmount", "targetAmount")
            if body.get(name) is not None
        }
        if len(given) != 1:
            message = "Specify either source or target amount."
            raise errors.coded(422, "error.quote.amount.onlySingle", message)
        pay_out = body.get("payOut") or "BANK_TRANSFER"
        if pay_out not in PAY_OUTS:
            raise errors.invalid("payOut", "Unknown pay-out method.", str(pay_out))
        account = body.get("targetAccount")
        if account is not None and str(account) not in self._books.table("recipients"):
            raise errors.invalid("targetAccount", "Recipient not found.", str(account))
        rate = self._books.rate(source, target)
        return {
            "source_currency": source,
            "target_currency": target,
            "source_amount": str(given["sourceAmount"]) if "sourceAmount" in given else None,
            "target_amount": str(given["targetAmount"]) if "targetAmount" in given else None,
            "target_account": account,
            "pay_out": pay_out,
            "rate": str(rate),
            "options": self._options(source, target, given, rate, profile),
        }

    def _currency(self, body: Row, name: str) -> str:
        value = body.get(name)
        if not isinstance(value, str) or value not in money.IN_DOLLARS:
            raise errors.listed(422, errors.item("CurrencyCode", "Unknown currency.", name))
        return value

    def _amount(self, value: Any, name: str) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise errors.invalid(name, "Not a number.", str(value))
        if value <= 0:
            message = "Amount must be greater than zero."
            raise errors.listed(422, errors.item("error.greaterThanZero", message, name))
        return Decimal(value)

    def _options(
        self, source: str, target: str, given: dict[str, Decimal], rate: Decimal,
        profile: int | None,
    ) -> list[Row]:  # fmt: skip
        held = profile is not None and self._books.balance(profile, source) is not None
        found = []
        for pay_in, surcharge in PAY_INS.items():
            leaves, arrives, fee = self._price(source, target, given, rate, surcharge)
            disabled = None
            if pay_in == "BALANCE" and not held:
                disabled = {
                    "code": "error.payInmethod.disabled",
                    "message": f"Open a {source} balance to pay with it.",
                }
            elif pay_in == "CARD":
                disabled = {
                    "code": "error.payInmethod.disabled",
                    "message": "This pay-in method is not available.",
                }
            found.append(
                {
                    "pay_in": pay_in,
                    "source": str(leaves),
                    "target": str(arrives),
                    "fee": str(fee),
                    "disabled": disabled,
                    "price_reference": str(uuid4()),
                }
            )
        return found

    def _price(
        self, source: str, target: str, given: dict[str, Decimal], rate: Decimal,
        surcharge: Decimal,
    ) -> tuple[Decimal, Decimal, Decimal]:  # fmt: skip
        """(what leaves the payer, what arrives, the fee within the first)."""
        knobs = self._settings.knobs
        share = Decimal(knobs.fee_basis_points) / 10_000
        fixed = Decimal(knobs.fee_fixed_cents) / 100 + surcharge
        if "targetAmount" in given:
            arrives = money.rounded(given["targetAmount"], target)
            converted = money.rounded(arrives / rate, source)
            fee = money.rounded(converted * share + fixed, source)
            return converted + fee, arrives, fee
        leaves = money.rounded(given["sourceAmount"], source)
        fee = money.rounded((leaves * share + fixed) / (1 + share), source)
        arrives = money.rounded((leaves - fee) * rate, target)
        if arrives <= 0:
            message = "The fee is more than the amount."
            raise errors.listed(422, errors.item("error.greaterThanZero", message, "sourceAmount"))
        return leaves, arrives, fee

    def usable(self, call: Call, change: Change, given: str) -> Row:
        """A quote that a transfer may be made from. Raises WiseError 422."""
        try:
            row = self.find(given, call.path)
        except WiseError:
            raise errors.invalid("quoteUuid", "Quote not found.", given) from None
        if row["profile"] is None:
            raise errors.invalid("quoteUuid", "An anonymous quote cannot be used.", given)
        if row["transfer"] is not None:
            self._books.count("quotes_reused")
            raise errors.invalid("quoteUuid", "Quote has been used already.", given)
        if self.status(row) == "EXPIRED":
            raise errors.invalid("quoteUuid", "Quote has expired.", given)
        return row

    def balance_option(self, row: Row) -> Row:
        """The way to pay from the balance."""
        return next(each for each in row["options"] if each["pay_in"] == "BALANCE")

    def reprice(self, change: Change, row: Row, fee: Decimal) -> Row:
        """Another fee for paying from the balance, after the quote was made."""
        options = []
        for each in row["options"]:
            if each["pay_in"] == "BALANCE":
                leaves = Decimal(each["source"]) - Decimal(each["fee"]) + fee
                fresh = {"source": str(leaves), "fee": str(fee), "price_reference": str(uuid4())}
                options.append({**each, **fresh})
            else:
                options.append(each)
        updated = {**row, "options": options}
        change.put("quotes", row["id"], updated)
        return updated
