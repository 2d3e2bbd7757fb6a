"""HTTP/1.1 for every rail: one event loop, keep-alive, answers that can be dropped or torn.

An asyncio protocol and not a thread per connection: artificial latency then costs a timer, and a
whole request runs without a lock. A request is finished even if its client has gone, as on a real
rail.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

log = logging.getLogger("sandbox")

BACKLOG = 1024
MAX_HEAD = 64 * 1024
MAX_BODY = 8 * 1024 * 1024


class Wire(enum.Enum):
    """What the client gets of an answer."""

    WHOLE = "whole"
    DROPPED = "dropped"
    TRUNCATED = "truncated"


@dataclass(slots=True)
class Request:
    """One request; header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Response:
    """One answer; `wire` says how much of it leaves."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    wire: Wire = Wire.WHOLE

    def encode(self) -> bytes:
        """Head and body; the Content-Length is that of the whole body, torn or not."""
        try:
            reason = HTTPStatus(self.status).phrase
        except ValueError:
            reason = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {reason}", f"Content-Type: {self.content_type}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        head = "\r\n".join(lines).encode("latin-1", "replace")
        body = self.body[: len(self.body) // 2] if self.wire is Wire.TRUNCATED else self.body
        return head + body


class Rail(Protocol):
    """What a rail's sub-package offers: paths it owns, an answer to each, a start and a stop."""

    def owns(self, path: str) -> bool: ...

    async def handle(self, request: Request) -> Response: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


Handler = Callable[[Request], Awaitable[Response]]


class BadRequestError(Exception):
    """The bytes are not an HTTP/1.1 request that this server reads."""


class Connection(asyncio.Protocol):
    """One client connection: requests one after the other, in order."""

    def __init__(self, handler: Handler, tasks: set[asyncio.Task[None]]) -> None:
        self._handler = handler
        self._tasks = tasks
        self._buffer = bytearray()
        self._busy = False
        self._continued = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._pump()

    def _pump(self) -> None:
        if self._busy or self._transport is None:
            return
        try:
            request = self._take()
        except (BadRequestError, ValueError) as error:
            self._transport.write(
                Response(400, str(error).encode(), {"Connection": "close"}, "text/plain").encode()
            )
            self._transport.close()
            return
        if request is None:
            return
        self._busy = True
        task = asyncio.get_running_loop().create_task(self._serve(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _take(self) -> Request | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequestError("header section too large")
            return None
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        method, target, _version = lines[0].split(" ", 2)
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if "transfer-encoding" in headers:
            raise BadRequestError("send a Content-Length")
        length = int(headers.get("content-length", "0"))
        if not 0 <= length <= MAX_BODY:
            raise BadRequestError("body too large")
        start = end + 4
        if len(self._buffer) < start + length:
            self._continue(headers)
            return None
        body = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        self._continued = False
        path, _, query = target.partition("?")
        return Request(method, path, query, headers, body)

    def _continue(self, headers: dict[str, str]) -> None:
        if headers.get("expect", "").lower() == "100-continue" and not self._continued:
            self._continued = True
            if self._transport is not None:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def _serve(self, request: Request) -> None:
        try:
            response = await self._handler(request)
        except Exception:
            log.exception("%s %s failed inside the sandbox", request.method, request.path)
            response = Response(500, b'{"error":{"type":"api_error","message":"sandbox bug"}}')
        transport = self._transport
        if transport is None:
            return
        if response.wire is Wire.DROPPED:
            transport.abort()
            return
        last = (
            response.wire is Wire.TRUNCATED
            or request.headers.get("connection", "").lower() == "close"
        )
        if last:
            response.headers["Connection"] = "close"
        transport.write(response.encode())
        if last:
            transport.close()
            return
        self._busy = False
        self._pump()


class Server:
    """Listens and hands each request to the rail that owns its path, else to the front page."""

    def __init__(self, rails: list[Rail], front: Handler) -> None:
        self._rails = rails
        self._front = front
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Bind and accept; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: Connection(self._handle, self._tasks), host, port, backlog=BACKLOG
        )

    async def _handle(self, request: Request) -> Response:
        if request.path == "/healthz":
            return Response(200, b'{"status":"ok"}')
        for rail in self._rails:
            if rail.owns(request.path):
                return await rail.handle(request)
        return await self._front(request)
