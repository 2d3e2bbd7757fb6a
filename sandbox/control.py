"""A rail's own door, `/_sandbox/…`: faults, knobs, clock, webhooks and the books to assert on.

JSON for tests; the same calls as forms for the control page, which are answered with a redirect.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, urlsplit

from sandbox.clock import Clock
from sandbox.delivery import Deliveries
from sandbox.faults import Orders
from sandbox.journal import Journal, Row
from sandbox.server import Request, Response
from sandbox.settings import BadValueError, Values, whole

Action = Callable[[list[str], Values], Awaitable[Any]]


class Knobbed(Protocol):
    """Settings as the door uses them."""

    def load(self) -> None: ...

    def update(self, values: Values) -> None: ...

    def as_dict(self) -> dict[str, int | bool]: ...


class Doored(Protocol):
    """The parts of a rail that every door opens on."""

    @property
    def journal(self) -> Journal: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def settings(self) -> Knobbed: ...

    @property
    def faults(self) -> Orders: ...

    @property
    def webhooks(self) -> Deliveries: ...


class Reported(Protocol):
    """The books in the words of a test."""

    def totals(self) -> Row: ...

    def books(self) -> Row: ...

    def deliveries(self, limit: int) -> list[Row]: ...


class NotFoundError(Exception):
    """No such thing to control."""


class Control(ABC):
    """What every rail's door can do. A sub-class adds its own actions and fills the hooks."""

    prefix = "/_sandbox/"
    home = "/"

    def __init__(self, parts: Doored, report: Reported) -> None:
        self._journal = parts.journal
        self._clock = parts.clock
        self._knobs = parts.settings
        self._orders = parts.faults
        self._deliveries = parts.webhooks
        self._reported = report
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
            ("GET", "webhooks"): self._get_webhooks,
            ("POST", "webhooks/deliver"): self._deliver,
            ("POST", "events/:id/redeliver"): self._redeliver,
            ("POST", "reset"): self._reset,
        }

    # Hooks

    def place(self, request: Request) -> str:
        """The page that a form leads back to."""
        return self.home

    @abstractmethod
    def catalogue(self) -> list[Row]:
        """Every fault, for people and tests."""

    def matching(self, match: Row) -> Row:
        """An order's match with what it leaves open."""
        return match

    @abstractmethod
    def endpoint(self) -> Row:
        """Where webhooks go."""

    @abstractmethod
    def set_endpoint(self, values: Values) -> None:
        """Take from `values` what is about this process' endpoint and not a knob."""

    @abstractmethod
    def changed(self) -> None:
        """Knobs have been turned."""

    @abstractmethod
    def advanced(self) -> None:
        """The clock has moved."""

    @abstractmethod
    def erased(self) -> None:
        """The books are empty."""

    # The door itself

    async def handle(self, request: Request) -> Response:
        """JSON in, JSON out; a form is answered with 303 to the page it came from."""
        form = "x-www-form-urlencoded" in request.headers.get("content-type", "")
        origin = request.headers.get("origin")
        if origin and urlsplit(origin).netloc != request.headers.get("host"):
            return self._json(403, {"error": "another site may not press these buttons"})
        action, ids = self._find(request.method, request.path.removeprefix(self.prefix))
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
            return self._back(self.place(request), problem)
        return self._json(status, {"error": problem} if problem else answer)

    def _back(self, place: str, problem: str = "") -> Response:
        joint = "&" if "?" in place else "?"
        location = place + (f"{joint}problem={quote(problem)}" if problem else "")
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
        return self._reported.totals()

    async def _get_books(self, _ids: list[str], _values: Values) -> Row:
        return self._reported.books()

    async def _reset(self, _ids: list[str], _values: Values) -> Row:
        self._journal.erase()
        self._deliveries.forget()
        self._knobs.load()
        self.erased()
        return self._reported.totals()

    # Faults, knobs, clock

    async def _get_faults(self, _ids: list[str], _values: Values) -> Row:
        return {"active": self._orders.orders(), "catalogue": self.catalogue()}

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
        return self._orders.order(fault, self.matching(match), times, params)

    async def _remove_faults(self, ids: list[str], _values: Values) -> Row:
        removed = self._orders.remove(ids[0] if ids else None)
        if ids and not removed:
            raise NotFoundError(f"no fault {ids[0]}")
        return {"removed": removed}

    async def _get_settings(self, _ids: list[str], _values: Values) -> Row:
        return {**self._knobs.as_dict(), **self.endpoint()}

    async def _set(self, _ids: list[str], values: Values) -> Row:
        values = dict(values)
        endpoint = {
            k: values.pop(k) for k in list(values) if k in ("webhook_url", "webhook_secret")
        }
        self._knobs.update(values)
        self.set_endpoint(endpoint)
        self.changed()
        self._deliveries.start()
        return await self._get_settings([], {})

    async def _advance(self, _ids: list[str], values: Values) -> Row:
        moment = self._clock.advance(whole(values, "seconds"))
        self.advanced()
        return {"clock": moment}

    # Webhooks

    async def _get_webhooks(self, _ids: list[str], _values: Values) -> Row:
        endpoint = {"url": self.endpoint()["webhook_url"]}
        return {"deliveries": self._reported.deliveries(200), **endpoint}

    async def _deliver(self, _ids: list[str], values: Values) -> Row:
        order = str(values.get("order", "forward"))
        if order not in ("forward", "reverse"):
            raise BadValueError("order is forward or reverse")
        return {"deliveries": await self._deliveries.deliver_pending(order)}

    async def _redeliver(self, ids: list[str], _values: Values) -> Row:
        if ids[0] not in self._journal.table("events"):
            raise NotFoundError(f"no event {ids[0]}")
        return {"event": ids[0], "delivered": await self._deliveries.deliver(ids[0])}
