"""An integrator's endpoint of its own thread: it remembers what it got and answers as it is told."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Say:
    """An answer: status, headers and body; `before` is called first, `raw` is sent instead of all that."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    before: Callable[[], object] | None = None
    drip: float = 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, take: Callable[[Got], Say], tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.take = take
        if tls is not None:
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def handle_error(self, *args: Any) -> None:
        """Quiet: the other side may go away, and may not like our certificate."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        named = {name.lower(): value for name, value in self.headers.items()}
        say = self.server.take(Got(self.path, named, body))
        if say.before:
            say.before()
        try:
            self._answer(say)
        except OSError:
            self.close_connection = True  # the other side has gone

    def _answer(self, say: Say) -> None:
        if say.drip:  # a status line that never ends
            for letter in b"HTTP/1.1 200 " + b"O" * 10_000:
                self.wfile.write(bytes([letter]))
                time.sleep(say.drip)
        self.send_response(say.status)
        for name, value in say.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(say.body)))
        self.end_headers()
        self.wfile.write(say.body)

    def log_message(self, *args: Any) -> None:
        """Quiet."""


class Receiver:
    """Says `answers` in turn, then the last of them for ever; 200 without any."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.got: list[Got] = []
        self.answers: list[Say] = []
        self._arrived = threading.Condition()
        self._server = _Server(self._take, tls)
        serve = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        serve.start()
        self._thread = serve
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hooks"

    def _take(self, got: Got) -> Say:
        with self._arrived:
            self.got.append(got)
            self._arrived.notify_all()
            if len(self.answers) > 1:
                return self.answers.pop(0)
            return self.answers[0] if self.answers else Say()

    def wait_for(self, count: int, seconds: float = 20) -> list[Got]:
        """The requests, once there are `count`. Raises AssertionError after `seconds`."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.got) >= count, seconds), self.got
        return self.got

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
