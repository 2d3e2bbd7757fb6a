"""gunicorn's threaded worker, with a room where requests wait until they are complete. No thread waits for a client.

gunicorn's own reads head and body in the thread that will answer, without a limit of time once the first byte came:
as many slow clients as there are threads, and nobody else is served. Here the loop that accepts also reads, as a
buffering proxy would, and a thread gets a request whole. Who is too slow, too large, or sends no length is refused
there by a problem document. With a certificate of gunicorn's own it works as before: then bytes are not requests yet.

It hangs on gunicorn's accept, enqueue_req, finish_request, on_client_socket_readable and murder_pending; pyproject.toml
holds the version, and tests/site/test_web_server.py fails when a new one no longer calls them.
"""

import contextlib
import os
import re
import selectors
import socket
import struct
import time
from collections.abc import Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from django.conf import settings
from gunicorn import http
from gunicorn.workers.gthread import TConn, ThreadWorker

from payouts_site.gunicorn import write_problem

# From the first byte to the last of a head; a body has as long again, and a second more for each 16 KiB.
REQUEST_SECONDS: Final = float(os.environ.get("WEB_REQUEST_SECONDS") or 10)
_BODY_BYTES_PER_SECOND: Final = 16 * 1024
# An answer that the client takes nothing of for so long is cut off.
_SEND_SECONDS: Final = 15
# A refused client may still be sending: closed at once, it would never read why.
_LINGER_SECONDS: Final = 2.0
_STOP_SECONDS: Final = 2.0
_LONGEST_HEAD: Final = 256 * 1024
# Of all that waits in this process.
_MOST_BYTES: Final = 128 * 1024 * 1024
_ROUND_SECONDS: Final = 0.25

_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(
    rb"^content-length:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
_CHUNKED: Final = re.compile(rb"^transfer-encoding[ \t]*:", re.IGNORECASE | re.MULTILINE)
_EXPECTS: Final = re.compile(rb"^expect:[ \t]*100-continue[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


class Refusal(NamedTuple):
    """What is said instead of an answer."""

    status: int
    reason: str
    message: str


_SLOW: Final = Refusal(408, "Request Timeout", "The request did not arrive in time; send it again.")
_NO_LENGTH: Final = Refusal(411, "Length Required", "Send the body with a Content-Length.")
_LARGE: Final = Refusal(413, "Content Too Large", "The body is too large.")
_LONG_HEAD: Final = Refusal(431, "Request Header Fields Too Large", "The headers are too large.")
_FULL: Final = Refusal(503, "Service Unavailable", "Too much is arriving at once; try again.")


class WaitingConnection(TConn):  # type: ignore[misc]  # gunicorn has no type hints
    """A connection, what came of its next request, and until when the rest may come."""

    def __init__(self, worker: "WaitingRoomWorker", *arguments: Any) -> None:
        super().__init__(worker.cfg, *arguments)
        self.worker = worker
        self.bytes = bytearray()
        self.deadline = 0.0
        self.looked = 0
        self.whole = 0  # the length of the request, once its head is there
        self.lingers = False

    def close(self, graceful: bool = False) -> None:  # noqa: FBT001, FBT002 - gunicorn's signature
        """Gracefully means that the client may read to the end; gunicorn's loop would stand still meanwhile."""
        if graceful:
            self.worker.linger(self)
        else:
            super().close()

    def next_request(self) -> Refusal | bytes | None:
        """The next request once it is all there, None before, or why it is refused. What is malformed is gunicorn's."""
        if not self.whole:
            end = self.bytes.find(_END, max(0, self.looked - len(_END)))
            self.looked = len(self.bytes)
            if end < 0:
                return _LONG_HEAD if len(self.bytes) > _LONGEST_HEAD else None
            refused = self._read_head(end)
            if refused:
                return refused
        if len(self.bytes) < self.whole:
            return None
        request = bytes(self.bytes[: self.whole])
        del self.bytes[: self.whole]
        self.whole = self.looked = 0
        return request

    def _read_head(self, end: int) -> Refusal | None:
        head = bytes(self.bytes[:end])
        if _CHUNKED.search(head):
            return _NO_LENGTH
        found = _LENGTH.search(head)
        length = int(found[1]) if found else 0
        if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return _LARGE
        self.whole = end + len(_END) + length
        if length and len(self.bytes) < self.whole:
            self.deadline += REQUEST_SECONDS + length / _BODY_BYTES_PER_SECOND
            if _EXPECTS.search(head):
                with contextlib.suppress(OSError):
                    self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return None


class WaitingRoomWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no type hints
    """`worker_class`: gthread, but for who waits where."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._waiting: dict[WaitingConnection, None] = {}  # in the order of their coming
        self._held = 0
        self._next_round = 0.0

    def accept(self, listener: socket.socket) -> None:
        """Let a client in."""
        if self.cfg.is_ssl:
            super().accept(listener)
            return
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        client.setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_SECONDS, 0)
        )
        if self.nr_conns >= self.worker_connections - self.cfg.threads:
            self._ask_one_to_leave()
        self.nr_conns += 1
        conn = WaitingConnection(self, client, address, listener.getsockname())
        self._let_wait(conn, REQUEST_SECONDS)
        self._on_bytes(conn, client)

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """The next request of a connection that was kept open begins."""
        if not isinstance(conn, WaitingConnection):
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._let_wait(conn, REQUEST_SECONDS)
        if conn.bytes:
            self._hold(conn, b"")
        else:
            self._on_bytes(conn, client)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Also look at what came after the request that was answered."""
        super().finish_request(conn, fs)
        kept = self.keepalived_conns
        if isinstance(conn, WaitingConnection) and conn.bytes and kept and kept[-1] is conn:
            self.on_client_socket_readable(conn, conn.sock)

    def murder_pending(self) -> None:
        """Refuse whoever took too long. gunicorn calls it in each turn of its loop."""
        super().murder_pending()
        now = time.monotonic()
        if now < self._next_round:
            return
        self._next_round = now + _ROUND_SECONDS
        for conn in list(self._waiting):
            if not self.alive:
                conn.deadline = min(conn.deadline, now + _STOP_SECONDS)
            if conn.deadline <= now:
                self._expire(conn)

    def linger(self, conn: WaitingConnection) -> None:
        """Nothing more is said; what still comes is thrown away until the client closes, for a moment at most."""
        conn.lingers = True
        self._forget_bytes(conn)
        with contextlib.suppress(OSError):
            conn.sock.shutdown(socket.SHUT_WR)
            if conn not in self._waiting:
                self.nr_conns += 1
                self._let_wait(conn, _LINGER_SECONDS)
            conn.deadline = time.monotonic() + _LINGER_SECONDS
            return
        self._drop(conn)

    def _let_wait(self, conn: WaitingConnection, seconds: float) -> None:
        conn.sock.settimeout(0)
        conn.deadline = time.monotonic() + seconds
        self._waiting[conn] = None
        self._held += len(conn.bytes)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_bytes, conn))

    def _on_bytes(self, conn: WaitingConnection, client: socket.socket) -> None:
        try:
            data = client.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(conn)
        elif not conn.lingers:
            self._hold(conn, data)

    def _hold(self, conn: WaitingConnection, data: bytes) -> None:
        conn.bytes += data
        self._held += len(data)
        whole = conn.next_request()
        if isinstance(whole, Refusal):
            self._refuse(conn, whole)
        elif whole is not None:
            self._leave(conn)
            self._held -= len(whole) + len(conn.bytes)
            conn.parser = http.get_parser(self.cfg, _once(whole), conn.client)
            conn.initialized = conn.data_ready = True
            self.enqueue_req(conn)
        elif self._held > _MOST_BYTES:
            self._refuse(conn, _FULL)

    def _expire(self, conn: WaitingConnection) -> None:
        """Who said nothing at all is not told anything: browsers open connections to spare."""
        if conn.lingers or not conn.bytes:
            self._drop(conn)
        else:
            self._refuse(conn, _SLOW)

    def _ask_one_to_leave(self) -> None:
        """At the limit of connections whoever waits longest makes place, so that the door is never shut."""
        oldest = next(iter(self._waiting), None)
        if oldest is not None:
            self._expire(oldest)
            if oldest in self._waiting:
                self._drop(oldest)

    def _refuse(self, conn: WaitingConnection, refusal: Refusal) -> None:
        with contextlib.suppress(OSError):
            write_problem(conn.sock, *refusal)
        self.linger(conn)

    def _forget_bytes(self, conn: WaitingConnection) -> None:
        if conn in self._waiting:
            self._held -= len(conn.bytes)
        conn.bytes.clear()

    def _leave(self, conn: WaitingConnection) -> None:
        self._waiting.pop(conn, None)
        with contextlib.suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)

    def _drop(self, conn: WaitingConnection) -> None:
        if conn in self._waiting:
            self._forget_bytes(conn)
            self._leave(conn)
            self.nr_conns -= 1
        conn.close()


def _once(whole: bytes) -> Iterator[bytes]:
    """A source that never waits: after the request comes its end."""
    yield whole
