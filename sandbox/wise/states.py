"""A transfer's states: what each change moves and tells, and what happens later by the clock.

Wise promises no order: a state may be left again, even funds_refunded. So a change of state is never
refused here; the doors that have rules (simulation, cancel) check them before. Money follows the
state: what was refunded is taken again when the transfer leaves the refunded states.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

from sandbox.clock import Clock
from sandbox.journal import Change, Journal, Row
from sandbox.wise import money
from sandbox.wise.books import Books
from sandbox.wise.faults import WORDS, words_of
from sandbox.wise.settings import Settings
from sandbox.wise.webhooks import Webhooks

WAITING = "incoming_payment_waiting"
PROCESSING = "processing"
CONVERTED = "funds_converted"
SENT = "outgoing_payment_sent"
CANCELLED = "cancelled"
BOUNCED = "bounced_back"
REFUNDED = "funds_refunded"
CHARGED_BACK = "charged_back"
STATES = (
    WAITING, "incoming_payment_initiated", "waiting_recipient_input_to_proceed", PROCESSING,
    CONVERTED, SENT, CANCELLED, BOUNCED, REFUNDED, CHARGED_BACK, "unknown",
)  # fmt: skip
RETURNED = (REFUNDED, CHARGED_BACK)
QUIRKS = ("WEBHOOK LOST", "WEBHOOK TWICE", "WEBHOOK TWIN", "WEBHOOK LATE")
DAY_MS = 86_400_000
# Never further ahead than the loop can count on; the timer is set again when it fires.
LONGEST_NAP_SECONDS = 3600.0


class States:
    """Moves transfers and keeps the agenda of what is due later."""

    def __init__(
        self, journal: Journal, clock: Clock, settings: Settings, books: Books, webhooks: Webhooks
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._settings = settings
        self._books = books
        self._webhooks = webhooks
        self._timer: asyncio.TimerHandle | None = None

    def created(self, change: Change, row: Row, **mode: Any) -> None:
        """A new transfer waits for its money, and not for ever."""
        mode = self._told(row, mode)
        change.put("transfers", str(row["id"]), row)
        self._webhooks.state_change(change, row, None, **mode)
        days = self._settings.knobs.unfunded_days
        if days:
            self._plan(change, row, CANCELLED, row["created"] + days * DAY_MS)

    def move(
        self, change: Change, row: Row, target: str, *, at: int | None = None,
        amount: str | None = None, **mode: Any,
    ) -> Row:  # fmt: skip
        """Change the state, with its money, events and sequel; returns the transfer as it is then.

        `amount` is what a refund really brings back; the whole debit unless given.
        """
        mode = self._told(row, mode)
        moment = max(self._clock.now_ms() if at is None else at, row["occurred"] + 1)
        stuck = "STUCK" in self._words(row) and target == PROCESSING
        after: Row = {**row, "status": target, "occurred": moment, "issues": stuck}
        paid = self._books.payment(row) is not None
        if paid and target in RETURNED and row["refunded"] is None:
            after["refunded"] = self._refund(change, after, amount, **mode)
        elif row["refunded"] is not None and target not in RETURNED:
            self._settle(change, after, -Decimal(row["refunded"]), "refund undone", **mode)
            after["refunded"] = None
        change.put("transfers", str(row["id"]), after)
        self._webhooks.state_change(change, after, row["status"], **mode)
        self._sequel(change, after, paid=paid)
        return after

    def _refund(self, change: Change, row: Row, amount: str | None, **mode: Any) -> str:
        whole = self._books.payment(row)
        assert whole is not None
        share = self._settings.knobs.short_refund_percent
        if amount is None and "SHORT REFUND" in self._words(row):
            amount = str(Decimal(whole["amount"]) * share / 100)
        back = money.rounded(Decimal(amount or whole["amount"]), row["source_currency"])
        self._settle(change, row, back, "refund", **mode)
        if row["status"] == REFUNDED:
            self._webhooks.refund(change, row, str(back), **mode)
        return str(back)

    def _settle(self, change: Change, row: Row, amount: Decimal, kind: str, **mode: Any) -> None:
        balance = self._books.balance(row["profile"], row["source_currency"])
        assert balance is not None, "a paid transfer came out of a balance"
        line = self._books.move(
            change, balance, amount, kind, transfer=row["id"], at=row["occurred"]
        )
        self._webhooks.balance_update(change, line, **mode)

    def _words(self, row: Row) -> tuple[str, ...]:
        return words_of(self._books.table("recipients").get(str(row["recipient"])))

    def _told(self, row: Row, mode: Row) -> Row:
        """How its events are delivered: as the call's fault says, else as the recipient's name."""
        if mode.get("mode"):
            return mode
        name = next((WORDS[word][1] for word in self._words(row) if word in QUIRKS), "")
        late = self._settings.knobs.webhook_late_ms if name == "webhook_late" else 0
        return {"mode": name, "delay_ms": late}

    # What happens later

    def _sequel(self, change: Change, row: Row, *, paid: bool) -> None:
        knobs, words, moment = self._settings.knobs, self._words(row), row["occurred"]
        step = moment + knobs.progress_seconds * 1000
        change.put("agenda", str(row["id"]), None)
        if row["status"] == PROCESSING and knobs.progress_seconds and "STUCK" not in words:
            self._plan(change, row, CONVERTED, step)
        elif row["status"] == CONVERTED and knobs.progress_seconds:
            self._plan(change, row, SENT, step)
        elif row["status"] == SENT and {"BOUNCE", "SHORT REFUND"} & set(words):
            self._plan(change, row, BOUNCED, moment + knobs.bounce_days * DAY_MS)
        elif paid and row["status"] in (BOUNCED, CANCELLED):
            later = moment + knobs.refund_delay_seconds * 1000
            self._plan(change, row, REFUNDED, later)
        if row["status"] == SENT and "PAYOUT FAILURE" in words:
            self._webhooks.payout_failure(change, row, "WRONG_NAME", moment)

    def _plan(self, change: Change, row: Row, target: str, at: int) -> None:
        change.put("agenda", str(row["id"]), {"from": row["status"], "to": target, "at": at})

    def plan_completion(self, change: Change, row: Row, at: int) -> None:
        """A payment that was only created completes later."""
        self._plan(change, row, PROCESSING, at)

    def complete(self, change: Change, row: Row, at: int) -> None:
        """The payment is done: it shows from now on."""
        payment = self._books.payment(row)
        if payment is not None and payment["completed"] is None:
            change.put("payments", str(row["id"]), {**payment, "completed": at})

    def run_due(self) -> None:
        """Do everything that is due, in the order in which it fell due. Needs a running loop."""
        while (due := self._next()) is not None and due[0] <= self._clock.now_ms():
            at, key = due
            entry = self._journal.table("agenda")[key]
            row = self._journal.table("transfers")[key]
            change = Change()
            change.put("agenda", key, None)
            if row["status"] == entry["from"]:
                if entry["to"] == PROCESSING:
                    self.complete(change, row, at)
                self.move(change, row, entry["to"], at=at)
            self._journal.commit(change)
            self._webhooks.schedule(change.events)
        self._arm()

    def _next(self) -> tuple[int, str] | None:
        rows = self._journal.table("agenda")
        return min(((row["at"], key) for key, row in rows.items()), default=None)

    def _arm(self) -> None:
        self.stop()
        due = self._next()
        if due is not None:
            wait = (due[0] - self._clock.now_ms()) / 1000
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(min(max(wait, 0.01), LONGEST_NAP_SECONDS), self.run_due)

    def stop(self) -> None:
        """No more timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
