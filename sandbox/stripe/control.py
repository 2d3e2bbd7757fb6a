"""What only Stripe's door can do: keys, balance, accounts. `/_sandbox/…`."""

from __future__ import annotations

from sandbox import control
from sandbox.journal import Change, Row
from sandbox.settings import BadValueError, Values, whole
from sandbox.stripe import objects
from sandbox.stripe.api import Api
from sandbox.stripe.faults import CATALOGUE, catalogue
from sandbox.stripe.parts import Parts
from sandbox.stripe.report import Report

PREFIX = "/_sandbox/"


class Control(control.Control):
    """Answers everything under /_sandbox/ that is not another rail's."""

    prefix = PREFIX

    def __init__(self, parts: Parts, api: Api) -> None:
        self.report = Report(parts, api)
        super().__init__(parts, self.report)
        self._books = parts.books
        self._keys = parts.keys
        self._webhooks = parts.webhooks
        self._api = api
        self._actions |= {
            ("POST", "keys/prune"): self._prune,
            ("POST", "balance/topup"): self._topup,
            ("POST", "balance/drain"): self._drain,
            ("POST", "accounts/:id"): self._change_account,
            ("POST", "accounts/:id/cure"): self._cure,
        }

    def catalogue(self) -> list[Row]:
        return catalogue()

    def matching(self, match: Row) -> Row:
        return {"method": "POST", **match}

    def endpoint(self) -> Row:
        return {"webhook_url": self._webhooks.url}

    def set_endpoint(self, values: Values) -> None:
        # The endpoint belongs to this process, like the environment it came from.
        self._webhooks.url = str(values.get("webhook_url", self._webhooks.url))
        self._webhooks.secret = str(values.get("webhook_secret", self._webhooks.secret))

    def changed(self) -> None:
        self._api.limiter.reset()

    def advanced(self) -> None:
        """Nothing of Stripe's waits for its clock."""

    def erased(self) -> None:
        self._api.reset()
        self._keys.in_use = self._keys.replays = 0

    async def _prune(self, _ids: list[str], values: Values) -> Row:
        return {"pruned": self._keys.prune(everything=values.get("which", "all") == "all")}

    async def _topup(self, _ids: list[str], values: Values) -> Row:
        return self._move(values, whole(values, "amount"))

    async def _drain(self, _ids: list[str], values: Values) -> Row:
        currency = str(values.get("currency", "usd")).lower()
        amount = values.get("amount")
        held = self._books.available().get(currency, 0)
        return self._move(values, -(whole(values, "amount") if amount else held))

    def _move(self, values: Values, amount: int) -> Row:
        change = Change()
        self._books.move_balance(change, str(values.get("currency", "usd")).lower(), amount)
        self._journal.commit(change)
        return {"balance": self._books.available()}

    # Accounts

    async def _cure(self, ids: list[str], _values: Values) -> Row:
        healthy = {"missing": False, "transfers": "active", "payouts_enabled": True}
        return self._save_account(ids[0], {**healthy, "trouble": None, "cured": True})

    async def _change_account(self, ids: list[str], values: Values) -> Row:
        """Set missing, transfers, payouts_enabled or trouble (a permanent fault's name)."""
        allowed = {"missing", "transfers", "payouts_enabled", "trouble"}
        if wrong := set(values) - allowed:
            raise BadValueError(f"cannot set {', '.join(sorted(wrong))}")
        if values.get("transfers", "active") not in ("active", "inactive", "pending"):
            raise BadValueError("transfers is active, inactive or pending")
        trouble = values.get("trouble")
        if trouble is not None and not (trouble in CATALOGUE and CATALOGUE[trouble].permanent):
            raise BadValueError("trouble is insufficient, no_transfers, missing or spent")
        implied: Row = {}
        if trouble == "missing":
            implied = {"missing": True}
        elif trouble == "no_transfers":
            implied = {"transfers": "inactive", "payouts_enabled": False}
        return self._save_account(ids[0], {**implied, **values})

    def _save_account(self, key: str, changes: Row) -> Row:
        before = self._books.account(key)
        after = {**before, **changes}
        change = Change()
        change.put("accounts", key, after)
        nobody: Row = {"id": None, "idempotency_key": None}
        if before["transfers"] != after["transfers"]:
            self._webhooks.record(
                change,
                "capability.updated",
                objects.capability(key, "transfers", after),
                request=nobody,
                account=key,
                previous={"status": before["transfers"]},
            )
        if objects.account(key, before) != objects.account(key, after):
            self._webhooks.record(
                change,
                "account.updated",
                objects.account(key, after),
                request=nobody,
                account=key,
            )
        self._journal.commit(change)
        self._webhooks.schedule(change.events)
        return after
