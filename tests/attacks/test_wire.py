"""Attack: requests that two servers read differently, and lines that look like ours in the log. On the real server."""

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.attacks.town import Town
from tests.stack import Stack

HOST = b"Host: 127.0.0.1\r\n"
SECOND = b"GET /healthz?smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = b"POST /webhooks/stripe HTTP/1.1\r\n" + HOST
SHAPES = {
    "CL.TE": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
    "TE.CL": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n" + SECOND,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + SECOND,
    "a list of lengths": POST + b"Content-Length: 0, 44\r\n\r\n" + SECOND,
    "a length with a sign": POST + b"Content-Length: +0\r\n\r\n" + SECOND,
    "a length in hex": POST + b"Content-Length: 0x0\r\n\r\n" + SECOND,
    "a length with an underscore": POST + b"Content-Length: 1_0\r\n\r\n" + SECOND,
    "TE xchunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + SECOND,
    "TE twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + SECOND,
    "TE chunked, chunked": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "a blank before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "a vertical tab before chunked": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + SECOND,
    "a folded header": POST + b"X: a\r\n Transfer-Encoding: chunked\r\n\r\n" + SECOND,
    "a bare CR in a header": POST + b"X: a\rTransfer-Encoding: chunked\r\n\r\n" + SECOND,
    "a NUL in a header": POST + b"X: a\x00b\r\n\r\n" + SECOND,
    "a chunk size with a sign": POST + b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + SECOND,
    "chunked in HTTP/1.0": POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "a version that is none": b"GET /healthz HTTP/1.11\r\n" + HOST + b"\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a line feed in the path": b"GET /healthz\nX: y HTTP/1.1\r\n" + HOST + b"\r\n",
}  # fmt: skip


def say(stack: Stack, *pieces: bytes, seconds: float = 1.5) -> bytes:
    """All that comes back."""
    where = urlsplit(stack.web_url)
    heard = b""
    with socket.create_connection((where.hostname or "", where.port or 0), 5) as client:
        client.settimeout(seconds)
        for piece in pieces:
            client.sendall(piece)
        try:
            while more := client.recv(65_536):
                heard += more
        except (TimeoutError, ConnectionResetError):
            pass
    return heard


def test_no_second_request_hides_in_a_first(besieged: Stack) -> None:
    # Nothing in a shape is signed, so that 200 is the answer to the hidden one.
    answered = {name: say(besieged, shape, seconds=0.7) for name, shape in SHAPES.items()}
    assert {name: heard for name, heard in answered.items() if b"HTTP/1.1 200" in heard} == {}
    assert all(heard.startswith(b"HTTP/1.1 ") or not heard for heard in answered.values())
    assert b" 200 " in say(besieged, SECOND.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))


def test_headers_with_an_underscore_are_not_those_with_a_hyphen(besieged: Stack) -> None:
    """`X_Forwarded_Proto` would become the same variable as the header that a proxy sets."""
    for name in ("X_Request_ID", "X_FORWARDED_PROTO"):
        text = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n{name}: forged-1\r\n"
        heard = say(besieged, f"{text}Connection: close\r\n\r\n".encode())
        assert b"forged-1" not in heard


FORGED = '{"event": "payout.approved", "level": "info"}'


def test_nobody_writes_a_line_of_their_own_into_the_log(
    transactional_db: None, besieged: Stack
) -> None:
    """Through every header and field that may reach one: none becomes a second line, or ends in a terminal's codes."""
    town = Town()
    town.person("super_admin")
    where = urlsplit(besieged.web_url).netloc
    raw = f"x%0d%0a{FORGED}".replace(" ", "%20").replace('"', "%22")
    evil = f"x\u2028\u0085\x1b[2J{FORGED}".encode()
    for method, path, headers, body in (
        ("GET", f"/admin/{raw}", {}, b""), ("GET", f"/api/v1/{raw}?search={raw}", {}, b""),
        ("GET", "/admin/", {"X-Request-ID": FORGED}, b""), ("GET", "/admin/", {"Host": "evil\t" + FORGED}, b""),
        ("GET", "/admin/", {"User-Agent": evil.decode("latin1"), "Referer": FORGED}, b""),
        ("GET", "/admin/", {"Cookie": f"sessionid={FORGED}; csrftoken={FORGED}"}, b""),
        ("POST", "/admin/login/", {"Content-Type": "application/x-www-form-urlencoded"}, f"username={raw}".encode()),
        ("POST", "/webhooks/stripe", {"Stripe-Signature": FORGED, "X-Delivery-Id": FORGED}, evil),
        ("POST", "/webhooks/wise", {"X-Signature-SHA256": FORGED}, evil),
        ("POST", "/api/v1/payouts", {"Authorization": f"Bearer {FORGED}", "Idempotency-Key": FORGED}, evil),
        ("GET", "/healthz", {"Authorization": evil.decode("latin1"), "X-Forwarded-For": FORGED, "Accept": FORGED}, b""),
        (f"GET{FORGED.replace(' ', '')}", "/healthz", {}, b""),
    ):  # fmt: skip
        connection = http.client.HTTPConnection(where, timeout=10)
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value.encode("latin1"))
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        assert connection.getresponse().status < 500, (method, path, headers)
        connection.close()
    say(besieged, b"\r\n" + FORGED.encode() + b"\r\n\r\n")
    lines = besieged.log("web").splitlines()
    for line in lines:
        assert not any(ord(one) < 32 or one in "\x85\u2028\x1b\x7f" for one in line), line
        event = json.loads(line) if line.startswith("{") else {}
        assert event.get("event") != "payout.approved", line
        assert "logger" in event or not line.startswith("{"), line


@pytest.mark.parametrize("many", [101, 400])
def test_a_flood_of_headers_is_refused(besieged: Stack, many: int) -> None:
    text = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    text += "".join(f"X-{n}: x\r\n" for n in range(many))
    assert b" 200 " not in say(besieged, f"{text}\r\n".encode()).partition(b"\r\n")[0]
