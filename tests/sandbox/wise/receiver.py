"""A webhook endpoint that verifies Wise's signature as the product does."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


@dataclass
class Got:
    """One delivery: the raw body, its headers, when it came."""

    body: bytes
    headers: dict[str, str]
    at: float

    def event(self, pem: str) -> dict[str, Any]:
        """Verified. Raises InvalidSignature."""
        key = serialization.load_pem_public_key(pem.encode())
        assert isinstance(key, rsa.RSAPublicKey)
        signature = base64.b64decode(self.headers["x-signature-sha256"])
        key.verify(signature, self.body, padding.PKCS1v15(), hashes.SHA256())
        event: dict[str, Any] = json.loads(self.body, parse_float=Decimal)
        return event


class Receiver:
    """Answers `statuses` in turn, then 200."""

    def __init__(self) -> None:
        self.key = ""
        self.got: list[Got] = []
        self.statuses: list[int] = []
        self._arrived = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(outer.take(Got(body, headers, time.monotonic())))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhooks/wise"

    def take(self, got: Got) -> int:
        with self._arrived:
            self.got.append(got)
            self._arrived.notify_all()
            return self.statuses.pop(0) if self.statuses else 200

    def wait_for(self, count: int, seconds: float = 5) -> list[dict[str, Any]]:
        """The verified events, once there are `count`. Raises AssertionError after `seconds`."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.got) >= count, seconds), (
                f"{len(self.got)} of {count} deliveries"
            )
            return [got.event(self.key) for got in self.got]

    def states(self, count: int) -> list[tuple[str | None, str]]:
        """(previous, current) of the state changes, once there are `count`, by occurred_at."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            events = [got.event(self.key) for got in list(self.got)]
            changes = [e["data"] for e in events if e["event_type"] == "transfers#state-change"]
            if len(changes) >= count:
                changes.sort(key=lambda data: data["occurred_at"])
                return [(data["previous_state"], data["current_state"]) for data in changes]
            time.sleep(0.02)
        raise AssertionError(f"{len(self.got)} deliveries, not {count} state changes")

    def clear(self) -> None:
        with self._arrived:
            self.got.clear()
            self.statuses.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
