"""The books in the words of a test or of the control page. Amounts are decimal strings."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from sandbox.journal import Row
from sandbox.wise import money
from sandbox.wise.api import Api
from sandbox.wise.faults import words_of
from sandbox.wise.parts import Parts
from sandbox.wise.settings import PROFILES

COUNTED = ("ctid_repeats", "ctid_conflicts", "fund_conflicts", "quotes_reused")


def news(event: Row) -> str:
    """What an event says in a word: the state, or the amount that moved."""
    data = money.loads(event["body"])["data"]
    amount = data.get("amount") or data.get("resource", {}).get("refund_amount")
    word = data.get("current_state") or data.get("failure_reason_code") or amount
    return "" if word is None else str(word)


class Report:
    """Reads only."""

    def __init__(self, parts: Parts, api: Api) -> None:
        self._parts = parts
        self._table = parts.journal.table
        self._api = api

    def funded(self) -> dict[str, Counter[str]]:
        """How often each thing has been paid: by ctid, recipient, bank account, reference, and by
        reference what has not come back.
        """
        counts: dict[str, Counter[str]] = {
            name: Counter() for name in ("ctid", "recipient", "account", "reference", "live")
        }
        for payment in self._table("payments").values():
            row = self._table("transfers")[str(payment["transfer"])]
            recipient = self._table("recipients")[str(row["recipient"])]
            reference = str(row["details"].get("reference") or "")
            counts["ctid"][row["ctid"]] += 1
            counts["recipient"][str(row["recipient"])] += 1
            counts["account"][recipient["account"]] += 1
            if reference:
                counts["reference"][reference] += 1
                counts["live"][reference] += row["refunded"] is None
        return counts

    def _moved(self, kinds: dict[str, int]) -> dict[str, str]:
        sums: dict[str, Decimal] = {}
        for row in self._table("ledger").values():
            if row["kind"] in kinds:
                before = sums.get(row["currency"], Decimal(0))
                sums[row["currency"]] = before + kinds[row["kind"]] * Decimal(row["amount"])
        return {currency: str(amount) for currency, amount in sums.items()}

    def totals(self) -> Row:
        """What has moved, in few numbers. A healthy run has no `paid_more_than_once`."""
        live = self.funded()["live"]
        counts = self._api.counts
        states = Counter(row["status"] for row in self._table("transfers").values())
        return {
            "recipients": len(self._table("recipients")),
            "quotes": len(self._table("quotes")),
            "transfers": len(self._table("transfers")),
            "funded": len(self._table("payments")),
            "states": dict(states),
            "debits": self._moved({"transfer": -1}),
            "refunds": self._moved({"refund": 1, "refund undone": 1}),
            "paid_more_than_once": [name for name, times in live.items() if times > 1][:100],
            **{name: self._parts.books.counted(name) for name in COUNTED},
            "calls": dict(self._api.calls),
            "requests": counts["requests"],
            "rate_limited": counts["rate_limited"],
            "http_500": counts["http_500"],
            "faults_fired": counts["faults"],
            "events": len(self._table("events")),
            "webhooks_pending": len(self._parts.webhooks.pending()),
        }

    def books(self) -> Row:
        """Everything, to assert on."""
        funded = self.funded()
        return {
            "balances": {
                kind: {row["currency"]: row["amount"] for row in self._parts.books.balances(number)}
                for number, kind in PROFILES.items()
            },
            "transfers": [
                {**row, "payment": self._table("payments").get(key)}
                for key, row in self._table("transfers").items()
            ],
            "recipients": [
                {**row, "words": words_of(row)} for row in self._table("recipients").values()
            ],
            "quotes": list(self._table("quotes").values()),
            "ledger": list(self._table("ledger").values()),
            "agenda": self._table("agenda"),
            "clock": self._parts.clock.now(),
            "totals": {
                **self.totals(),
                "funded_by_ctid": dict(funded["ctid"]),
                "funded_by_recipient": dict(funded["recipient"]),
                "funded_by_account": dict(funded["account"]),
                "funded_by_reference": dict(funded["reference"]),
                "live_by_reference": dict(funded["live"]),
            },
        }

    def deliveries(self, limit: int) -> list[Row]:
        """Newest first."""
        events, rows = self._table("events"), self._table("deliveries")
        newest = [key for key, _ in zip(reversed(rows), range(limit), strict=False)]
        return [
            {
                "event": key,
                "type": events[key]["type"],
                "transfer": events[key]["transfer"],
                "about": " ".join(
                    filter(None, (str(events[key]["transfer"] or ""), news(events[key])))
                ),
                "body": events[key]["body"],
                "created": events[key]["created"],
                **rows[key],
            }
            for key in newest
        ]
