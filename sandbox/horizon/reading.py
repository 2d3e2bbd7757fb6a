"""Every GET of Horizon."""

from __future__ import annotations

import re

from stellar_sdk import StrKey

from sandbox.horizon import errors, objects
from sandbox.horizon.calls import Call, Paging, Reply, Route
from sandbox.horizon.history import EVERYBODY, History
from sandbox.horizon.ledgers import Ledgers
from sandbox.horizon.network import OTHER_PASSPHRASE, PASSPHRASE
from sandbox.horizon.records import toid
from sandbox.horizon.settings import Settings
from sandbox.horizon.view import View
from sandbox.journal import Row


class Reading:
    """Answers from what is ingested."""

    def __init__(self, settings: Settings, ledgers: Ledgers, history: History, view: View) -> None:
        self._settings = settings
        self._ledgers = ledgers
        self._history = history
        self._view = view

    def routes(self) -> list[Route]:
        table = [
            ("root", "/", self._root),
            ("accounts.get", "/accounts/{account}", self._account),
            ("accounts.payments", "/accounts/{account}/payments", self._list),
            ("accounts.operations", "/accounts/{account}/operations", self._list),
            ("accounts.transactions", "/accounts/{account}/transactions", self._list),
            ("payments.list", "/payments", self._list),
            ("operations.list", "/operations", self._list),
            ("transactions.list", "/transactions", self._list),
            ("transactions.get", "/transactions/{hash}", self._transaction),
            ("transactions.payments", "/transactions/{hash}/payments", self._parts),
            ("transactions.operations", "/transactions/{hash}/operations", self._parts),
            ("ledgers.list", "/ledgers", self._ledger_list),
            ("ledgers.get", "/ledgers/{ledger}", self._ledger),
            ("fee_stats", "/fee_stats", self._fee_stats),
        ]
        return [Route(operation, "GET", path, run) for operation, path, run in table]

    async def _root(self, call: Call) -> Reply:
        ingested, core = self._view.ingested(), self._ledgers.latest()
        wrong = self._settings.knobs.wrong_network
        return Reply(
            {
                "_links": objects.links(call.base, self="/", transactions="/transactions"),
                "horizon_version": "sandbox",
                "core_version": "sandbox",
                "ingest_latest_ledger": ingested,
                "history_latest_ledger": ingested,
                "history_latest_ledger_closed_at": self._closed_at(ingested),
                "history_elder_ledger": self._view.elder(),
                "core_latest_ledger": core,
                "network_passphrase": OTHER_PASSPHRASE if wrong else PASSPHRASE,
                "current_protocol_version": 23,
                "supported_protocol_version": 23,
                "core_supported_protocol_version": 23,
            }
        )

    def _closed_at(self, ledger: int) -> str:
        return objects.moment(self._ledgers.closed_ms(ledger))

    async def _account(self, call: Call) -> Reply:
        row = self._view.account(self._account_id(call))
        if row is None:
            raise errors.not_found()
        return Reply(objects.account(row, call.base))

    @staticmethod
    def _account_id(call: Call) -> str:
        given = call.ids["account"]
        if not StrKey.is_valid_ed25519_public_key(given):
            raise errors.bad_request(
                "account_id", "Account ID must start with `G` and contain 56 alphanum characters"
            )
        return given

    def _found(self, call: Call) -> Row:
        given = call.ids["hash"]
        if not re.fullmatch(r"[0-9a-f]{64}", given):
            raise errors.bad_request(
                "tx_id", "Transaction hash must be a hex-encoded, lowercase SHA-256 hash"
            )
        row = self._view.transaction(given)
        if row is None:
            raise errors.not_found()
        return row

    async def _transaction(self, call: Call) -> Reply:
        return Reply(objects.transaction(self._found(call), call.base, call.ids["hash"]))

    # Lists

    async def _list(self, call: Call) -> Reply:
        """Transactions, operations or payments, of everybody or of one account."""
        kind = call.path.rpartition("/")[2]
        who = EVERYBODY
        if "account" in call.ids:
            who = self._account_id(call)
            if not self._view.known(who):
                raise errors.not_found()
        paging = call.paging(self._view.ingested())
        self._within_history(paging)
        rows = self._view.page(
            kind, who, cursor=paging.cursor, descending=paging.descending, limit=paging.limit,
            failed=call.flag("include_failed"),
        )  # fmt: skip
        return Reply(self._page(call, paging, [self._shape(call, kind, row) for row in rows]))

    async def _parts(self, call: Call) -> Reply:
        """The operations of one transaction, failed or not."""
        kind = call.path.rpartition("/")[2]
        paging = call.paging(self._view.ingested())
        rows = self._history.of(self._found(call), kind)
        if paging.descending:
            rows.reverse()
        after = [row for row in rows if _beyond(row["id"], paging)]
        shapes = [self._shape(call, kind, row) for row in after[: paging.limit]]
        return Reply(self._page(call, paging, shapes))

    def _shape(self, call: Call, kind: str, row: Row) -> Row:
        if kind == "transactions":
            return objects.transaction(row, call.base)
        joined = call.query.get("join") or ""
        if joined not in ("", "transactions"):
            raise errors.bad_request("join", "Accepted values: transactions")
        return objects.operation(
            row, call.base, self._history.transaction(row["tx"]) if joined else None
        )

    def _within_history(self, paging: Paging) -> None:
        """Only a descending list is refused: an ascending one begins where history does."""
        cursor = paging.cursor
        if paging.descending and cursor is not None and cursor <= toid(self._view.elder(), 0):
            raise errors.before_history()

    def _page(self, call: Call, paging: Paging, shapes: list[Row]) -> Row:
        given = call.query.get("cursor", "")
        last = shapes[-1]["paging_token"] if shapes else given
        first = shapes[0]["paging_token"] if shapes else given
        order, other = ("desc", "asc") if paging.descending else ("asc", "desc")
        fixed = {"limit": str(paging.limit)}
        return objects.page(
            shapes,
            call.link(cursor=given, order=order, **fixed),
            call.link(cursor=last, order=order, **fixed),
            call.link(cursor=first, order=other, **fixed),
        )

    # Ledgers

    def _ledger_shape(self, call: Call, sequence: int) -> Row:
        ledgers = self._ledgers
        hashes = (ledgers.hash(sequence), ledgers.hash(sequence - 1))
        closed_ms, counts = ledgers.closed_ms(sequence), ledgers.counts(sequence)
        return objects.ledger(sequence, closed_ms, counts, hashes, call.base)

    async def _ledger(self, call: Call) -> Reply:
        given = call.ids["ledger"]
        if not re.fullmatch(r"\d{1,10}", given):
            raise errors.bad_request("ledger_id", "ledger_id: the value is not a whole number")
        if int(given) < self._view.elder():
            raise errors.before_history()
        if int(given) > self._view.ingested():
            raise errors.not_found()
        return Reply(self._ledger_shape(call, int(given)))

    async def _ledger_list(self, call: Call) -> Reply:
        ingested = self._view.ingested()
        paging = call.paging(ingested)
        self._within_history(paging)
        low, high = self._view.elder(), ingested
        if paging.cursor is not None and paging.descending:
            high = min(high, (paging.cursor - 1) >> 32)
        elif paging.cursor is not None:
            low = max(low, (paging.cursor >> 32) + 1)
        span = range(low, high + 1)
        chosen = span[::-1][: paging.limit] if paging.descending else span[: paging.limit]
        return Reply(self._page(call, paging, [self._ledger_shape(call, n) for n in chosen]))

    async def _fee_stats(self, _call: Call) -> Reply:
        return Reply(objects.fee_stats(self._view.ingested()))


def _beyond(identity: int, paging: Paging) -> bool:
    if paging.cursor is None:
        return True
    return identity < paging.cursor if paging.descending else identity > paging.cursor
