"""What only Horizon's door can do: ledgers, ingestion, history, accounts. `/_sandbox/horizon/…`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from stellar_sdk import StrKey

from sandbox import control
from sandbox.control import NotFoundError
from sandbox.horizon import genesis, network
from sandbox.horizon.api import Api
from sandbox.horizon.faults import catalogue
from sandbox.horizon.network import STROOPS, asset_of, code_of
from sandbox.horizon.parts import Parts
from sandbox.horizon.report import Report
from sandbox.horizon.state import account
from sandbox.journal import Change, Row
from sandbox.settings import BadValueError, Values, truth, whole

PREFIX = "/_sandbox/horizon/"
MAX_CLOSED = 1_000


def stroops(values: Values, name: str) -> int:
    """An amount of the request. Raises BadValueError."""
    try:
        amount = Decimal(str(values.get(name, ""))) * STROOPS
    except InvalidOperation:
        raise BadValueError(f"{name} is an amount such as 12.50") from None
    if not amount.is_finite() or amount != int(amount) or amount < 0:
        raise BadValueError(f"{name} is an amount such as 12.50, with at most 7 decimals")
    return int(amount)


def asset(values: Values) -> str:
    """`native`, `USDC` (the sandbox's own) or `USDC:G…`. Raises BadValueError."""
    try:
        return code_of(asset_of(str(values.get("asset") or "native")))
    except ValueError as error:
        raise BadValueError(str(error)) from None


class Control(control.Control):
    """Answers everything under /_sandbox/horizon/."""

    prefix = PREFIX
    home = "/horizon"

    def __init__(self, parts: Parts, api: Api) -> None:
        self.report = Report(parts, api)
        super().__init__(parts, self.report)
        self._parts = parts
        self._api = api
        self._accounts = parts.journal.table("accounts")
        self._actions |= {
            ("GET", "network"): self._network,
            ("POST", "ledgers/close"): self._close,
            ("POST", "ingestion/stop"): self._stop_ingestion,
            ("POST", "ingestion/resume"): self._resume_ingestion,
            ("POST", "history/cut"): self._cut,
            ("GET", "accounts/:id"): self._get_account,
            ("POST", "accounts/:id/fund"): self._fund,
            ("POST", "accounts/:id/trust"): self._trust,
        }

    def catalogue(self) -> list[Row]:
        return catalogue()

    def matching(self, match: Row) -> Row:
        open_ = not {"method", "operation", "path"} & {name for name, v in match.items() if v}
        return {**match, "method": "POST"} if open_ else match

    def endpoint(self) -> Row:
        return {"webhook_url": ""}

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
        if not self._accounts:
            change = Change()
            genesis.found(change, self._parts.ledgers, self._parts.clock.now_ms())
            self._journal.commit(change)
        rows = self._journal.table("pending").values()
        self._parts.schedule.start(min((row["entered"] for row in rows), default=None))

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

    # Accounts: changed by decree, in a ledger of its own

    def _account(self, identity: str) -> Row:
        row = self._accounts.get(identity)
        if row is None or row.get("gone"):
            raise NotFoundError(f"no account {identity}")
        return row

    async def _get_account(self, ids: list[str], _values: Values) -> Row:
        return self.report.account(self._account(ids[0]))

    async def _fund(self, ids: list[str], values: Values) -> Row:
        """Set a balance; an account or a trustline that is missing appears."""
        code, amount = asset(values), stroops(values, "amount")
        if not StrKey.is_valid_ed25519_public_key(ids[0]):
            raise BadValueError("the account is a G… address")
        row = self._accounts.get(ids[0])
        if row is None or row.get("gone"):
            row = account(ids[0], 100 * STROOPS, self._parts.ledgers.latest())
        if code == "native":
            return self._decree({**row, "balance": amount})
        line = row["lines"].get(code) or genesis.line(0, 0)
        return self._decree(with_line(row, code, {**line, "balance": amount}))

    async def _trust(self, ids: list[str], values: Values) -> Row:
        """Set limit and authorization of a trustline, or remove it."""
        row, code = self._account(ids[0]), asset(values)
        if truth(values.get("remove", False), "remove"):
            return self._decree(
                {**row, "lines": {k: v for k, v in row["lines"].items() if k != code}}
            )
        line = dict(row["lines"].get(code) or genesis.line(0, 0))
        if values.get("limit") not in (None, ""):
            line["limit"] = stroops(values, "limit")
        if "authorized" in values:
            line["authorized"] = truth(values["authorized"], "authorized")
        return self._decree(with_line(row, code, line))

    def _decree(self, row: Row) -> Row:
        ledger = self._parts.schedule.close_now()
        closed_ms = self._parts.ledgers.closed_ms(ledger)
        fresh = {**row, "ledger": ledger, "closed_ms": closed_ms}
        change = Change()
        change.put("accounts", row["id"], fresh)
        self._journal.commit(change)
        return self.report.account(fresh)


def with_line(row: Row, code: str, line: Row) -> Row:
    """The account with one trustline changed."""
    return {**row, "lines": {**row["lines"], code: line}}
