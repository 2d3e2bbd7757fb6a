"""One HTTP request to an integrator: to the address that was judged, over before its time is, whatever the other does.

httpcore2 is httpx2's own engine; used directly because it lets the connection be made by us.
"""

import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import httpcore2

from webhooks.addresses import NotPublic, UnacceptableUrl, check_url, resolve

TOTAL_SECONDS: Final = 15.0
CONNECT_SECONDS: Final = 5.0
MOST_BYTES: Final = 16 * 1024
MOST_CHARACTERS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `text` is the beginning of the body."""

    status: int
    text: str
    retry_after: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing usable came back; the endpoint may have got the message all the same."""

    error: str


class _TimeIsOver(httpcore2.TimeoutException):
    """The whole request took too long, however alive the connection is."""


class _Stream(httpcore2.NetworkStream):
    """A connection whose every read and write also ends with the request's own time: a slow drip is no way out."""

    def __init__(self, inner: httpcore2.NetworkStream, until: float) -> None:
        self._inner, self._until = inner, until

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise _TimeIsOver
        return left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._left())
        return _Stream(inner, self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Dialer(httpcore2.NetworkBackend):
    """Resolves a name once and connects to what it resolved to. TLS still proves the name."""

    def __init__(self, until: float) -> None:
        self._until = until
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        error: Exception = _TimeIsOver()
        for address in resolve(host, port):
            left = self._until - time.monotonic()
            if left <= 0:
                raise _TimeIsOver
            try:
                seconds = min(CONNECT_SECONDS, left)
                return _Stream(self._plain.connect_tcp(address, port, seconds), self._until)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                error = failed
        raise error


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer | NoAnswer:
    """POST `body`. Follows no redirect, uses no proxy, reads at most so much; ends within TOTAL_SECONDS.

    Call it outside of any transaction.
    """
    until = time.monotonic() + TOTAL_SECONDS
    try:
        address = check_url(url)
        with (
            httpcore2.ConnectionPool(
                ssl_context=_trust(), network_backend=_Dialer(until)
            ) as connections,
            connections.stream(
                "POST", address, headers=list(headers.items()), content=body
            ) as response,
        ):
            return Answer(response.status, _beginning(response), _header(response, b"retry-after"))
    except (UnacceptableUrl, NotPublic) as error:
        return NoAnswer(f"Nothing was sent: {error}")
    except _ERRORS as error:
        return NoAnswer(_in_words(error))


_ERRORS: Final = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    OSError,
    UnicodeError,
)


def _beginning(response: httpcore2.Response) -> str:
    parts: list[bytes] = []
    size = 0
    try:
        for part in response.iter_stream():
            parts.append(part)
            size += len(part)
            if size >= MOST_BYTES:
                break
    except _ERRORS:
        pass  # the status is the answer; how its text ends does not matter
    text = b"".join(parts)[:MOST_BYTES].decode(errors="replace")
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:MOST_CHARACTERS]


def _header(response: httpcore2.Response, wanted: bytes) -> str:
    found = [value for name, value in response.headers if name.lower() == wanted]
    return found[0].decode("ascii", errors="replace") if found else ""


def _in_words(error: Exception) -> str:
    if isinstance(error, httpcore2.ConnectTimeout):
        return f"No connection within {CONNECT_SECONDS:g} s."
    if isinstance(error, httpcore2.TimeoutException):
        return f"No answer within {TOTAL_SECONDS:g} s."
    if isinstance(error, httpcore2.ConnectError):
        return f"No connection: {error}"[:300]
    return f"The connection broke: {error}"[:300]
