"""A request's way through Stripe: key, limit, fault, idempotency, execution, answer.

What an execution does, what its idempotency key remembers and the events it causes are one commit,
written before the answer leaves.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

from sandbox import wire
from sandbox.faults import Strike
from sandbox.journal import Change, Row
from sandbox.limits import Limiter
from sandbox.server import Request, Response, Wire
from sandbox.stripe import errors, forms
from sandbox.stripe.calls import Call, Read, Write
from sandbox.stripe.endpoints import Endpoints
from sandbox.stripe.errors import StripeError
from sandbox.stripe.faults import Subject, ordered_error
from sandbox.stripe.idempotency import fingerprint
from sandbox.stripe.objects import API_VERSION, new_id
from sandbox.stripe.parts import Parts


class Api:
    """Answers everything under /v1/."""

    def __init__(self, parts: Parts, endpoints: Endpoints) -> None:
        self._journal = parts.journal
        self._settings = parts.settings
        self._books = parts.books
        self._keys = parts.keys
        self._faults = parts.faults
        self._webhooks = parts.webhooks
        self._endpoints = endpoints
        self._era = 0
        self.limiter = Limiter()
        self.counts: Counter[str] = Counter()

    async def handle(self, request: Request) -> Response:
        """One answer, with the headers that Stripe sends."""
        self.counts["requests"] += 1
        request_id = new_id("req")
        headers = self._headers(request, request_id)
        try:
            response = await self._answer(request, request_id, headers)
        except StripeError as error:
            headers.update(error.headers)
            response = Response(error.status, json.dumps(error.body()).encode(), headers)
        self.counts[f"http_{response.status}"] += 1
        return response

    def _headers(self, request: Request, request_id: str) -> dict[str, str]:
        headers = {
            "Server": "nginx",
            "Cache-Control": "no-cache, no-store",
            "Request-Id": request_id,
            "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
            "Stripe-Version": request.headers.get("stripe-version", API_VERSION),
            "Vary": "Origin",
        }
        if account := request.headers.get("stripe-account"):
            headers["Stripe-Account"] = account
        return headers

    async def _answer(self, request: Request, request_id: str, headers: dict[str, str]) -> Response:
        self._authenticate(request)
        route = self._endpoints.route(request.method, request.path)
        if route is None:
            raise StripeError(
                404,
                f"Unrecognized request URL ({request.method}: {request.path}). Please see "
                "https://stripe.com/docs or the sandbox's documentation.",
            )
        name, ids, endpoint = route
        self._limit(f"{request.method} {name}")
        form = isinstance(endpoint, Write)
        if form and "json" in request.headers.get("content-type", ""):
            raise StripeError(
                400,
                "Invalid request (check that your POST content type is "
                "application/x-www-form-urlencoded).",
            )
        call = Call(
            method=request.method,
            path=request.path,
            endpoint=name,
            ids=ids,
            params=forms.parse(request.body.decode() if form else request.query),
            request_id=request_id,
            key=request.headers.get("idempotency-key", "") if form else "",
            account=request.headers.get("stripe-account", ""),
            era=self._era,
        )
        if isinstance(endpoint, Read):
            return await self._read(endpoint, call, headers)
        return await self._write(endpoint, call, headers)

    def reset(self) -> None:
        """Start counting anew; calls that are still under way will not touch the new books."""
        self._era += 1
        self.counts.clear()
        self.limiter.reset()

    def _authenticate(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and key.strip().startswith("sk_test_"):
            return
        message = (
            f"Invalid API Key provided: {key[:7]}***"
            if key
            else "You did not provide an API key. You need to provide your API key in the "
            "Authorization header, using Bearer auth."
        )
        raise StripeError(401, message, headers={"WWW-Authenticate": 'Bearer realm="Stripe"'})

    def _limit(self, endpoint: str) -> None:
        knobs = self._settings.knobs
        reason = self.limiter.refusal(
            endpoint, knobs.rate_limit_per_second, knobs.endpoint_limit_per_second
        )
        if reason is not None:
            self.counts["rate_limited"] += 1
            raise errors.rate_limited(reason)

    async def _latency(self) -> None:
        if self._settings.knobs.latency_ms:
            await asyncio.sleep(self._settings.knobs.latency_ms / 1000)

    def _subject(self, call: Call) -> Subject:
        destination, group = self._endpoints.destination_of(call)
        return Subject(call.method, call.path, destination, group, call.key)

    async def _read(self, endpoint: Read, call: Call, headers: dict[str, str]) -> Response:
        subject = self._subject(call)
        edge = self._faults.pick("edge", subject, magic=False)
        if edge is not None:
            return self._edge(edge, subject)
        work = self._faults.pick("execution", subject, magic=False)
        last = self._faults.pick("answer", subject, magic=False)
        self._spend(subject, work, last)
        await self._latency()
        if work is not None:
            error = ordered_error(work.name, work.params, subject.destination)
            if error is not None:
                raise error
            await wire.wait(work, self._settings.knobs.slow_ms)
        answer = self._endpoints.expand(call, endpoint.answer(call))
        return await self._send(Response(200, json.dumps(answer).encode(), headers), last)

    async def _write(self, endpoint: Write, call: Call, headers: dict[str, str]) -> Response:
        subject = self._subject(call)
        fresh = not (call.key and self._keys.known(call.key))
        magic = fresh and not self._books.account(subject.destination).get("cured")
        edge = self._faults.pick("edge", subject, magic=magic)
        if edge is not None:
            return self._edge(edge, subject)
        print_ = fingerprint(call.method, call.path, call.params, call.account)
        headers["Stripe-Should-Retry"] = "false"
        if not call.key:
            call.fields = endpoint.prepare(call)
            return await self._execute(endpoint, call, headers, subject, print_, magic=magic)
        headers["Idempotency-Key"] = call.key
        stored = self._keys.finished(call.key, print_)
        if stored is not None:
            return await self._replay(stored, headers, subject)
        call.fields = endpoint.prepare(call)
        headers["Original-Request"] = call.request_id
        self._keys.start(call.key)
        try:
            return await self._execute(endpoint, call, headers, subject, print_, magic=magic)
        finally:
            self._keys.finish(call.key)

    async def _replay(self, stored: Row, headers: dict[str, str], subject: Subject) -> Response:
        last = self._faults.pick("answer", subject, magic=False)
        self._spend(subject, last)
        await self._latency()
        headers["Idempotent-Replayed"] = "true"
        headers["Original-Request"] = stored["request_id"]
        return await self._send(Response(stored["status"], stored["body"].encode(), headers), last)

    async def _execute(
        self,
        endpoint: Write,
        call: Call,
        headers: dict[str, str],
        subject: Subject,
        print_: str,
        *,
        magic: bool,
    ) -> Response:
        work = self._faults.pick("execution", subject, magic=magic)
        last = self._faults.pick("answer", subject, magic=magic)
        event = self._faults.pick("event", subject, magic=magic)
        self._spend(subject, work, last, event)
        await self._latency()
        if work is not None:
            await wire.wait(work, self._settings.knobs.slow_ms)
        self._plan_event(call, last, event)
        status, body, events = self._commit(endpoint, call, work, subject, print_)
        if call.event_mode == "webhook_early":
            await asyncio.gather(*(self._webhooks.deliver(key) for key in events))
        else:
            self._webhooks.schedule(events)
        return await self._send(Response(status, body.encode(), headers), last)

    def _plan_event(self, call: Call, last: Strike | None, event: Strike | None) -> None:
        if last is not None and last.name == "silent":
            call.event_mode = "webhook_lost"
        elif event is not None:
            call.event_mode = event.name
            if event.name == "webhook_late":
                late = event.params.get("ms", self._settings.knobs.webhook_late_ms)
                call.event_delay_ms = int(late)

    def _commit(
        self, endpoint: Write, call: Call, work: Strike | None, subject: Subject, print_: str
    ) -> tuple[int, str, list[str]]:
        """Execute and write. Returns status, body and the events to deliver. No await in here."""
        if call.era != self._era:
            raise errors.server_error(stored=False)
        change = Change()
        name = work.name if work is not None else ""
        params = work.params if work is not None else {}
        ordered = ordered_error(name, params, subject.destination)
        moves = ordered is None or name == "500_after" or bool(params.get("executed"))
        stored = True
        try:
            answer: dict[str, Any] = endpoint.execute(call, change) if moves else {}
            if ordered is not None:
                raise ordered
            answer = self._endpoints.expand(call, answer, change)
            status = 200
        except StripeError as error:
            if error is not ordered:
                change = Change()
            status, answer, stored = error.status, error.body(), error.stored
        self._books.remember(change, subject.destination)
        body = json.dumps(answer)
        if call.key and stored:
            self._keys.store(
                change,
                call.key,
                print_=print_,
                status=status,
                body=body,
                request_id=call.request_id,
            )
        self._journal.commit(change)
        return status, body, change.events

    def _spend(self, subject: Subject, *strikes: Strike | None) -> None:
        for strike in strikes:
            if strike is not None:
                self.counts["faults"] += 1
                change = Change()
                self._faults.spend(change, strike, subject.idempotency_key)
                self._books.remember(change, subject.destination)
                self._journal.commit(change)

    def _edge(self, strike: Strike, subject: Subject) -> Response:
        """A fault before execution: nothing happens and the key remembers nothing."""
        self._spend(subject, strike)
        if strike.name == "drop_before":
            return Response(0, wire=Wire.DROPPED)
        if strike.name == "html_502":
            return wire.bad_gateway()
        if strike.name == "409":
            self.counts["ordered_409"] += 1
            raise errors.key_in_use(subject.idempotency_key)
        if strike.name == "lock_timeout":
            raise errors.lock_timeout()
        raise errors.rate_limited(str(strike.params.get("reason", "endpoint-rate")))

    async def _send(self, response: Response, strike: Strike | None) -> Response:
        return await wire.send(response, strike, self._settings.knobs.slow_ms)
