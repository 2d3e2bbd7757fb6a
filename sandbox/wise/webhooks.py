"""Wise's notifications: one delivery per matching subscription, signed over the raw body."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from sandbox.clock import Clock
from sandbox.delivery import Deliveries, Letter, post
from sandbox.journal import Change, Journal, Row
from sandbox.wise import money, times
from sandbox.wise.settings import BUSINESS, Settings
from sandbox.wise.signing import Signer

TRIGGERS = (
    "transfers#state-change",
    "transfers#refund",
    "transfers#payout-failure",
    "transfers#active-cases",
    "balances#update",
)
MAX_ATTEMPTS = 25
MAX_ATTEMPTS_AFTER_400 = 3
Moment = Callable[[int], str]


class Webhooks(Deliveries):
    """Subscriptions of the books, and one for everything to this process' own endpoint."""

    def __init__(
        self, journal: Journal, clock: Clock, settings: Settings, signer: Signer, url: str
    ) -> None:
        super().__init__(journal, settings)
        self._clock = clock
        self._settings = settings
        self._signer = signer
        self.url = url

    def subscriptions(self, trigger: str, profile: int) -> list[Row]:
        """Those that want an event, the process' own first."""
        own: Row = {
            "id": str(uuid5(NAMESPACE_URL, f"own:{trigger}")),
            "version": "4.0.0",
            "url": None,
        }
        rows = self._journal.table("subscriptions").values()
        return [own] + [
            row for row in rows if row["trigger"] == trigger and row["profile"] == profile
        ]

    def record(
        self, change: Change, trigger: str, profile: int, data: Callable[[Moment], Row], *,
        transfer: int | None = None, mode: str = "", delay_ms: int = 0, test: bool = False,
    ) -> None:  # fmt: skip
        """Add an event for every subscription. `data` is told how this version writes moments."""
        for row in self.subscriptions(trigger, profile):
            precise = not row["version"].startswith("2")
            moment = times.zulu_ms if precise else times.zulu
            for _ in range(2 if mode == "webhook_twin" else 1):
                key = str(uuid4())
                payload = {
                    "data": data(moment),
                    "subscription_id": row["id"],
                    "event_type": trigger,
                    "schema_version": row["version"],
                    "sent_at": moment(self._clock.now_ms()),
                }
                change.put(
                    "events",
                    key,
                    {
                        "body": money.dumps(payload),
                        "type": trigger,
                        "transfer": transfer,
                        "subscription": row["id"] if row["url"] else None,
                        "created": self._clock.now(),
                        "test": test,
                    },
                )
                jitter = self._settings.knobs.webhook_jitter_ms
                late = delay_ms + (random.randrange(jitter) if jitter else 0)
                self.put(change, key, mode=mode, delay_ms=late)

    def state_change(self, change: Change, row: Row, previous: str | None, **mode: Any) -> None:
        """transfers#state-change for a transfer as it is now."""

        def data(moment: Moment) -> Row:
            return {
                "resource": resource(row),
                "current_state": row["status"],
                "previous_state": previous,
                "occurred_at": moment(row["occurred"]),
            }

        trigger = "transfers#state-change"
        self.record(change, trigger, row["profile"], data, transfer=row["id"], **mode)

    def refund(self, change: Change, row: Row, amount: str, **mode: Any) -> None:
        """transfers#refund with what really came back."""

        def data(moment: Moment) -> Row:
            return {
                "resource": {
                    **resource(row),
                    "refund_amount": Decimal(amount),
                    "refund_currency": row["source_currency"],
                },
                "occurred_at": moment(row["occurred"]),
            }

        trigger = "transfers#refund"
        self.record(change, trigger, row["profile"], data, transfer=row["id"], **mode)

    def payout_failure(self, change: Change, row: Row, code: str, at: int) -> None:
        """transfers#payout-failure: informational, the state need not change."""

        def data(moment: Moment) -> Row:
            return {
                "transfer_id": row["id"],
                "profile_id": row["profile"],
                "failure_reason_code": code,
                "failure_description": code.replace("_", " ").capitalize(),
                "occurred_at": moment(at),
            }

        trigger = "transfers#payout-failure"
        self.record(change, trigger, row["profile"], data, transfer=row["id"])

    def balance_update(self, change: Change, line: Row, **mode: Any) -> None:
        """balances#update for a line of the ledger."""
        amount = Decimal(line["amount"])

        def data(moment: Moment) -> Row:
            return {
                "resource": {
                    "type": "balance-account",
                    "id": line["balance"],
                    "profile_id": line["profile"],
                },
                "amount": abs(amount),
                "balance_id": line["balance"],
                "channel_name": "TRANSFER" if line["transfer"] else "BANK_TRANSFER",
                "currency": line["currency"],
                "occurred_at": moment(line["at"]),
                "post_transaction_balance_amount": Decimal(line["running"]),
                "step_id": line["id"],
                "transaction_type": "debit" if amount < 0 else "credit",
                "transfer_reference": reference(line),
            }

        self.record(
            change, "balances#update", line["profile"], data, transfer=line["transfer"], **mode
        )

    # Delivery

    def reachable(self, key: str) -> bool:
        return bool(self._address(key))

    def _address(self, key: str) -> str:
        event = self._journal.table("events").get(key)
        if event is None:
            return ""
        if event["subscription"] is None:
            return self.url
        row = self._journal.table("subscriptions").get(event["subscription"])
        return "" if row is None else str(row["url"])

    def letter(self, key: str) -> Letter | None:
        address = self._address(key)
        if not address:
            return None
        event = self._journal.table("events")[key]
        body = event["body"].encode()
        identity = str(uuid4()) if self._settings.knobs.delivery_id_per_attempt else key
        return Letter(address, body, self.headers(body, identity, test=event["test"]))

    def headers(self, body: bytes, identity: str, *, test: bool) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Wise-Webhooks",
            "X-Signature-SHA256": self._signer.sign(body),
            "X-Delivery-Id": identity,
        }
        return {**headers, "X-Test-Notification": "true"} if test else headers

    def gives_up(self, attempts: int, status: int | None) -> bool:
        return attempts >= (MAX_ATTEMPTS_AFTER_400 if status == 400 else MAX_ATTEMPTS)

    async def probe(self, url: str) -> bool:
        """Whether a new subscription's URL answers 2xx to a test notification."""
        payload = {"data": {}, "event_type": "test", "schema_version": "4.0.0",
                   "sent_at": times.zulu_ms(self._clock.now_ms())}  # fmt: skip
        body = money.dumps(payload).encode()
        try:
            status = await post(url, body, self.headers(body, str(uuid4()), test=True))
        except (OSError, ValueError, TimeoutError):
            return False
        return 200 <= status < 300

    def test(self, change: Change) -> None:
        """A notification about a transfer that does not exist, marked as a test."""
        row = {"id": 0, "profile": BUSINESS, "recipient": 0, "status": "processing",
               "occurred": self._clock.now_ms()}  # fmt: skip
        self.state_change(change, row, "incoming_payment_waiting", test=True)


def resource(row: Row) -> Row:
    """The transfer that an event is about; its customerTransactionId is not told."""
    return {
        "type": "transfer",
        "id": row["id"],
        "profile_id": row["profile"],
        "account_id": row["recipient"],
    }


def reference(line: Row) -> str:
    """What ties a movement of a balance to its transfer."""
    return f"TRANSFER-{line['transfer']}" if line["transfer"] else f"BALANCE-{line['id']}"
