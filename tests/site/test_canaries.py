"""Canaries: secrets and bank details go in everywhere that a stranger or an operator can type, in the real stack.

They must come out nowhere: no log, no message in the queue, no key of it, no error page, no list, no audit entry, no
export, no answer of the API but the one to whoever holds the right to see them.
"""

import http.client
import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from redis import Redis

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role
from audit.models import Entry
from tests.cast import Caller
from tests.console.test_export import FILES
from tests.factories import make_booking
from tests.stack import Stack

PASSWORD = "canary-of-a-passphrase-9"
IBAN = "DE89370400440532013000"
BAD_IBAN = "DE89370400440532013999"
OTHER_IBAN = "FR1420041010050500013M02606"
ACCOUNT, SORT_CODE = "28821822", "231470"
KEY = "sk_live_canary4eC39HqLyjWDarjt"
HOOK = "whsec_canaryMfKQ9r8GKYqrTwjUPD8I"
# Whole values, and what would still identify them.
CANARIES = (
    IBAN, BAD_IBAN, OTHER_IBAN, "370400440532", "20041010050500013", ACCOUNT, KEY, HOOK, "canary4eC39",
    "canaryMfKQ9", PASSWORD,
)  # fmt: skip
LISTS = (
    "transfers/booking/", "transfers/transfer/", "payouts/payoutrequest/?status=any", "audit/entry/",
    "transfers/railevent/", "transfers/finding/", "access/apitoken/", "auth/user/",
)  # fmt: skip


def payout_of(recipient: dict[str, Any], name: str) -> dict[str, Any]:
    payee = {"external_id": name, "name": "Otto Muster"}
    return {
        "payee": payee, "amount": "12.00", "currency": "EUR", "rail": "wise", "recipient": recipient,
    }  # fmt: skip


class Visitor:
    """A browser without scripts: one session, forms posted with their token."""

    def __init__(self, stack: Stack) -> None:
        self._host = urlsplit(stack.web_url).netloc
        self._cookies: dict[str, str] = {}
        self.seen: list[str] = []

    def call(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self._host, timeout=20)
        body = None
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if form is not None:
            token = self._cookies.get("csrftoken", "")
            body = urlencode({**form, "csrfmiddlewaretoken": token})
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "Referer": f"http://{self._host}/admin/",
            }
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        connection.close()
        self.seen.append(text)
        return answer.status, text

    def log_in(self, name: str, password: str) -> int:
        self.call("GET", "/admin/login/")
        status, _ = self.call("POST", "/admin/login/", {"username": name, "password": password})
        return status


@pytest.fixture
def secret_holder(transactional_db: None) -> str:
    """A super admin at the console, and the bearer token of an integrator."""
    ana = User.objects.create_user("ana", password=PASSWORD)
    assign_role(ana, Role.SUPER_ADMIN)
    owner = User.objects.create_user("shop")
    assign_role(owner, Role.OPERATOR)
    _, token = ApiToken.objects.create(user=owner, name="tests")
    return str(token)


@pytest.fixture
def stack(transactional_db: None) -> Iterator[Stack]:
    """Workers that try to reach Wise at an address where nobody is, with a secret in the token."""
    wise = {
        "WISE_API_TOKEN": KEY,
        "WISE_PROFILE_ID": "1",
        "WISE_API_BASE": "http://127.0.0.1:9",
        "RECIPIENT_KEYS": HOOK,
    }
    with Stack(environment=wise) as running:
        yield running


def plant(stack: Stack, caller: Caller) -> list[str]:
    """Every way in; what was answered."""
    said: list[Any] = []
    sort_code = {
        "type": "sort_code", "sort_code": SORT_CODE, "account_number": ACCOUNT,
        "account_holder": "Otto Muster",
    }  # fmt: skip
    recipients: list[dict[str, Any]] = [
        {"type": "iban", "iban": IBAN, "account_holder": "Otto Muster"},
        {"type": "iban", "iban": OTHER_IBAN, "account_holder": "Otto Muster"},
        sort_code,
        {"type": "iban", "iban": BAD_IBAN, "account_holder": "Otto Muster"},
        {"type": "iban", "iban": [IBAN], "account_holder": {"x": IBAN}},
        {"type": IBAN, KEY: KEY},
    ]
    for number, recipient in enumerate(recipients):
        body = payout_of(recipient, f"payee-{number}")
        said.append(caller.post("payouts", body, key=f"key-{number}"))
    payouts = [one.body["id"] for one in said if one.status == 201]
    assert len(payouts) == 3
    said += [caller.get(f"payouts/{one}") for one in payouts]
    said += [caller.get(f"payouts/{one}/timeline") for one in payouts]
    said.append(caller.get(f"payouts?search={IBAN}&status={KEY}&cursor={KEY}"))
    # The request keeps what its reviewer typed, for whoever may read it; no list, log or entry repeats it.
    typed = {"reason": f"to {IBAN} {KEY}"}
    assert caller.post(f"payouts/{payouts[1]}/reject", typed).status in (200, 403)
    said.append(caller.get(f"no-such/{IBAN}"))
    said.append(caller.post("bookings", {"reference": [KEY], "crew": IBAN}))
    return [json.dumps(one.body) for one in said]


def shout(stack: Stack) -> list[str]:
    """Malformed requests, with canaries in the line, the headers and the body; what was answered."""
    said = []
    for method, path, body, headers in (
        (
            "POST",
            "/webhooks/stripe",
            f'{{"iban": "{IBAN}"}}',
            {"Stripe-Signature": f"t=1,v1={KEY}"},
        ),
        ("POST", "/webhooks/wise", IBAN, {"X-Signature-SHA256": KEY}),
        ("POST", "/api/v1/payouts", "{" + IBAN, {"Authorization": f"Bearer {KEY}{HOOK}"}),
        ("GET", f"/api/v1/{KEY}", None, {"X-Request-ID": f"{IBAN} \x1b[2J"}),
        ("GET", f"/admin/{IBAN}/{KEY}", None, {"Host": KEY}),
        ("GET", f"/healthz?token={KEY}", None, {"X-Request-ID": "x\ty"}),
    ):
        connection = http.client.HTTPConnection(urlsplit(stack.web_url).netloc, timeout=20)
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        payload = (body or "").encode()
        connection.putheader("Content-Length", str(len(payload)))
        connection.endheaders(payload)
        said.append(connection.getresponse().read().decode(errors="replace"))
        connection.close()
    return said


def in_the_queue(stack: Stack) -> str:
    """Every key of the queue and what it holds."""
    kinds: dict[bytes, Any] = {}
    with Redis.from_url(stack.queue_url) as queue:
        read = {
            b"string": queue.get,
            b"list": lambda key: queue.lrange(key, 0, -1),
            b"set": queue.smembers,
            b"zset": lambda key: queue.zrange(key, 0, -1),
            b"hash": queue.hgetall,
        }
        for key in queue.scan_iter():
            kinds[key] = read[queue.type(key)](key)
    return str(kinds)


def decide(stack: Stack, visitor: Visitor, payout: int) -> None:
    """Approve one at the console with a canary as the reason, so that a worker tries to pay it."""
    _, page = visitor.call("GET", f"/admin/payouts/payoutrequest/{payout}/review/")
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    kyc = {**fields, "status": "approved", "note": f"passport, {IBAN}"}
    visitor.call("POST", f"/admin/payouts/payoutrequest/{payout}/kyc/", kyc)
    _, page = visitor.call("GET", f"/admin/payouts/payoutrequest/{payout}/review/")
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    approval = {**fields, "reason": f"fine {KEY} {OTHER_IBAN}"}
    visitor.call("POST", f"/admin/payouts/payoutrequest/{payout}/approve/", approval)


def test_no_canary_comes_out_anywhere(stack: Stack, secret_holder: str) -> None:
    caller = Caller(stack.web_url, secret_holder)
    with Redis.from_url(stack.queue_url) as queue, queue.monitor() as monitor:
        answers = plant(stack, caller) + shout(stack)
        booking = make_booking("acct_1a", "acct_1b")
        caller.pay_all(booking.reference)
        visitor = Visitor(stack)
        assert Visitor(stack).log_in("ana", KEY) == 200
        assert visitor.log_in("ana", PASSWORD) == 302
        decide(stack, visitor, int(json.loads(answers[1])["id"]))
        time.sleep(2.5)  # a sweep: the worker fails to reach Wise, and says so
        queue.get("the-end")
        commands = list(iter(lambda: str(next(monitor.listen())["command"]), "GET the-end"))
    pages = [visitor.call("GET", f"/admin/{address}")[1] for address in LISTS]
    pages += [visitor.call("GET", "/admin/")[1], visitor.call("GET", "/admin/nothing/")[1]]
    files = [visitor.call("POST", address, {})[1] for address in FILES.values()]
    assert all(text.startswith("\ufeff") and text.count("\n") > 1 for text in files), files
    logs = "".join(stack.log(name) for name in ("web", "worker-1"))
    entries = list(Entry.objects.values_list("reason", "snapshot", "subject", "actor_name"))
    assert any("fine" in str(entry) for entry in entries), "the console's approval was planted"
    places = {
        "answers": answers,
        "pages": pages,
        "exports": files,
        "logs": [logs],
        "queue": [in_the_queue(stack)],
        "messages": commands,
        "audit": [str(entry) for entry in entries],
    }
    found = {
        (place, canary)
        for place, texts in places.items()
        for canary in (*CANARIES, secret_holder)
        for text in texts
        if canary in text
    }
    assert found == set()
    for line in logs.splitlines():
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", line)
    assert any("transfers." in one for one in commands), "wake-ups were seen"
