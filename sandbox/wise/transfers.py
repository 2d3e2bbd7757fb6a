"""Transfers: created without moving money, one per customerTransactionId, listed, cancelled."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any
from uuid import UUID

from sandbox.clock import Clock
from sandbox.journal import Change, Row
from sandbox.wise import errors, money, objects, times
from sandbox.wise.books import Books
from sandbox.wise.calls import Call, Reply, Route
from sandbox.wise.faults import words_of
from sandbox.wise.quotes import Quotes
from sandbox.wise.settings import PERSONAL, Settings
from sandbox.wise.states import CANCELLED, PROCESSING, WAITING, States

DEFAULT_LIMIT = 10
MAX_LIMIT = 100


def uuid_of(value: Any) -> str | None:
    """The canonical form of a UUID, None for anything else."""
    try:
        return str(UUID(value)) if isinstance(value, str) and len(value) == 36 else None
    except ValueError:
        return None


class Transfers:
    """The endpoints under /v1/transfers but for funding."""

    def __init__(
        self, clock: Clock, settings: Settings, books: Books, quotes: Quotes, states: States
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._books = books
        self._quotes = quotes
        self._states = states

    def routes(self) -> list[Route]:
        many, one = "/transfers", "/transfers/{t}"
        cancel, needs = "/transfers/{t}/cancel", "/transfer-requirements"
        estimate = "/delivery-estimates/{t}"
        return [
            Route("transfer.create", "POST", (f"/v1{many}",), many, self._create),
            Route("transfer.list", "GET", (f"/v1{many}",), many, self._list),
            Route("transfer.get", "GET", (f"/v1{one}",), one, self._get),
            Route("transfer.cancel", "PUT", (f"/v1{cancel}",), cancel, self._cancel),
            Route("transfer.needs", "POST", (f"/v1{needs}",), needs, self._needs),
            Route("transfer.estimate", "GET", (f"/v1{estimate}",), estimate, self._estimate),
        ]

    def words(self, row: Row) -> tuple[str, ...]:
        """What is wrong with a transfer's recipient."""
        return words_of(self._books.table("recipients").get(str(row["recipient"])))

    # Create

    def _create(self, call: Call, change: Change) -> Reply:
        target, quoted, ctid = self._named(call.body)
        print_ = self._fingerprint(call.body)
        profile = (self._books.table("quotes").get(quoted) or {}).get("profile")
        existing = self._books.by_ctid(profile, ctid) if profile is not None else None
        if existing is not None:
            return self._repeated(existing, print_)
        recipient = self._books.table("recipients").get(str(target))
        if recipient is None or not recipient["active"]:
            raise errors.invalid("targetAccount", "Recipient not found or inactive.", str(target))
        if call.work == "quote_expired":
            self._expire(quoted)
        quote = self._quotes.usable(call, change, quoted)
        if recipient["profile"] != quote["profile"]:
            raise errors.invalid("targetAccount", "Recipient of another profile.", str(target))
        if recipient["currency"] != quote["target_currency"]:
            raise errors.invalid("targetAccount", "Recipient of another currency.", str(target))
        row = self._row(call.body, quote, ctid, print_)
        change.put("ctids", f"{quote['profile']}:{ctid}", {"transfer": row["id"]})
        change.put("quotes", quote["id"], {**quote, "transfer": row["id"]})
        self._states.created(change, row, **call.delivery)
        return Reply(objects.transfer(row))

    def _named(self, body: Row) -> tuple[int, str, str]:
        target, quoted = body.get("targetAccount"), uuid_of(body.get("quoteUuid"))
        ctid = uuid_of(body.get("customerTransactionId"))
        problems = []
        if isinstance(target, bool) or not isinstance(target, int):
            problems.append(("targetAccount", "Please specify a recipient.", target))
        if quoted is None:
            problems.append(("quoteUuid", "Please specify a quote.", body.get("quoteUuid")))
        if ctid is None:
            given = body.get("customerTransactionId")
            problems.append(("customerTransactionId", "Please specify a UUID.", given))
        details = body.get("details")
        if details is not None and not isinstance(details, dict):
            problems.append(("details", "Not an object.", details))
        if problems or not isinstance(target, int) or quoted is None or ctid is None:
            items = [errors.item("NOT_VALID", m, path, path, str(v)) for path, m, v in problems]
            raise errors.listed(422, *items)
        return target, quoted, ctid

    def _fingerprint(self, body: Row) -> str:
        canonical = json.dumps(json.loads(money.dumps(body)), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def _repeated(self, existing: Row, print_: str) -> Reply:
        same = existing["fingerprint"] == print_
        self._books.count("ctid_repeats" if same else "ctid_conflicts")
        words = self.words(existing)
        status = self._settings.knobs.ctid_repeat
        if "CTID 409" in words:
            status = 409
        elif "CTID 422" in words:
            status = 422
        if status == 200:
            return Reply(objects.transfer(existing))
        message = "A transfer with this customerTransactionId exists already."
        raise errors.listed(
            status, errors.item("transfer.already.exists", message, "customerTransactionId")
        )

    def _expire(self, quoted: str) -> None:
        """Really: the quote stays expired whatever happens to this call."""
        row = self._books.table("quotes").get(quoted)
        if row is not None and row["transfer"] is None:
            self._books.save("quotes", quoted, {**row, "expires": self._clock.now_ms()})

    def _row(self, body: Row, quote: Row, ctid: str, print_: str) -> Row:
        option = self._quotes.balance_option(quote)
        source = Decimal(option["source"]) - Decimal(option["fee"])
        now = self._clock.now_ms()
        return {
            "id": self._books.transfer_ids.take(),
            "profile": quote["profile"],
            "recipient": body["targetAccount"],
            "source_account": body.get("sourceAccount"),
            "quote": quote["id"],
            "ctid": ctid,
            "fingerprint": print_,
            "details": body.get("details") or {},
            "status": WAITING,
            "created": now,
            "occurred": now,
            "rate": quote["rate"],
            "source_currency": quote["source_currency"],
            "source_value": str(source),
            "target_currency": quote["target_currency"],
            "target_value": option["target"],
            "issues": False,
            "refunded": None,
        }

    # Read

    def _get(self, call: Call, _change: Change) -> Reply:
        return Reply(objects.transfer(self._books.transfer(call.ids["t"], call.path)))

    def _estimate(self, call: Call, _change: Change) -> Reply:
        row = self._books.transfer(call.ids["t"], call.path)
        day = times.zulu(row["created"] + 86_400_000)
        return Reply({"estimatedDeliveryDate": day, "formattedEstimatedDeliveryDate": day[:10]})

    def _needs(self, _call: Call, _change: Change) -> Reply:
        reference = {"key": "reference", "name": "Transfer reference", "type": "text",
                     "required": False, "maxLength": 100}  # fmt: skip
        field = {"name": "Transfer reference", "group": [reference]}
        return Reply([{"type": "transfer", "usageInfo": None, "fields": [field]}])

    def _list(self, call: Call, _change: Change) -> Reply:
        """Ascending ids. Without `profile` the personal one is meant, as at Wise."""
        query = call.query
        profile = self._books.profile(query.get("profile", str(PERSONAL)), call.path)
        try:
            limit = min(int(query.get("limit", DEFAULT_LIMIT)), MAX_LIMIT)
            start = int(query.get("offset", 0))
            earliest = times.parse(query.get("createdDateStart", "1970-01-01"))
            latest = times.parse(query.get("createdDateEnd", "9999-12-31"), end=True)
            if limit < 1 or start < 0:
                raise ValueError("limit and offset")
        except ValueError as error:
            raise errors.generic(400, f"Bad parameter: {error}", call.path) from None
        lag = self._settings.knobs.list_lag_seconds * 1000
        latest = min(latest, self._clock.now_ms() - lag)
        wanted = {
            "source_currency": query.get("sourceCurrency"),
            "target_currency": query.get("targetCurrency"),
        }
        states = set(filter(None, query.get("status", "").split(",")))
        table = self._books.table("transfers")
        rows = [
            row
            for row in map(
                table.__getitem__, self._books.transfers.where.get(("profile", str(profile)), [])
            )
            if earliest <= row["created"] <= latest
            and (not states or row["status"] in states)
            and all(value in (None, row[name]) for name, value in wanted.items())
        ]
        return Reply([objects.transfer(row) for row in rows[start : start + limit]])

    # Cancel

    def _cancel(self, call: Call, change: Change) -> Reply:
        row = self._books.transfer(call.ids["t"], call.path)
        free = row["status"] in (WAITING, PROCESSING) and not row["issues"]
        if not free or "NO CANCEL" in self.words(row):
            message = f"Transfer cannot be cancelled while it is {row['status']}."
            raise errors.coded(409, "transfer.cancellation.not.allowed", message)
        return Reply(objects.transfer(self._states.move(change, row, CANCELLED, **call.delivery)))
