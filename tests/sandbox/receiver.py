"""A webhook endpoint of its own thread, that can refuse and that remembers what it got."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import stripe


@dataclass
class Got:
    """One delivery: the raw body, its signature, when it came."""

    body: bytes
    signature: str
    at: float

    def event(self, secret: str) -> stripe.Event:
        """Verified as the product does it. Raises SignatureVerificationError."""
        event: stripe.Event = stripe.Webhook.construct_event(self.body, self.signature, secret)
        return event


class Receiver:
    """Answers `statuses` in turn, then 200."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.statuses: list[int] = []
        self._arrived = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.take(Got(body, self.headers["Stripe-Signature"], time.monotonic()))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhooks/stripe"

    def take(self, got: Got) -> int:
        with self._arrived:
            self.got.append(got)
            self._arrived.notify_all()
            return self.statuses.pop(0) if self.statuses else 200

    def wait_for(self, count: int, seconds: float = 5) -> list[Got]:
        """The deliveries, once there are `count`. Raises AssertionError after `seconds`."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.got) >= count, seconds), (
                f"{len(self.got)} of {count} deliveries"
            )
            return list(self.got)

    def clear(self) -> None:
        with self._arrived:
            self.got.clear()
            self.statuses.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
