"""Must show 5: a pool of two with thirty clients, a queue that goes, a database that restarts, and unkind callers.

Each answer is coded and comes within three seconds; all are served again within thirty; the books are equal.
"""

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from pytest_django import DjangoDbBlocker

from payouts_site.dev import embedded
from tests.cast import Caller, integrator
from tests.chaos.watch import wait_until_settled
from tests.factories import make_booking
from tests.sandbox_process import ROOT
from tests.stack import Stack, database_url, wait_until
from transfers.models import Booking, Transfer

CLIENTS = 30
ANSWERED_WITHIN_SECONDS = 3.0
RECOVERED_WITHIN_SECONDS = 30.0
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def running_stack(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """Two connections for sixteen threads."""
    small = {"DATABASE_POOL_SIZE": "2", "WEB_PROCESSES": "1", "WEB_THREADS": "16"}
    with django_db_blocker.unblock(), Door() as door:
        environment = {
            **small,
            "DATABASE_URL": door.url,
            "ALIVE_FILE": str(tmp_path_factory.mktemp("alive") / "worker"),
        }
        with Stack(environment=environment) as running:
            running.door = door  # type: ignore[attr-defined]  # the test opens and shuts it
            yield running


@pytest.fixture
def stack(running_stack: Stack, transactional_db: None) -> Stack:
    """The same one for each test, with empty books."""
    running_stack.sandbox.reset()
    return running_stack


class Door:
    """A port in front of the database: shut, every session ends at once and new ones are refused, as in a restart."""

    def __init__(self) -> None:
        parts = urlsplit(database_url())
        self._to = (str(parts.hostname), int(parts.port or 5432))
        self._port = embedded.free_port()
        self.url = database_url().replace(f":{parts.port}/", f":{self._port}/")
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None

    def __enter__(self) -> "Door":
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()

    def open(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def shut(self) -> None:
        with self._lock:
            listener, self._listener = self._listener, None
            ends, self._open = self._open, []
        if listener is not None:
            for end in (listener, *ends):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket()
            with self._lock:
                if self._listener is not listener:
                    near.close()
                    far.close()
                    return
                self._open += [near, far]
            with contextlib.suppress(OSError):
                far.connect(self._to)
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Crowd:
    """Clients that each pay a booking and look at it, again and again, until they are told to stop."""

    def __init__(self, caller: Caller, bookings: list[Booking]) -> None:
        self.caller = caller
        self.bookings = bookings
        self.said: list[tuple[int, str, bool, float]] = []
        self.no_answer = 0
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(CLIENTS)

    def __enter__(self) -> "Crowd":
        self._work = [self._pool.submit(self._client, number) for number in range(CLIENTS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown()
        for work in self._work:
            work.result()

    def _client(self, number: int) -> None:
        reference = self.bookings[number % len(self.bookings)].reference
        while not self._stop.is_set():
            for call in (
                lambda: self.caller.pay_all(reference),
                lambda: self.caller.get(f"bookings/{reference}"),
            ):
                began = time.monotonic()
                try:
                    said = call()
                except OSError:
                    self.no_answer += 1
                    continue
                code = said.body.get("code", "") if said.status >= 400 else ""
                retry = "Retry-After" in said.headers
                self.said.append((said.status, code, retry, time.monotonic() - began))
            time.sleep(0.05)

    def judge(self, allowed_slowness: float) -> None:
        """Nothing but success and coded refusals, each in time. `allowed_slowness`: what this machine adds."""
        assert self.no_answer == 0
        refused = [one for one in self.said if one[0] >= 400]
        assert {(status, code) for status, code, _, _ in refused} <= {(503, "unavailable")}
        assert all(retry for _, _, retry, _ in refused)
        slowest = max(seconds for *_, seconds in self.said)
        assert slowest < ANSWERED_WITHIN_SECONDS + allowed_slowness


def slowness(caller: Caller) -> float:
    """What a plain answer takes while this machine does what it does: five times that is forgiven."""
    seconds = []
    for _ in range(5):
        began = time.monotonic()
        caller.call("GET", "no-such-address")
        seconds.append(time.monotonic() - began)
    return 5 * max(seconds)


def assert_books_are_equal(stack: Stack, bookings: list[Booking]) -> None:
    for booking in bookings:
        wait_until_settled(stack, booking, RECOVERED_WITHIN_SECONDS)
    totals = stack.sandbox.totals()
    people = Transfer.objects.filter(status="success").count()
    assert (totals["movements"], totals["paid_more_than_once"]) == (people, [])
    ours = dict(Transfer.objects.values_list("rail_reference", "amount_minor"))
    theirs = {row["id"]: row["amount"] for row in stack.sandbox.books()["transfers"]}
    assert ours == theirs


def healthy(stack: Stack, caller: Caller) -> bool:
    with contextlib.suppress(OSError):
        return caller.get("bookings?limit=1").status == 200
    return False


LARGE = 8 * 1024 * 1024 + 1
UNKIND: dict[str, tuple[str, bytes, set[tuple[int, str]]]] = {
    "a huge body": ("bookings", b" " * LARGE, {(413, "body_too_large")}),
    "deep JSON": ("bookings", b"[" * 200_000, {(400, "invalid_json")}),
    "deep JSON in its place": (
        "bookings",
        b'{"reference": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
        {(400, "invalid_json")},
    ),
    "100,000 people": (
        "bookings/BK-UNKIND/transfers",
        b'{"user_ids": [' + b",".join(b'"u%d"' % n for n in range(100_000)) + b"]}",
        {(422, "validation_error"), (422, "not_on_booking")},
    ),
    "no JSON": ("bookings", b"\xff\xfe", {(400, "invalid_json")}),
    "a number of a million digits": (
        "bookings",
        b'{"crew": ' + b"9" * 1_000_000 + b"}",
        {(400, "invalid_json"), (422, "validation_error")},
    ),
}  # fmt: skip
WILD = (
    "transfers?status=%00", "transfers?search=" + "%25" * 900, "transfers?limit=99999999999999999999",
    "transfers?cursor=" + "A" * 3000, "payouts?region=" + "x" * 3000, "bookings?search=%F0%9F%98%80",
    "audit/entries?since=nonsense&subject=%27%3B--", "transfers?ordering=-attempts__request",
)  # fmt: skip


def raw(stack: Stack, caller: Caller, path: str, body: bytes) -> tuple[int, str, float]:
    """Status, code and how long it took. Of a body that is too large only the beginning is sent: that is enough."""
    client = http.client.HTTPConnection(urlsplit(stack.web_url).netloc, timeout=20)
    with contextlib.closing(client):
        began = time.monotonic()
        client.putrequest("POST", f"/api/v1/{path}")
        client.putheader("Authorization", f"Bearer {caller.secret}")
        client.putheader("Content-Type", "application/json")
        client.putheader("Content-Length", str(len(body)))
        client.endheaders(body[:1000] if len(body) >= LARGE else body)
        answer = client.getresponse()
        document = json.loads(answer.read())
    return answer.status, document.get("code", ""), time.monotonic() - began


def test_what_is_too_much_is_refused_early_with_a_code(stack: Stack) -> None:
    caller = integrator(stack.web_url)
    make_booking("acct_1a", reference="BK-UNKIND")
    spare = slowness(caller)
    for name, (path, body, wanted) in UNKIND.items():
        status, code, seconds = raw(stack, caller, path, body)
        assert (status, code) in wanted, (name, status, code)
        assert seconds < ANSWERED_WITHIN_SECONDS + spare, name
    for path in WILD:
        began = time.monotonic()
        said = caller.get(path)
        assert said.status in (200, 403, 422), (path, said)
        assert said.status == 200 or said.body["code"], path
        assert time.monotonic() - began < ANSWERED_WITHIN_SECONDS + spare, path


def test_each_healthcheck_says_how_its_process_is(stack: Stack) -> None:
    """The commands of docker-compose.yml, against these processes; the scheduler's is in test_beat.py."""
    environment = stack.environment()
    port = stack.web_url.rpartition(":")[2]
    checks = {"web": {"WEB_PORT": port}, "worker": {}}
    for name, more in checks.items():
        command = [sys.executable, "-I", "payouts_site/alive.py", name]
        done = subprocess.run(command, env=environment | more, cwd=ROOT, check=False)
        assert done.returncode == 0, name
    gone = {"WEB_PORT": str(embedded.free_port()), "ALIVE_FILE": "/nowhere"}
    for name in checks:
        command = [sys.executable, "-I", "payouts_site/alive.py", name]
        assert subprocess.run(command, env=environment | gone, cwd=ROOT, check=False).returncode


def test_thirty_clients_on_two_connections_lose_the_queue_and_the_database(stack: Stack) -> None:
    door: Door = stack.door  # type: ignore[attr-defined]  # see the fixture
    caller = integrator(stack.web_url)
    bookings = [make_booking("acct_1a", "acct_1b") for _ in range(6)]
    for _ in range(8):
        caller.get("bookings")
    spare = slowness(caller)
    with Crowd(caller, bookings) as crowd:
        time.sleep(2)
        stack.lose_queue()
        time.sleep(1)
        door.shut()
        time.sleep(1.5)
        door.open()
        began = time.monotonic()
        wait_until(lambda: healthy(stack, caller), seconds=RECOVERED_WITHIN_SECONDS)
        recovered = time.monotonic() - began
        time.sleep(1)
    crowd.judge(spare)
    assert {200, 202} <= {status for status, *_ in crowd.said}
    assert recovered < RECOVERED_WITHIN_SECONDS
    assert_books_are_equal(stack, bookings)
