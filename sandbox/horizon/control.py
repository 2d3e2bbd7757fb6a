"""What only Horizon's door can do: ledgers, ingestion, history, accounts. `/_sandbox/horizon/…`."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from sandbox import control
from sandbox.horizon import genesis, network
from sandbox.horizon.api import Api
from sandbox.horizon.decrees import Decrees
from sandbox.horizon.faults import catalogue
from sandbox.horizon.network import code_of
from sandbox.horizon.parts import Parts
from sandbox.horizon.purse import Purse
from sandbox.horizon.report import Report
from sandbox.journal import Change, Row
from sandbox.server import Request
from sandbox.settings import BadValueError, Values, whole

PREFIX = "/_sandbox/horizon/"
MAX_CLOSED = 1_000


class Control(control.Control):
    """Answers everything under /_sandbox/horizon/."""

    prefix = PREFIX
    home = "/horizon"

    def __init__(self, parts: Parts, api: Api) -> None:
        self.report = Report(parts, api)
        super().__init__(parts, self.report)
        self._parts = parts
        self._api = api
        self._decrees = Decrees(parts)
        self.purse = Purse(parts)
        self._actions |= {
            ("GET", "network"): self._network,
            ("POST", "ledgers/close"): self._close,
            ("POST", "ingestion/stop"): self._stop_ingestion,
            ("POST", "ingestion/resume"): self._resume_ingestion,
            ("POST", "history/cut"): self._cut,
            ("GET", "accounts/:id"): self._get_account,
            ("POST", "accounts/:id/fund"): self._fund,
            ("POST", "accounts/:id/trust"): self._trust,
            ("POST", "bulk"): self._bulk,
            ("POST", "wallet/pay"): self._pay,
            ("GET", "wallet/:id"): self._paid,
        }

    def catalogue(self) -> list[Row]:
        return catalogue()

    def matching(self, match: Row) -> Row:
        open_ = not {"method", "operation", "path"} & {name for name, v in match.items() if v}
        return {**match, "method": "POST"} if open_ else match

    def place(self, request: Request) -> str:
        """The wallet's buttons lead back to the wallet, with what was filled in."""
        referer = urlsplit(request.headers.get("referer", ""))
        if referer.netloc != request.headers.get("host") or referer.path != "/wallet":
            return self.home
        kept = [pair for pair in parse_qsl(referer.query) if pair[0] not in ("problem", "sent")]
        return f"/wallet?{urlencode(kept)}" if kept else "/wallet"

    def endpoint(self) -> Row:
        return {"webhook_url": ""}

    def set_endpoint(self, values: Values) -> None:
        """Horizon calls nobody: it is asked."""

    def changed(self) -> None:
        """A new interval begins with a ledger; the bucket is empty."""
        self._api.unlimited()
        last, tick = self._parts.ledgers.last_stored(), self._parts.settings.knobs.ledger_ms
        if last["tick_ms"] != tick:
            self._parts.schedule.close_now()

    def advanced(self) -> None:
        """Ledgers that close by themselves have closed meanwhile; else one closes now."""
        if self._parts.settings.knobs.ledger_ms:
            self._parts.schedule.run_due()
        else:
            self._parts.schedule.close_now()

    def erased(self) -> None:
        self._parts.schedule.stop()
        self.found()
        self._api.reset()

    def found(self) -> None:
        """Begin the network, if there is none."""
        if not self._journal.table("accounts"):
            change = Change()
            genesis.found(change, self._parts.ledgers, self._parts.clock.now_ms())
            self._journal.commit(change)
        else:
            self._journal.commit(self._newcomers())
        rows = self._journal.table("pending").values()
        self._parts.schedule.start(min((row["entered"] for row in rows), default=None))

    def _newcomers(self) -> Change:
        """Whoever books of an older sandbox do not know yet."""
        ledgers, change = self._parts.ledgers, Change()
        latest = ledgers.latest()
        for row in genesis.people(latest, ledgers.closed_ms(latest)):
            if row["id"] not in self._journal.table("accounts"):
                change.put("accounts", row["id"], row)
        return change

    # Network, ledgers, ingestion, history

    async def _network(self, _ids: list[str], _values: Values) -> Row:
        """Passphrase, assets, who is who. The secrets are made from the names, they are no secret."""
        return {
            "passphrase": network.PASSPHRASE,
            "assets": [code_of(asset) for asset in network.ASSETS],
            "false_asset": code_of(network.FALSE_USDC),
            "accounts": {name: key for key, name in self.report.names.items()},
            "treasury_secret": network.TREASURY.secret,
            "wallet_secret": network.WALLET.secret,
            "channel_secrets": [
                network.channel(number).secret for number in range(1, network.CHANNELS + 1)
            ],
        }

    async def _close(self, _ids: list[str], values: Values) -> Row:
        count = whole(values, "ledgers", 1)
        if not 1 <= count <= MAX_CLOSED:
            raise BadValueError(f"ledgers is between 1 and {MAX_CLOSED}")
        for _ in range(count):
            self._parts.schedule.close_now()
        return {"latest_ledger": self._parts.ledgers.latest()}

    async def _stop_ingestion(self, _ids: list[str], values: Values) -> Row:
        """Horizon learns nothing more, for so many seconds or until it is resumed."""
        given = values.get("seconds")
        self._parts.view.freeze(None if given in (None, "") else whole(values, "seconds"))
        return {"ingested_ledger": self._parts.view.ingested()}

    async def _resume_ingestion(self, _ids: list[str], _values: Values) -> Row:
        self._parts.view.thaw()
        return {"ingested_ledger": self._parts.view.ingested()}

    async def _cut(self, _ids: list[str], values: Values) -> Row:
        """Everything before `ledger` is gone; without one, everything before the latest."""
        latest = self._parts.view.ingested()
        ledger = latest if values.get("ledger") in (None, "") else whole(values, "ledger")
        if not 1 <= ledger <= latest:
            raise BadValueError(f"ledger is between 1 and {latest}")
        self._parts.view.cut(ledger)
        return {"elder_ledger": ledger}

    # Accounts and very many payments, by decree

    async def _get_account(self, ids: list[str], _values: Values) -> Row:
        return self.report.account(self._decrees.account(ids[0]))

    async def _fund(self, ids: list[str], values: Values) -> Row:
        return self.report.account(self._decrees.fund(ids[0], values))

    async def _trust(self, ids: list[str], values: Values) -> Row:
        return self.report.account(self._decrees.trust(ids[0], values))

    async def _bulk(self, _ids: list[str], values: Values) -> Row:
        return self._decrees.bulk(values)

    async def _pay(self, _ids: list[str], values: Values) -> Row:
        return self.purse.pay(values)

    async def _paid(self, ids: list[str], _values: Values) -> Row:
        return {"hash": ids[0], "state": self.purse.state(ids[0])}
