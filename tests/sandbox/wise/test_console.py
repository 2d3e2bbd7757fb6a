"""Wise's control page: what it shows, and that every button does what it says."""

from __future__ import annotations

import re
from decimal import Decimal

from tests.sandbox.test_console import Balanced, ask
from tests.sandbox.wise.client import WiseClient
from tests.sandbox_process import SandboxProcess
from tests.sandbox_wise import SandboxWise


class Page(Balanced):
    """The void elements of this page."""

    VOID = Balanced.VOID | {"br"}


def press(sandbox: SandboxProcess, path: str, **form: str) -> None:
    status, headers, _ = ask(sandbox, "POST", f"/_sandbox/wise/{path}", form)
    assert (status, headers["Location"]) == (303, "/wise"), (path, headers)


def test_page_shows_books_and_every_bad_day(
    sandbox: SandboxProcess, client: WiseClient, wise: SandboxWise
) -> None:
    transfer = client.paid("BOUNCE <b>Ann</b>", reference="PO <i>7")
    client.fund(client.transfer("SCA Bob Example"))
    wise.set_fault("lost_answer", operation="transfer.fund")
    status, headers, page = ask(sandbox, "GET", "/wise")
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    for text in (
        str(transfer),
        "85.61 EUR",
        "BOUNCE",
        "PO &lt;i&gt;7",
        "Bounce 3 days later",
        f"{transfer} processing",
    ):
        assert text in page
    assert "<b>Ann" not in page
    for row in wise.call("GET", "faults")["catalogue"]:
        for word in row["names"]:
            assert f"<code>{word}</code>" in page
    parser = Page()
    parser.feed(page)
    assert parser.open == []
    assert 'href="/wise"' in ask(sandbox, "GET", "/")[2]


def test_buttons_push_a_transfer_through_its_states(
    sandbox: SandboxProcess, client: WiseClient, wise: SandboxWise
) -> None:
    before = client.balance()
    transfer = client.paid()
    path = f"transfers/{transfer}"
    press(sandbox, f"{path}/state", state="funds_converted")
    press(sandbox, f"{path}/state", state="outgoing_payment_sent")
    press(sandbox, f"{path}/payout-failure")
    press(sandbox, f"{path}/bounce", days="3")
    assert client.status(transfer) == "bounced_back"
    press(sandbox, f"{path}/refund", percent="90")
    assert client.status(transfer) == "funds_refunded"
    assert client.balance() < before
    (row,) = wise.books()["transfers"]
    taken = Decimal(row["payment"]["amount"])
    assert abs(Decimal(row["refunded"]) - taken * Decimal("0.9")) <= Decimal("0.01")


def test_other_buttons(sandbox: SandboxProcess, client: WiseClient, wise: SandboxWise) -> None:
    press(sandbox, "balance/drain", amount="", currency="USD")
    press(sandbox, "balance/topup", amount="700.50", currency="USD")
    assert client.balance() == Decimal("700.50")
    press(sandbox, "rates", source="USD", target="EUR", rate="0.5")
    press(sandbox, "settings", quote_seconds="5")
    press(sandbox, "clock/advance", seconds="86400")
    recipient = client.recipient("INSUFFICIENT Ann Example")
    press(sandbox, f"recipients/{recipient}", words="BOUNCE")
    assert wise.books()["recipients"][0]["words"] == ["INSUFFICIENT", "BOUNCE"]
    press(sandbox, f"recipients/{recipient}/cure")
    press(sandbox, f"recipients/{recipient}", active="false")
    assert client.get(f"/v1/accounts/{recipient}").json()["active"] is False
    press(sandbox, "faults", fault="lost_answer", match_operation="transfer.fund",
          match_name="", times="1")  # fmt: skip
    (armed,) = wise.call("GET", "faults")["active"]
    assert armed["match"] == {"operation": "transfer.fund"}
    press(sandbox, f"faults/{armed['id']}/remove")
    press(sandbox, "webhooks/deliver", order="reverse")
    press(sandbox, "reset")
    assert wise.totals()["recipients"] == 0


def test_every_form_of_the_page_leads_somewhere(
    sandbox: SandboxProcess, client: WiseClient, wise: SandboxWise
) -> None:
    client.paid()
    client.transfer()
    client.fund(client.transfer("SCA Bob Example"))
    wise.set_fault("429")
    _, _, page = ask(sandbox, "GET", "/wise")
    actions = set(re.findall(r'(?:form)?action="(/[^"]*)"', page)) - {"/_sandbox/wise/reset"}
    assert len(actions) >= 15
    for action in actions:
        status, headers, _ = ask(sandbox, "POST", action, {})
        assert status == 303, action
        assert headers["Location"].startswith("/wise"), action


def test_a_mistake_is_explained(sandbox: SandboxProcess, client: WiseClient) -> None:
    transfer = client.transfer()
    form = {"state": "outgoing_payment_sent"}
    _, headers, _ = ask(sandbox, "POST", f"/_sandbox/wise/transfers/{transfer}/state", form)
    _, _, page = ask(sandbox, "GET", headers["Location"])
    assert "the transfer is not funded" in page
    status, _, _ = ask(sandbox, "POST", "/_sandbox/wise/reset", {}, Origin="https://evil.example")
    assert status == 403
    assert ask(sandbox, "GET", "/_sandbox/wise/reset")[0] == 404


def test_public_key_is_served_on_both_ports(sandbox: SandboxProcess, client: WiseClient) -> None:
    pem = sandbox.wise_public_key()
    assert pem.startswith("-----BEGIN PUBLIC KEY-----")
    assert client.get("/_sandbox/wise/public-key").text == pem
    assert client.get("/healthz").json() == {"status": "ok"}
    private = sandbox.data_dir / "wise-webhooks.pem"
    assert private.stat().st_mode & 0o077 == 0


def test_wise_is_off_unless_asked_for() -> None:
    with SandboxProcess() as sandbox:
        assert ask(sandbox, "GET", "/wise")[0] == 404
        assert ask(sandbox, "GET", "/_sandbox/wise/totals")[0] == 404
        assert 'href="/wise"' not in ask(sandbox, "GET", "/")[2]
        assert not (sandbox.data_dir / "wise.journal").exists()


def test_stripe_and_wise_share_a_process_and_nothing_else(
    sandbox: SandboxProcess, client: WiseClient
) -> None:
    transfer = client.paid()
    assert sandbox.totals()["movements"] == 0
    sandbox.reset()
    assert client.status(transfer) == "processing"
    status, _, _ = ask(sandbox, "GET", "/v1/transfers", Authorization="Bearer sk_test_1")
    assert status == 200
    assert client.get("/v1/transfers", profile=28891298).json()[0]["id"] == transfer
