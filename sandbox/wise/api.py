"""A request's way through Wise: token, route, limit, fault, execution, answer.

What an execution does and the events it causes are one commit, written before the answer leaves.
Nothing here is idempotent by a key: what protects from a repetition are the rules of each endpoint.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from sandbox import wire
from sandbox.faults import Strike
from sandbox.journal import Change, Row
from sandbox.limits import Limiter, Window
from sandbox.server import Request, Response, Wire
from sandbox.wise import errors, money
from sandbox.wise.balances import Balances
from sandbox.wise.calls import Call, Reply, Route, Routes
from sandbox.wise.errors import WiseError
from sandbox.wise.faults import Subject
from sandbox.wise.funding import Funding
from sandbox.wise.parts import Parts
from sandbox.wise.recipients import Recipients
from sandbox.wise.simulation import Simulation
from sandbox.wise.subscriptions import Subscriptions
from sandbox.wise.transfers import Transfers, uuid_of


class Api:
    """Answers everything that is Wise's."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._books = parts.books
        self._faults = parts.faults
        self._era = 0
        self.counts: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._limiter = Limiter()
        self._window = Window()
        clock, settings, books = parts.clock, parts.settings, parts.books
        webhooks, states, quotes = parts.webhooks, parts.states, parts.quotes
        self._routes = Routes(
            [
                *parts.access.routes(),
                *quotes.routes(),
                *Recipients(clock, books).routes(),
                *Transfers(clock, settings, books, quotes, states).routes(),
                *Funding(clock, settings, books, quotes, states, webhooks).routes(),
                *Balances(clock, books, webhooks).routes(),
                *Subscriptions(clock, books, webhooks).routes(),
                *Simulation(clock, books, states, webhooks).routes(),
            ]
        )

    async def handle(self, request: Request) -> Response:
        """One answer, with the headers that Wise sends."""
        self.counts["requests"] += 1
        self._parts.states.run_due()
        headers = {"x-trace-id": uuid4().hex, "Cache-Control": "no-store"}
        if correlation := request.headers.get("x-external-correlation-id"):
            headers["X-External-Correlation-Id"] = correlation[:36]
        try:
            response = await self._answer(request, headers)
        except WiseError as error:
            response = self._failure(error, headers)
        self.counts[f"http_{response.status}"] += 1
        return response

    def reset(self) -> None:
        """Start counting anew; calls that are still under way will not touch the new books."""
        self._era += 1
        self.counts.clear()
        self.calls.clear()
        self.unlimited()

    def unlimited(self) -> None:
        """Full buckets, after the limits have been changed."""
        self._limiter.reset()
        self._window = Window()

    def _failure(self, error: WiseError, headers: dict[str, str]) -> Response:
        headers = {**headers, **error.headers}
        if error.body is None:
            return Response(error.status, b"", headers)
        if isinstance(error.body, str):
            return Response(error.status, error.body.encode(), headers, "text/plain;charset=UTF-8")
        return Response(error.status, money.dumps(error.body).encode(), headers)

    async def _answer(self, request: Request, headers: dict[str, str]) -> Response:
        found = self._routes.find(request.method, request.path)
        if found is None or found[0].operation != "oauth.token":
            self._parts.access.authenticate(request.headers)
        if found is None:
            raise errors.generic(404, "No message available", request.path)
        route, ids, calendar = found
        self.calls[route.operation] += 1
        self._limit(route.operation)
        call = Call(
            method=request.method,
            path=request.path,
            operation=route.operation,
            ids=ids,
            query=dict(parse_qsl(request.query)),
            body=self._body(request, route),
            headers=request.headers,
            calendar=calendar,
            era=self._era,
        )
        return await self._run(route, call, headers)

    def _limit(self, operation: str) -> None:
        knobs = self._parts.settings.knobs
        seconds = 0
        if self._limiter.refusal(operation, knobs.rate_limit_per_second, 0) is not None:
            seconds = 1
        seconds = seconds or self._window.refusal(knobs.rate_limit_per_minute)
        if seconds:
            self.counts["rate_limited"] += 1
            raise errors.rate_limited(seconds)

    def _body(self, request: Request, route: Route) -> dict[str, Any]:
        if route.operation == "oauth.token":
            return {"form": request.body.decode(errors="replace")}
        if not request.body or request.method in ("GET", "DELETE"):
            return {}
        kind = request.headers.get("content-type", "")
        if "json" not in kind:
            # Not a 415: that is how Wise answers a body without its content type.
            raise errors.server_error()
        try:
            body = money.loads(request.body)
        except ValueError:
            raise errors.generic(400, "JSON parse error", request.path) from None
        if not isinstance(body, dict):
            raise errors.generic(400, "JSON parse error: not an object", request.path)
        return body

    def _subject(self, call: Call) -> tuple[Subject, Row | None]:
        """What a call is about, for faults, and its recipient if there is one."""
        row = self._books.table("transfers").get(call.ids.get("t", ""))
        body = call.body
        recipient = row["recipient"] if row else call.ids.get("a", body.get("targetAccount", ""))
        found = self._books.table("recipients").get(str(recipient))
        details = row["details"] if row else body.get("details")
        reference = details.get("reference") if isinstance(details, dict) else ""
        ctid = row["ctid"] if row else uuid_of(body.get("customerTransactionId"))
        name = found["name"] if found else str(body.get("accountHolderName", ""))
        return Subject(
            method=call.method,
            path=call.path,
            operation=call.operation,
            recipient=str(recipient),
            name=name,
            transfer=call.ids.get("t", ""),
            ctid=ctid or "",
            reference=str(reference or ""),
        ), found

    async def _run(self, route: Route, call: Call, headers: dict[str, str]) -> Response:
        subject, recipient = self._subject(call)
        edge = self._faults.pick("edge", subject, recipient)
        if edge is not None:
            return self._edge(edge, subject)
        work = self._faults.pick("execution", subject, recipient)
        last = self._faults.pick("answer", subject, recipient)
        event = self._faults.pick("event", subject, recipient)
        if work is not None and work.name in ("sca", "sca_always"):
            self._authenticate_strongly(work, subject, call)
            work = None
        self._spend(subject, work, last, event)
        await self._wait(work)
        if route.before is not None:
            await route.before(call)
        self._prepare(call, work, event)
        reply, events = self._commit(route, call)
        await self._notify(call, events)
        if last is not None and last.name == "500_after":
            raise errors.server_error()
        body = b"" if reply.status == 204 else money.dumps(reply.body).encode()
        response = Response(reply.status, body, {**headers, **reply.headers})
        return await wire.send(response, last, self._parts.settings.knobs.slow_ms)

    def _authenticate_strongly(self, work: Strike, subject: Subject, call: Call) -> None:
        if not self._parts.access.passes(call.headers):
            self._spend(subject, work)
            raise self._parts.access.challenge()

    async def _wait(self, work: Strike | None) -> None:
        knobs = self._parts.settings.knobs
        if knobs.latency_ms:
            await asyncio.sleep(knobs.latency_ms / 1000)
        if work is not None:
            await wire.wait(work, knobs.slow_ms)

    def _prepare(self, call: Call, work: Strike | None, event: Strike | None) -> None:
        if work is not None and work.name == "error":
            status = int(work.params.get("status", 400))
            raise WiseError(status, work.params.get("body"), work.params.get("headers"))
        call.work = work.name if work is not None else ""
        if event is not None:
            call.event_mode = event.name
            if event.name == "webhook_late":
                late = self._parts.settings.knobs.webhook_late_ms
                call.event_delay_ms = int(event.params.get("ms", late))

    def _commit(self, route: Route, call: Call) -> tuple[Reply, list[str]]:
        """Execute and write; an error writes nothing. No await in here."""
        if call.era != self._era:
            raise errors.server_error()
        change = Change()
        reply = route.run(call, change)
        self._parts.journal.commit(change)
        return reply, change.events

    async def _notify(self, call: Call, events: list[str]) -> None:
        webhooks = self._parts.webhooks
        if call.event_mode == "webhook_early":
            await asyncio.gather(*(webhooks.deliver(key) for key in events))
        else:
            webhooks.schedule(events)
        self._parts.states.run_due()

    def _spend(self, subject: Subject, *strikes: Strike | None) -> None:
        for strike in strikes:
            if strike is not None:
                self.counts["faults"] += 1
                change = Change()
                lasting = strike.row is None and strike.fault.permanent
                self._faults.spend(change, strike, "" if lasting else subject.key)
                self._parts.journal.commit(change)

    def _edge(self, strike: Strike, subject: Subject) -> Response:
        """A fault before execution: nothing happens."""
        self._spend(subject, strike)
        if strike.name == "drop_before":
            return Response(0, wire=Wire.DROPPED)
        if strike.name == "html_502":
            return wire.bad_gateway()
        if strike.name == "429":
            self.counts["rate_limited"] += 1
            raise errors.rate_limited(int(strike.params.get("seconds", 1)))
        if strike.name == "401":
            raise errors.unauthorized()
        raise errors.server_error()
