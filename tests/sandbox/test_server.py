"""The HTTP plumbing: keep-alive, pipelining, torn input, load with latency, and no product inside."""

from __future__ import annotations

import ast
import http.client
import os
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import stripe

from tests.sandbox.conftest import client_for
from tests.sandbox_process import ROOT, SandboxProcess

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def connect(sandbox: SandboxProcess) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", sandbox.port), timeout=5)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def read_answers(connection: socket.socket, count: int) -> bytes:
    data = b""
    while data.count(b'{"status":"ok"}') < count:
        part = connection.recv(65536)
        if not part:
            break
        data += part
    return data


def test_health_on_a_kept_connection(sandbox: SandboxProcess) -> None:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=5)
    sockets = set()
    for _ in range(3):
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b'{"status":"ok"}')
        sockets.add(id(connection.sock))
    assert len(sockets) == 1
    connection.close()


def test_requests_in_pieces_and_in_a_row(sandbox: SandboxProcess) -> None:
    with connect(sandbox) as connection:
        for byte in GET:
            connection.sendall(bytes([byte]))
        assert b"200 OK" in read_answers(connection, 1)
        connection.sendall(GET * 5)
        assert read_answers(connection, 5).count(b"HTTP/1.1 200 OK") == 5


def test_expect_continue(sandbox: SandboxProcess) -> None:
    with connect(sandbox) as connection:
        connection.sendall(
            b"POST /_sandbox/clock/advance HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b'{"seconds":0}')
        assert b"200 OK" in connection.recv(1000)


@pytest.mark.parametrize(
    "garbage",
    [
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000,
    ],
)
def test_garbage_is_answered_400_and_closed(sandbox: SandboxProcess, garbage: bytes) -> None:
    with connect(sandbox) as connection:
        connection.sendall(garbage)
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")
    with connect(sandbox) as connection:
        connection.sendall(GET)
        assert b"200 OK" in read_answers(connection, 1)


def test_a_gone_client_does_not_stop_the_execution(sandbox: SandboxProcess) -> None:
    sandbox.settings(latency_ms=600)
    body = b"amount=1&currency=usd&destination=acct_1"
    with connect(sandbox) as connection:
        connection.sendall(
            b"POST /v1/transfers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_test_1\r\n"
            b"Idempotency-Key: k\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        time.sleep(0.05)
    assert sandbox.totals()["movements"] == 0
    deadline = time.monotonic() + 10
    while not sandbox.totals()["movements"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sandbox.totals()["movements"] == 1


def test_a_call_under_way_does_not_touch_books_that_were_reset(sandbox: SandboxProcess) -> None:
    sandbox.settings(latency_ms=300)
    client = client_for(sandbox)
    with ThreadPoolExecutor(1) as pool:
        params = {"amount": 1, "currency": "usd", "destination": "acct_1"}
        asked = pool.submit(client.v1.transfers.create, params)  # type: ignore[arg-type]
        while sandbox.totals()["requests"] == 0:
            time.sleep(0.01)
        sandbox.reset()
        assert isinstance(asked.exception(), stripe.APIError)
    assert sandbox.totals()["movements"] == 0


def test_load_with_latency_costs_waiting_not_cpu(sandbox: SandboxProcess) -> None:
    """300 calls of 200 ms on 60 connections take a little over a second, almost all of it idle."""
    sandbox.settings(latency_ms=200)

    def cpu_seconds() -> float:
        fields = Path(f"/proc/{sandbox.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    clients = [client_for(sandbox) for _ in range(60)]

    def work(worker: int) -> None:
        for number in range(5):
            clients[worker].v1.transfers.create(
                {"amount": 1, "currency": "usd", "destination": f"acct_{worker}"},
                {"idempotency_key": f"{worker}-{number}"},
            )

    before = cpu_seconds()
    with ThreadPoolExecutor(60) as pool:
        list(pool.map(work, range(60)))
    assert sandbox.totals()["movements"] == 300
    assert cpu_seconds() - before < 0.6


def test_sandbox_imports_nothing_but_the_standard_library() -> None:
    """But for Wise's signatures (the standard library has no RSA) and Stellar's envelopes.

    `_typeshed` is for the types.
    """
    for path in sorted((ROOT / "sandbox").rglob("*.py")):
        allowed = sys.stdlib_module_names | {"sandbox", "_typeshed"}
        if path.name == "signing.py":
            allowed |= {"cryptography"}
        if path.parent.name == "horizon":
            allowed |= {"stellar_sdk"}
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] in allowed, f"{path}: {name}"


def test_library_is_the_real_one() -> None:
    assert stripe.VERSION.startswith("16.")
