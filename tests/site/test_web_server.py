"""What the web server refuses by itself, before Django sees it, is a problem document too."""

import http.client
import json
import socket
from urllib.parse import urlsplit

from tests.stack import Stack

REFUSED = [
    ("GET /api/v1/bookings?search=" + "x" * 9_000 + " HTTP/1.1", 414, "uri_too_long"),
    ("GET / HTTP/1.1\r\nX-Long: " + "x" * 20_000, 431, "headers_too_large"),
    ("NONSENSE", 400, "bad_request"),
    ("GET / HTTP/1.1\r\nContent-Length: -1", 400, "bad_request"),
]


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
