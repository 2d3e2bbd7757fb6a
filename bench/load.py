"""An HTTP client that costs next to nothing, so that the server is what is measured."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit


class Answer(Exception):
    """A status outside of 2xx."""


JSON, FORM = "application/json", "application/x-www-form-urlencoded"


class Client:
    """One kept-alive connection. `credentials` is a whole header line: `Authorization: …` or `Cookie: …`."""

    def __init__(self, address: str, credentials: str, content_type: str = JSON) -> None:
        parts = urlsplit(address)
        assert parts.hostname is not None
        assert parts.port is not None
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")
        self._head = (
            f" HTTP/1.1\r\nHost: {parts.netloc}\r\n{credentials}\r\n"
            f"Accept: */*\r\nContent-Type: {content_type}\r\n"
        )

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The body of a 2xx answer; anything else raises Answer."""
        head = f"{method} {path}{self._head}Content-Length: {len(body)}\r\n\r\n"
        self._socket.sendall(head.encode() + body)
        status = self._file.readline()
        length = 0
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        content = self._file.read(length)
        if status[9:10] != b"2":
            raise Answer(f"{method} {path}: {status!r} {content[:500]!r}")
        return content

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def requests_per_second(
    address: str, credentials: str, paths: Sequence[str], clients: int
) -> float:
    """POST every path once, shared out among so many clients that each wait for their answer."""
    connections = [Client(address, credentials) for _ in range(clients)]
    failures: list[BaseException] = []

    def drive(client: Client, mine: Iterable[str]) -> None:
        try:
            for path in mine:
                client.request("POST", path)
        except BaseException as failure:
            failures.append(failure)
            raise
        finally:
            client.close()

    threads = [
        threading.Thread(target=drive, args=(client, paths[place::clients]))
        for place, client in enumerate(connections)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    if failures:
        raise failures[0]
    return len(paths) / seconds
