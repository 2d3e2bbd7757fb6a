"""The books in the words of a test or of the control page."""

from __future__ import annotations

from sandbox.journal import Row
from sandbox.stripe.api import Api
from sandbox.stripe.parts import Parts


class Report:
    """Reads only."""

    def __init__(self, parts: Parts, api: Api) -> None:
        self._journal = parts.journal
        self._clock = parts.clock
        self._books = parts.books
        self._keys = parts.keys
        self._webhooks = parts.webhooks
        self._api = api

    def totals(self) -> Row:
        """What has moved, in few numbers. A healthy run has no `paid_more_than_once`."""
        sums = self._books.totals
        table = self._journal.table
        executions = [int(row["times"]) for row in table("executions").values()]
        counts = self._api.counts
        return {
            "movements": len(table("transfers")),
            "reversals": len(table("reversals")),
            "destinations": len(sums.by_destination),
            "amount_by_currency": dict(sums.by_currency),
            "keys": len(executions),
            "max_executions_per_key": max(executions, default=0),
            "paid_more_than_once": [g for g, times in sums.by_group.items() if times > 1][:100],
            "key_conflicts": self._keys.conflicts,
            "key_in_use": self._keys.in_use + counts["ordered_409"],
            "replays": self._keys.replays,
            "http_429": counts["http_429"],
            "rate_limited": counts["rate_limited"],
            "http_500": counts["http_500"],
            "requests": counts["requests"],
            "faults_fired": counts["faults"],
            "events": len(table("events")),
            "webhooks_pending": len(self._webhooks.pending()),
        }

    def books(self) -> Row:
        """Everything, to assert on."""
        table = self._journal.table
        sums = self._books.totals
        return {
            "balance": self._books.available(),
            "transfers": list(table("transfers").values()),
            "reversals": list(table("reversals").values()),
            "keys": {
                key: {"status": row["status"], "created": row["created"]}
                for key, row in table("keys").items()
            },
            "keys_running": self._keys.running(),
            "clock": self._clock.now(),
            "totals": {
                **self.totals(),
                "amount_by_destination": {k: dict(v) for k, v in sums.by_destination.items()},
                "movements_by_group": dict(sums.by_group),
                "executions_by_key": {k: v["times"] for k, v in table("executions").items()},
            },
        }

    def deliveries(self, limit: int) -> list[Row]:
        """Newest first."""
        events = self._journal.table("events")
        rows = self._journal.table("deliveries")
        found = []
        for key in reversed(rows):
            event = events[key]
            found.append(
                {
                    "event": key,
                    "type": event["type"],
                    "object": event["data"]["object"]["id"],
                    "created": event["created"],
                    **rows[key],
                }
            )
            if len(found) == limit:
                break
        return found
