"""The control page: what it shows, and that only POST from its own origin changes anything."""

from __future__ import annotations

import http.client
import re
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

import pytest
import stripe

from tests.sandbox.conftest import Pay
from tests.sandbox_process import SandboxProcess


def ask(
    sandbox: SandboxProcess,
    method: str,
    path: str,
    form: dict[str, str] | None = None,
    **headers: str,
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=5)
    body = None if form is None else urlencode(form)
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
    connection.request(method, path, body, {**kind, **headers})
    answer = connection.getresponse()
    result = answer.status, dict(answer.getheaders()), answer.read().decode()
    connection.close()
    return result


class Balanced(HTMLParser):
    """Raises AssertionError for a tag closed out of order."""

    VOID = frozenset({"meta", "link", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not {name for name, _ in attrs if name == "style" or name.startswith("on")}
        if tag == "form":
            assert "form" not in self.open, "a form inside a form"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_shows_books_and_every_bad_day(sandbox: SandboxProcess, pay: Pay) -> None:
    made = pay("acct_1Crew", key="po-7-a1", transfer_group="transfer:7")
    sandbox.set_account("acct_1Ill", trouble="no_transfers")
    sandbox.set_fault("lost_answer", destination="acct_9*")
    status, headers, page = ask(sandbox, "GET", "/")
    assert status == 200
    assert headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    for text in (made.id, "$45.00", "$99,999,955.00", "po-7-a1", "transfer:7", "acct_1Ill"):
        assert text in page
    for row in sandbox.call("GET", "faults")["catalogue"]:
        if row["account_prefix"]:
            assert f"<code>{row['account_prefix']}…</code>" in page
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    status, headers, _ = ask(sandbox, "GET", "/console.css")
    assert status == 200
    assert headers["Content-Type"].startswith("text/css")
    assert ask(sandbox, "GET", "/else")[0] == 404


def test_buttons_do_what_they_say(
    sandbox: SandboxProcess, client: stripe.StripeClient, pay: Pay
) -> None:
    def press(path: str, **form: str) -> None:
        status, headers, _ = ask(sandbox, "POST", f"/_sandbox/{path}", form)
        assert (status, headers["Location"]) == (303, "/"), path

    armed = {"match_destination": "", "match_transfer_group": "", "times": "1"}
    press("faults", fault="lost_answer", **armed)
    with pytest.raises(stripe.APIConnectionError):
        pay(key="k")
    press("faults", fault="429", **{**armed, "times": ""})
    assert sandbox.call("GET", "faults")["active"][0]["times"] is None
    press("faults/clear")
    press("balance/drain", amount="", currency="usd")
    press("balance/topup", amount="700", currency="usd")
    assert client.v1.balance.retrieve().available[0].amount == 700
    press("accounts/acct_1", trouble="missing")
    press("accounts/acct_1/cure")
    assert client.v1.accounts.retrieve("acct_1").id == "acct_1"
    press("settings", latency_ms="3")
    assert sandbox.settings()["latency_ms"] == 3
    press("clock/advance", seconds="90000")
    press("keys/prune", which="expired")
    assert sandbox.books()["keys"] == {}
    press("webhooks/deliver", order="reverse")
    press("reset")
    assert sandbox.totals()["movements"] == 0


def test_every_form_of_the_page_leads_somewhere(sandbox: SandboxProcess, pay: Pay) -> None:
    pay(key="k")
    sandbox.set_fault("429")
    _, _, page = ask(sandbox, "GET", "/")
    actions = set(re.findall(r'(?:form)?action="(/[^"]*)"', page)) - {"/_sandbox/reset"}
    assert len(actions) >= 10
    for action in actions:
        status, headers, _ = ask(sandbox, "POST", action, {})
        assert status == 303, action
        assert headers["Location"].startswith("/"), action


def test_a_mistake_is_explained_on_the_page(sandbox: SandboxProcess) -> None:
    status, headers, _ = ask(sandbox, "POST", "/_sandbox/settings", {"latency_ms": "<b>soon"})
    assert status == 303
    _, _, page = ask(sandbox, "GET", headers["Location"])
    assert "latency_ms is a whole number" in page
    _, _, page = ask(sandbox, "GET", "/?problem=%3Cscript%3E")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_only_post_from_here_changes_state(sandbox: SandboxProcess, pay: Pay) -> None:
    pay(key="k")
    assert ask(sandbox, "GET", "/_sandbox/reset")[0] == 404
    assert ask(sandbox, "POST", "/", {})[0] == 405
    status, _, _ = ask(sandbox, "POST", "/_sandbox/reset", {}, Origin="https://evil.example")
    assert status == 403
    assert sandbox.totals()["movements"] == 1
    status, _, _ = ask(sandbox, "POST", "/_sandbox/reset", {}, Origin=sandbox.url)
    assert status == 303


def test_what_callers_send_is_escaped(sandbox: SandboxProcess, pay: Pay) -> None:
    pay(key="<i>k", transfer_group="<script>alert(1)</script>")
    _, _, page = ask(sandbox, "GET", "/")
    assert "<script>" not in page
    assert "<i>k" not in page
    assert "&lt;script&gt;" in page
