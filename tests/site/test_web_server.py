"""The web server: what it refuses by itself is a problem document too, and slow clients hold up nobody.

Clients that dribble get 408 in time, and everybody else is answered meanwhile, without a proxy in front.
"""

import contextlib
import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from pytest_django import DjangoDbBlocker

from tests.cast import Caller, integrator
from tests.stack import Stack

pytestmark = pytest.mark.django_db(transaction=True)

SLOW_CLIENTS = 30
THREADS = 2
REQUEST_SECONDS = 1.5
HEAD = "POST /api/v1/bookings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
REFUSED = [
    ("GET /api/v1/bookings?search=" + "x" * 9_000 + " HTTP/1.1", 414, "uri_too_long"),
    ("GET / HTTP/1.1\r\nX-Long: " + "x" * 20_000, 431, "headers_too_large"),
    ("NONSENSE", 400, "bad_request"),
    ("GET / HTTP/1.1\r\nContent-Length: -1", 400, "bad_request"),
]


@pytest.fixture(scope="module")
def running_stack(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Stack]:
    """One process of two threads, and no worker."""
    few = {
        "WEB_PROCESSES": "1",
        "WEB_THREADS": str(THREADS),
        "WEB_REQUEST_SECONDS": str(REQUEST_SECONDS),
    }
    with django_db_blocker.unblock(), Stack(workers=0, environment=few) as running:
        yield running


@pytest.fixture
def stack(running_stack: Stack, transactional_db: None) -> Stack:
    return running_stack


def connect(stack: Stack) -> socket.socket:
    where = urlsplit(stack.web_url)
    return socket.create_connection((where.hostname or "", where.port or 0), 30)


def answer_of(client: socket.socket) -> tuple[int, str]:
    """Status and code."""
    answer = http.client.HTTPResponse(client)
    answer.begin()
    body = answer.read()
    return answer.status, json.loads(body).get("code", "") if body else ""


class Slow:
    """One client that sends a byte now and then, until it is answered."""

    def __init__(self, stack: Stack, begin: str) -> None:
        self.client = connect(stack)
        self.client.sendall(begin.encode())
        self.began = time.monotonic()

    def dribble(self, byte: bytes) -> None:
        with contextlib.suppress(OSError):  # refused meanwhile: the answer is there to be read
            self.client.sendall(byte)


def asked(caller: Caller, began_before: float) -> list[float]:
    """How long each of a good client's calls took, one after the other, until that moment."""
    seconds = []
    while time.monotonic() < began_before:
        began = time.monotonic()
        assert caller.get("bookings").status == 200
        assert caller.post("bookings", {"reference": "x"}).status == 422
        seconds.append(time.monotonic() - began)
    return seconds


def test_thirty_slow_clients_hold_up_nobody_and_are_told(stack: Stack) -> None:
    caller = integrator(stack.web_url)
    alone = max(asked(caller, time.monotonic() + 0.3))
    slow = [
        Slow(
            stack,
            "GET /healthz HTTP/1.1\r\nX-Slow: "
            if number % 2
            else f"{HEAD}Content-Length: 50\r\n\r\n{{",
        )
        for number in range(SLOW_CLIENTS)
    ]
    stopped = threading.Event()

    def dribble() -> None:
        while not stopped.wait(0.2):
            for one in slow:
                one.dribble(b" ")

    dribbling = threading.Thread(target=dribble)
    dribbling.start()
    seconds = asked(caller, slow[0].began + REQUEST_SECONDS - 0.5)
    said = [answer_of(one.client) for one in slow]
    stopped.set()
    dribbling.join()
    for one in slow:
        one.client.close()
    assert said == [(408, "request_timeout")] * SLOW_CLIENTS
    assert seconds
    # A thread that waited for a body would have been away for twice that time.
    assert max(seconds) < max(REQUEST_SECONDS, 10 * alone), (seconds, alone)


def test_a_slow_client_that_comes_to_an_end_is_answered(stack: Stack) -> None:
    """In pieces, with a part of the next request behind it; the connection stays for that one."""
    caller = integrator(stack.web_url)
    body = b'{"reference": "x"}'
    request = (
        f"{HEAD}Authorization: Bearer {caller.secret}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    second = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with connect(stack) as client:
        for piece in (request[:10], request[10:-5], request[-5:] + second[:9]):
            client.sendall(piece)
            time.sleep(0.05)
        assert answer_of(client) == (422, "validation_error")
        client.sendall(second[9:])
        assert answer_of(client) == (200, "")
        assert client.recv(1) == b"", "closed, as was asked"


def test_two_requests_at_once_are_answered_one_after_the_other(stack: Stack) -> None:
    with connect(stack) as client:
        one = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        client.sendall((one + b"\r\n") * 2 + one + b"Connection: close\r\n\r\n")
        with client.makefile("rb") as answers:
            assert answers.read().count(b"HTTP/1.1 200 OK\r\n") == 3


def test_what_says_no_length_or_too_much_is_refused_at_the_door(stack: Stack) -> None:
    for line, wanted in (
        ("Transfer-Encoding: chunked", (411, "length_required")),
        (f"Content-Length: {9 * 1024 * 1024}", (413, "body_too_large")),
        ("Content-Length: -1", (400, "bad_request")),
    ):
        with connect(stack) as client:
            client.sendall(f"{HEAD}{line}\r\n\r\n".encode())
            assert answer_of(client) == wanted
    with connect(stack) as client:
        client.sendall(b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 40_000)
        assert answer_of(client) == (431, "headers_too_large")


def test_a_body_is_asked_for_where_the_client_waits_for_that(stack: Stack) -> None:
    with connect(stack) as client:
        client.sendall(f"{HEAD}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n".encode())
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"{}")
        assert answer_of(client) == (401, "not_authenticated")


def test_clients_that_say_nothing_go_or_vanish_leave_no_trace(stack: Stack) -> None:
    silent = [connect(stack) for _ in range(5)]
    for number in range(40):
        client = connect(stack)
        client.sendall(HEAD.encode() if number % 2 else b"")
        if number % 4:  # with a reset instead of an end
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    assert integrator(stack.web_url).get("bookings").status == 200
    assert [client.recv(1) for client in silent] == [b""] * 5, "closed without a word"
    for client in silent:
        client.close()
    assert "Traceback" not in stack.log("web")


def test_its_own_refusals_are_coded(stack: Stack) -> None:
    where = urlsplit(stack.web_url)
    for head, status, code in REFUSED:
        with socket.create_connection((where.hostname or "", where.port or 0), 10) as client:
            client.sendall(f"{head}\r\nHost: 127.0.0.1\r\n\r\n".encode())
            answer = http.client.HTTPResponse(client)
            answer.begin()
            said = json.loads(answer.read())
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (answer.status, said["status"], said["code"]) == (status, status, code)
