"""Stripe's events: recorded in the change that causes them, signed afresh for each attempt."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from sandbox.clock import Clock
from sandbox.columns import Column
from sandbox.delivery import Deliveries, Letter
from sandbox.journal import Change, Journal, Row
from sandbox.stripe import objects
from sandbox.stripe.settings import Settings


def signature(secret: str, body: bytes, moment: int) -> str:
    """The Stripe-Signature header for a body sent at `moment` (real Unix seconds)."""
    digest = hmac.new(secret.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


class Webhooks(Deliveries):
    """One endpoint, of this process, that gets every event."""

    def __init__(
        self, journal: Journal, clock: Clock, settings: Settings, url: str, secret: str
    ) -> None:
        super().__init__(journal, settings)
        self._clock = clock
        self.url = url
        self.secret = secret
        self.events = Column(journal, "events", ("type",))

    def record(
        self,
        change: Change,
        kind: str,
        payload: Row,
        *,
        request: Row,
        mode: str = "",
        delay_ms: int = 0,
        account: str = "",
        previous: Row | None = None,
    ) -> None:
        """Add an event. `mode` is a webhook fault's name or empty."""
        for _ in range(2 if mode == "webhook_twin" else 1):
            event = objects.event(kind, payload, created=self._clock.now(), request=request)
            if account:
                event["account"] = account
            if previous is not None:
                event["data"]["previous_attributes"] = previous
            change.put("events", event["id"], event)
            self.put(change, event["id"], mode=mode, delay_ms=delay_ms)

    def letter(self, key: str) -> Letter | None:
        """The event as it is, signed with this moment."""
        event = self._journal.table("events").get(key)
        if event is None or not self.url:
            return None
        body = json.dumps(event).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(self.secret, body, int(time.time())),
        }
        return Letter(self.url, body, headers)
