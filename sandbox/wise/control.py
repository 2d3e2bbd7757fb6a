"""What only Wise's door can do: states, refunds, balances, recipients. `/_sandbox/wise/…`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from sandbox import control
from sandbox.control import NotFoundError
from sandbox.journal import Change, Row
from sandbox.settings import BadValueError, Values, whole
from sandbox.wise import money
from sandbox.wise.api import Api
from sandbox.wise.faults import TRAITS, WORDS, catalogue, words_of
from sandbox.wise.parts import Parts
from sandbox.wise.report import Report
from sandbox.wise.settings import BUSINESS
from sandbox.wise.states import BOUNCED, CONVERTED, PROCESSING, REFUNDED, SENT, STATES

PREFIX = "/_sandbox/wise/"
# What a transfer can only be after its money has been taken.
PAID_STATES = (PROCESSING, CONVERTED, SENT, BOUNCED, REFUNDED, "charged_back")


def decimal(values: Values, name: str) -> Decimal | None:
    """A positive amount of the request; None if it is not given. Raises BadValueError."""
    given = values.get(name)
    if given in (None, ""):
        return None
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        raise BadValueError(f"{name} is an amount such as 12.50") from None
    if not amount.is_finite() or amount <= 0:
        raise BadValueError(f"{name} is more than nothing")
    return amount


class Control(control.Control):
    """Answers everything under /_sandbox/wise/."""

    prefix = PREFIX
    home = "/wise"

    def __init__(self, parts: Parts, api: Api) -> None:
        self.report = Report(parts, api)
        super().__init__(parts, self.report)
        self._parts = parts
        self._books = parts.books
        self._states = parts.states
        self._api = api
        self._actions |= {
            ("POST", "transfers/:id/state"): self._push,
            ("POST", "transfers/:id/bounce"): self._bounce,
            ("POST", "transfers/:id/refund"): self._refund,
            ("POST", "transfers/:id/payout-failure"): self._fail_payout,
            ("POST", "quotes/:id/expire"): self._expire,
            ("POST", "quotes/:id/fee"): self._reprice,
            ("POST", "rates"): self._set_rate,
            ("POST", "balance/topup"): self._topup,
            ("POST", "balance/drain"): self._drain,
            ("POST", "recipients/:id"): self._change_recipient,
            ("POST", "recipients/:id/cure"): self._cure,
            ("POST", "sca/:id/approve"): self._approve,
            ("POST", "webhooks/test"): self._test,
        }

    def catalogue(self) -> list[Row]:
        return catalogue()

    def matching(self, match: Row) -> Row:
        open_ = not {"method", "operation", "path"} & {name for name, v in match.items() if v}
        return {**match, "method": "P*"} if open_ else match

    def endpoint(self) -> Row:
        return {"webhook_url": self._parts.webhooks.url}

    def set_endpoint(self, values: Values) -> None:
        # The endpoint belongs to this process, like the environment it came from.
        self._parts.webhooks.url = str(values.get("webhook_url", self._parts.webhooks.url))

    def changed(self) -> None:
        self._api.unlimited()

    def advanced(self) -> None:
        self._states.run_due()

    def erased(self) -> None:
        self._api.reset()
        self._states.stop()

    def _commit(self, change: Change) -> None:
        self._journal.commit(change)
        self._parts.webhooks.schedule(change.events)
        self._states.run_due()

    # Transfers

    def _transfer(self, key: str) -> Row:
        row = self._books.table("transfers").get(key)
        if row is None:
            raise NotFoundError(f"no transfer {key}")
        return row

    def _move(self, key: str, state: str, amount: Decimal | None = None) -> Row:
        row = self._transfer(key)
        payment = self._books.payment(row)
        if state not in STATES:
            raise BadValueError(f"state is one of {', '.join(STATES)}")
        if payment is None and state in PAID_STATES:
            raise BadValueError("the transfer is not funded")
        if amount is not None and payment is not None and amount > Decimal(payment["amount"]):
            raise BadValueError(f"no more than {payment['amount']} was taken")
        change = Change()
        after = self._states.move(
            change, row, state, amount=None if amount is None else str(amount)
        )
        if payment is not None and state in PAID_STATES:
            self._states.complete(change, row, after["occurred"])
        self._commit(change)
        return after

    async def _push(self, ids: list[str], values: Values) -> Row:
        """Any state, also an earlier one: Wise promises no order."""
        return self._move(ids[0], str(values.get("state", "")), decimal(values, "amount"))

    async def _bounce(self, ids: list[str], values: Values) -> Row:
        """Sent, then so many days later, then back."""
        days = whole(values, "days", self._parts.settings.knobs.bounce_days)
        if self._transfer(ids[0])["status"] not in (SENT, BOUNCED):
            self._move(ids[0], SENT)
        self._clock.advance(days * 86_400)
        self.advanced()
        row = self._transfer(ids[0])
        return row if row["status"] in (BOUNCED, REFUNDED) else self._move(ids[0], BOUNCED)

    async def _refund(self, ids: list[str], values: Values) -> Row:
        """Money comes back, less than was taken if an amount or a percentage says so."""
        row, amount = self._transfer(ids[0]), decimal(values, "amount")
        payment, percent = self._books.payment(row), values.get("percent")
        if payment is None:
            raise BadValueError("the transfer is not funded")
        if row["refunded"] is not None:
            raise BadValueError("the money is back already")
        if amount is None and percent not in (None, ""):
            share = whole(values, "percent")
            amount = Decimal(payment["amount"]) * share / 100
            amount = money.rounded(amount, row["source_currency"])
        return self._move(ids[0], REFUNDED, amount)

    async def _fail_payout(self, ids: list[str], values: Values) -> Row:
        row, change = self._transfer(ids[0]), Change()
        code = str(values.get("code") or "ACCOUNT_CLOSED")
        self._parts.webhooks.payout_failure(change, row, code, self._clock.now_ms())
        self._commit(change)
        return row

    # Quotes, rates, balances

    def _quote(self, key: str) -> Row:
        row = self._books.table("quotes").get(key)
        if row is None:
            raise NotFoundError(f"no quote {key}")
        return row

    async def _expire(self, ids: list[str], _values: Values) -> Row:
        row = {**self._quote(ids[0]), "expires": self._clock.now_ms()}
        self._books.save("quotes", ids[0], row)
        return row

    async def _reprice(self, ids: list[str], values: Values) -> Row:
        fee, change = decimal(values, "fee"), Change()
        if fee is None:
            raise BadValueError("fee is an amount")
        row = self._parts.quotes.reprice(change, self._quote(ids[0]), fee)
        self._commit(change)
        return row

    async def _set_rate(self, _ids: list[str], values: Values) -> Row:
        source, target = (str(values.get(name, "")).upper() for name in ("source", "target"))
        rate = decimal(values, "rate")
        if rate is None or not {source, target} <= set(money.IN_DOLLARS):
            raise BadValueError("source and target are known currencies, rate is a number")
        row = {"rate": str(rate)}
        self._books.save("rates", f"{source}{target}", row)
        return row

    async def _topup(self, _ids: list[str], values: Values) -> Row:
        amount = decimal(values, "amount")
        if amount is None:
            raise BadValueError("amount is an amount such as 12.50")
        return self._settle(values, amount, "topup")

    async def _drain(self, _ids: list[str], values: Values) -> Row:
        amount = decimal(values, "amount")
        return self._settle(values, None if amount is None else -amount, "drain")

    def _settle(self, values: Values, amount: Decimal | None, kind: str) -> Row:
        profile = whole(values, "profile", BUSINESS)
        currency = str(values.get("currency") or "USD").upper()
        balance = self._books.balance(profile, currency)
        if balance is None:
            raise BadValueError(f"no balance in {currency}")
        change = Change()
        signed = -Decimal(balance["amount"]) if amount is None else amount
        if signed:
            line = self._books.move(change, balance, signed, kind)
            self._parts.webhooks.balance_update(change, line)
        self._commit(change)
        return {"balances": self.report.books()["balances"]}

    # Recipients

    def _recipient(self, key: str) -> Row:
        row = self._books.table("recipients").get(key)
        if row is None:
            raise NotFoundError(f"no recipient {key}")
        return row

    async def _change_recipient(self, ids: list[str], values: Values) -> Row:
        """`words`: what goes wrong with it, as a list or one word to add; `active`."""
        row, given = self._recipient(ids[0]), values.get("words")
        if isinstance(given, str):
            given = [*words_of(row), given]
        if given is not None:
            if not isinstance(given, list) or set(given) - set(WORDS) - set(TRAITS):
                raise BadValueError(f"words are of {', '.join([*WORDS, *TRAITS])}")
            row = {**row, "words": list(dict.fromkeys(given))}
        if "active" in values:
            row = {**row, "active": values["active"] in (True, "true")}
        self._books.save("recipients", ids[0], row)
        return row

    async def _cure(self, ids: list[str], _values: Values) -> Row:
        row = {**self._recipient(ids[0]), "words": [], "active": True}
        self._books.save("recipients", ids[0], row)
        return row

    async def _approve(self, ids: list[str], _values: Values) -> Row:
        if not self._parts.access.approve(ids[0]):
            raise NotFoundError(f"no one-time token {ids[0]}")
        return {"approved": ids[0]}

    async def _test(self, _ids: list[str], _values: Values) -> Row:
        change = Change()
        self._parts.webhooks.test(change)
        self._commit(change)
        return {"events": change.events}
