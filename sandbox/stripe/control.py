"""The sandbox's own door, `/_sandbox/…`: faults, knobs, clock, cures and the books to assert on.

JSON for tests; the same calls as forms for the control page, which are answered with a redirect.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from sandbox.journal import Change, Row
from sandbox.server import Request, Response
from sandbox.stripe import objects
from sandbox.stripe.api import Api
from sandbox.stripe.faults import CATALOGUE, catalogue
from sandbox.stripe.parts import Parts
from sandbox.stripe.report import Report
from sandbox.stripe.settings import BadValueError

Values = dict[str, Any]
Action = Callable[[list[str], Values], Awaitable[Any]]
PREFIX = "/_sandbox/"


class NotFoundError(Exception):
    """No such thing to control."""


def whole(values: Values, name: str, default: int | None = None) -> int:
    """A whole number of the request. Raises BadValueError."""
    value = values.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadValueError(f"{name} is a whole number")
    try:
        return int(value)
    except ValueError:
        raise BadValueError(f"{name} is a whole number") from None


class Control:
    """Answers everything under /_sandbox/."""

    def __init__(self, parts: Parts, api: Api) -> None:
        self._journal = parts.journal
        self._clock = parts.clock
        self._settings = parts.settings
        self._books = parts.books
        self._keys = parts.keys
        self._faults = parts.faults
        self._webhooks = parts.webhooks
        self._api = api
        self.report = Report(parts, api)
        self._actions: dict[tuple[str, str], Action] = {
            ("GET", "books"): self._get_books,
            ("GET", "totals"): self._get_totals,
            ("GET", "faults"): self._get_faults,
            ("POST", "faults"): self._order_fault,
            ("DELETE", "faults"): self._remove_faults,
            ("POST", "faults/clear"): self._remove_faults,
            ("DELETE", "faults/:id"): self._remove_faults,
            ("POST", "faults/:id/remove"): self._remove_faults,
            ("GET", "settings"): self._get_settings,
            ("POST", "settings"): self._set,
            ("POST", "clock/advance"): self._advance,
            ("POST", "keys/prune"): self._prune,
            ("POST", "balance/topup"): self._topup,
            ("POST", "balance/drain"): self._drain,
            ("POST", "accounts/:id"): self._change_account,
            ("POST", "accounts/:id/cure"): self._cure,
            ("GET", "webhooks"): self._get_webhooks,
            ("POST", "webhooks/deliver"): self._deliver,
            ("POST", "events/:id/redeliver"): self._redeliver,
            ("POST", "reset"): self._reset,
        }

    async def handle(self, request: Request) -> Response:
        """JSON in, JSON out; a form is answered with 303 to the page it came from."""
        form = "x-www-form-urlencoded" in request.headers.get("content-type", "")
        origin = request.headers.get("origin")
        if origin and urlsplit(origin).netloc != request.headers.get("host"):
            return self._json(403, {"error": "another site may not press these buttons"})
        action, ids = self._find(request.method, request.path.removeprefix(PREFIX))
        if action is None:
            return self._json(404, {"error": f"no {request.method} {request.path}"})
        status, problem, answer = 200, "", None
        try:
            answer = await action(ids, self._values(request, form=form))
        except NotFoundError as error:
            status, problem = 404, str(error)
        except ValueError as error:
            status, problem = 400, str(error)
        if form:
            return self._back(problem)
        return self._json(status, {"error": problem} if problem else answer)

    def _back(self, problem: str = "") -> Response:
        location = "/" + (f"?problem={quote(problem)}" if problem else "")
        return Response(303, headers={"Location": location}, content_type="text/plain")

    def _json(self, status: int, answer: Any) -> Response:
        return Response(status, json.dumps(answer).encode(), {"Cache-Control": "no-store"})

    def _find(self, method: str, path: str) -> tuple[Action | None, list[str]]:
        exact = self._actions.get((method, path))
        if exact is not None:
            return exact, []
        parts = path.split("/")
        if len(parts) < 2:
            return None, []
        pattern = "/".join([parts[0], ":id", *parts[2:]])
        return self._actions.get((method, pattern)), [parts[1]]

    def _values(self, request: Request, *, form: bool) -> Values:
        if request.method == "GET":
            return dict(parse_qsl(request.query))
        if form:
            return dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        if not request.body:
            return {}
        values = json.loads(request.body)
        if not isinstance(values, dict):
            raise BadValueError("send a JSON object")
        return values

    # Books

    async def _get_totals(self, _ids: list[str], _values: Values) -> Row:
        return self.report.totals()

    async def _get_books(self, _ids: list[str], _values: Values) -> Row:
        return self.report.books()

    async def _reset(self, _ids: list[str], _values: Values) -> Row:
        self._journal.erase()
        self._webhooks.forget()
        self._settings.load()
        self._api.reset()
        self._keys.in_use = self._keys.replays = 0
        return self.report.totals()

    # Faults and knobs

    async def _get_faults(self, _ids: list[str], _values: Values) -> Row:
        return {"active": self._faults.orders(), "catalogue": catalogue()}

    async def _order_fault(self, _ids: list[str], values: Values) -> Row:
        match = values.get("match")
        if match is None:
            match = {k[6:]: v for k, v in values.items() if k.startswith("match_")}
        if not isinstance(match, dict):
            raise BadValueError("match is an object")
        always = values.get("times", 1) in (None, "")
        times = None if always else whole(values, "times", 1)
        params = values.get("params") or {}
        if not isinstance(params, dict):
            raise BadValueError("params is an object")
        fault = str(values.get("fault", ""))
        return self._faults.order(fault, {"method": "POST", **match}, times, params)

    async def _remove_faults(self, ids: list[str], _values: Values) -> Row:
        removed = self._faults.remove(ids[0] if ids else None)
        if ids and not removed:
            raise NotFoundError(f"no fault {ids[0]}")
        return {"removed": removed}

    async def _get_settings(self, _ids: list[str], _values: Values) -> Row:
        return {**self._settings.as_dict(), "webhook_url": self._webhooks.url}

    async def _set(self, _ids: list[str], values: Values) -> Row:
        values = dict(values)
        url = values.pop("webhook_url", None)
        secret = values.pop("webhook_secret", None)
        self._settings.update(values)
        # The endpoint belongs to this process, like the environment it came from.
        if isinstance(url, str):
            self._webhooks.url = url
        if isinstance(secret, str):
            self._webhooks.secret = secret
        self._api.limiter.reset()
        self._webhooks.start()
        return await self._get_settings([], {})

    async def _advance(self, _ids: list[str], values: Values) -> Row:
        return {"clock": self._clock.advance(whole(values, "seconds"))}

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

    # Webhooks

    async def _get_webhooks(self, _ids: list[str], _values: Values) -> Row:
        return {"deliveries": self.report.deliveries(200), "url": self._webhooks.url}

    async def _deliver(self, _ids: list[str], values: Values) -> Row:
        order = str(values.get("order", "forward"))
        if order not in ("forward", "reverse"):
            raise BadValueError("order is forward or reverse")
        return {"deliveries": await self._webhooks.deliver_pending(order)}

    async def _redeliver(self, ids: list[str], _values: Values) -> Row:
        if ids[0] not in self._journal.table("events"):
            raise NotFoundError(f"no event {ids[0]}")
        return {"event": ids[0], "delivered": await self._webhooks.deliver(ids[0])}
