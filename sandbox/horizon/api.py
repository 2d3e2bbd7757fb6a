"""A request's way through Horizon: route, limit, fault, answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from urllib.parse import parse_qsl

from sandbox import wire
from sandbox.faults import Strike
from sandbox.horizon import errors
from sandbox.horizon.calls import Call, Reply, Routes
from sandbox.horizon.envelope import MalformedError
from sandbox.horizon.errors import HorizonError
from sandbox.horizon.faults import SUBMIT, Subject
from sandbox.horizon.operations import destination
from sandbox.horizon.parts import Parts
from sandbox.horizon.reading import Reading
from sandbox.horizon.records import PAYMENTS, memo
from sandbox.horizon.submitting import Submitting, other_error
from sandbox.journal import Change
from sandbox.server import Request, Response, Wire
from sandbox.settings import BadValueError

MAX_FORM = 200_000
PROBLEM = "application/problem+json"
HAL = "application/hal+json; charset=utf-8"


class Bucket:
    """A leaky bucket: `burst` at once, then so many per hour."""

    def __init__(self) -> None:
        self._level = 0.0
        self._at = time.monotonic()

    def take(self, per_hour: int, burst: int) -> tuple[int, int]:
        """(tokens left, seconds until empty); -1 left is a refusal."""
        now = time.monotonic()
        rate = per_hour / 3600
        self._level = max(0.0, self._level - (now - self._at) * rate)
        self._at = now
        if self._level + 1 > burst + 1:
            return -1, int(self._level / rate) + 1
        self._level += 1
        return int(burst + 1 - self._level), int(self._level / rate) + 1


class Api:
    """Answers everything that is Horizon's."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._faults = parts.faults
        self.counts: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._bucket = Bucket()
        reading = Reading(parts.settings, parts.ledgers, parts.history, parts.view)
        self.submitting = Submitting(
            parts.settings, parts.ledgers, parts.core, parts.schedule, parts.view
        )
        self._routes = Routes([*reading.routes(), *self.submitting.routes()])

    def reset(self) -> None:
        """Start counting anew."""
        self.counts.clear()
        self.calls.clear()
        self.unlimited()

    def unlimited(self) -> None:
        """An empty bucket, after the limits have been changed."""
        self._bucket = Bucket()

    async def handle(self, request: Request) -> Response:
        """One answer, with the headers that Horizon sends."""
        self.counts["requests"] += 1
        if self._parts.settings.knobs.down:
            return Response(0, wire=Wire.DROPPED)
        headers = {"Cache-Control": "no-cache, no-store, max-age=0"}
        try:
            response = await self._answer(request, headers)
        except HorizonError as error:
            headers |= {**self._latest(), **error.headers}
            response = Response(error.status, json.dumps(error.body).encode(), headers, PROBLEM)
        self.counts[f"http_{response.status}"] += 1
        return response

    def _latest(self) -> dict[str, str]:
        return {"Latest-Ledger": str(self._parts.view.ingested())}

    async def _answer(self, request: Request, headers: dict[str, str]) -> Response:
        found = self._routes.find(request.method, request.path.rstrip("/") or "/")
        if found is None:
            raise errors.not_found()
        route, ids = found
        self.calls[route.operation] += 1
        self._limit(headers)
        call = Call(
            path=request.path.rstrip("/") or "/",
            operation=route.operation,
            ids=ids,
            query=dict(parse_qsl(request.query)),
            form=self._form(request),
            base=f"http://{request.headers.get('host', '')}",
        )
        subject = self._subject(request, call)
        edge = self._faults.pick("edge", subject)
        if edge is not None:
            return self._edge(edge, subject)
        call.work = self._faults.pick("execution", subject)
        last = self._faults.pick("answer", subject)
        self._spend(subject, call.work, last)
        await self._wait(call)
        try:
            reply = await route.run(call)
        except BadValueError:
            raise errors.server_error() from None
        return await self._sent(reply, last, headers)

    async def _sent(self, reply: Reply, last: Strike | None, headers: dict[str, str]) -> Response:
        if reply.dropped:
            return Response(0, wire=Wire.DROPPED)
        headers = {**headers, **self._latest(), **reply.headers}
        body = json.dumps(reply.body).encode()
        response = Response(reply.status, body, headers, HAL)
        return await wire.send(response, last, self._parts.settings.knobs.slow_ms)

    async def _wait(self, call: Call) -> None:
        knobs = self._parts.settings.knobs
        if knobs.latency_ms:
            await asyncio.sleep(knobs.latency_ms / 1000)
        if call.work is not None and not call.operation.startswith(SUBMIT):
            if call.work.name == "error":
                raise other_error(call.work.params)
            await wire.wait(call.work, knobs.slow_ms)

    def _limit(self, headers: dict[str, str]) -> None:
        knobs = self._parts.settings.knobs
        if not knobs.rate_limit_per_hour:
            return
        left, seconds = self._bucket.take(knobs.rate_limit_per_hour, knobs.rate_limit_burst)
        headers |= {
            "X-RateLimit-Limit": str(knobs.rate_limit_burst + 1),
            "X-RateLimit-Remaining": str(max(left, 0)),
            "X-RateLimit-Reset": str(seconds),
        }
        if left < 0:
            self.counts["rate_limited"] += 1
            raise errors.rate_limited(max(1, 3600 // knobs.rate_limit_per_hour))

    def _form(self, request: Request) -> dict[str, str]:
        if request.method != "POST":
            accepted = request.headers.get("accept", "")
            if accepted.startswith("text/event-stream"):
                raise HorizonError(
                    406, "not_acceptable", "An acceptable response content-type could not be found"
                )
            return {}
        if "x-www-form-urlencoded" not in request.headers.get("content-type", ""):
            raise HorizonError(
                415, "unsupported_media_type", "Unsupported Media Type",
                "The request has an unsupported content type. Presently, the only supported "
                "content type is application/x-www-form-urlencoded.",
            )  # fmt: skip
        if len(request.body) > MAX_FORM:
            raise HorizonError(413, "payload_too_large", "Payload Too Large")
        return dict(parse_qsl(request.body.decode(errors="replace")))

    def _subject(self, request: Request, call: Call) -> Subject:
        """What a call is about, for faults."""
        subject = Subject(
            method=request.method,
            path=call.path,
            operation=call.operation,
            hash=call.ids.get("hash", ""),
            account=call.ids.get("account", ""),
        )
        if "tx" not in call.form:
            return subject
        try:
            envelope = self._parts.core.parse(call.form["tx"])
        except MalformedError:
            return subject
        subject.hash, subject.source = envelope.hash, envelope.source
        paid = [destination(step) for step in envelope.steps if step.kind in PAYMENTS]
        subject.destination = paid[0] if paid else ""
        subject.memo = str(memo(envelope.tx.memo).get("memo", ""))
        return subject

    def _spend(self, subject: Subject, *strikes: Strike | None) -> None:
        for strike in strikes:
            if strike is not None:
                self.counts["faults"] += 1
                change = Change()
                self._faults.spend(change, strike, subject.hash)
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
        if strike.name == "stale_history":
            raise errors.stale()
        if strike.name == "still_ingesting":
            raise errors.still_ingesting()
        raise errors.server_error()
