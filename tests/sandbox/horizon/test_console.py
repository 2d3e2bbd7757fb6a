"""Horizon's control page and the customer's wallet, as a page and as a command."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.sandbox.test_console import Balanced, ask
from tests.sandbox_horizon import SandboxHorizon
from tests.sandbox_process import ROOT, SandboxProcess


class Page(Balanced):
    """The void elements of these pages."""

    VOID = Balanced.VOID | {"br"}


def shown(sandbox: SandboxProcess, path: str) -> str:
    status, headers, page = ask(sandbox, "GET", path)
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    parser = Page()
    parser.feed(page)
    assert parser.open == []
    return page


def press(sandbox: SandboxProcess, path: str, **form: str) -> None:
    status, headers, _ = ask(sandbox, "POST", f"/_sandbox/horizon/{path}", form)
    assert (status, headers["Location"]) == (303, "/horizon"), (path, headers)


def test_the_page_shows_the_network_and_every_bad_day(
    running_sandbox: SandboxProcess, horizon: SandboxHorizon
) -> None:
    digest = horizon.pay("<b>p:1</b>", "1234.5", "USDC")
    horizon.set_fault("504_never")
    page = shown(running_sandbox, "/horizon")
    for text in ("1,234.5 USDC", "&lt;b&gt;p:1", digest[:5], "504_never", horizon.treasury.public_key,
                 horizon.address("payee missing")):  # fmt: skip
        assert text in page
    assert "<b>p:1" not in page
    for row in horizon.call("GET", "faults")["catalogue"]:
        assert row["payee"] is None or row["payee"] in page
    assert 'href="/wallet"' in ask(running_sandbox, "GET", "/")[2]


def test_the_buttons_do_what_they_say(
    running_sandbox: SandboxProcess, horizon: SandboxHorizon
) -> None:
    horizon.hold()
    before = horizon.totals()["latest_ledger"]
    press(running_sandbox, "ledgers/close", ledgers="4")
    press(
        running_sandbox,
        "faults",
        fault="lost_answer",
        match_destination="",
        match_memo="p:*",
        times="1",
    )
    press(running_sandbox, "ingestion/stop")
    press(running_sandbox, "ledgers/close", ledgers="1")
    totals = horizon.totals()
    assert (totals["latest_ledger"], totals["ingested_ledger"]) == (before + 5, before + 4)
    press(running_sandbox, "ingestion/resume")
    press(running_sandbox, "history/cut")
    press(running_sandbox, "settings", wrong_network="true")
    press(running_sandbox, "bulk", count="10", memo="m{n}")
    assert horizon.totals()["elder_ledger"] == before + 5
    assert horizon.server.root().call()["network_passphrase"] != horizon.passphrase
    (armed,) = horizon.call("GET", "faults")["active"]
    assert armed["match"] == {"memo": "p:*", "method": "POST"}
    shown(running_sandbox, "/horizon")


def test_the_wallet_page_is_filled_in_by_a_link_and_led_back_to(
    running_sandbox: SandboxProcess, horizon: SandboxHorizon
) -> None:
    link = "/wallet?" + urlencode({"memo": "p:<7>", "amount": "12.50", "asset_code": "USDC",
                                   "asset_issuer": horizon.address("issuer")})  # fmt: skip
    page = shown(running_sandbox, link)
    assert 'value="p:&lt;7&gt;"' in page
    assert f'value="USDC:{horizon.address("issuer")}"' in page
    form = {
        "trick": "pay",
        "destination": horizon.receiving,
        "memo": "p:7",
        "amount": "2",
        "asset": "USDC",
    }
    for amount, problem in (("2", False), ("0", True)):
        request = urllib.request.Request(
            f"{running_sandbox.url}/_sandbox/horizon/wallet/pay",
            urlencode(form | {"amount": amount}).encode(),
            {"Referer": f"{running_sandbox.url}{link}"},
        )
        location = redirected(request)
        assert location.startswith("/wallet?memo=p%3A%3C7%3E&")
        assert ("problem=" in location) is problem
    assert horizon.balance(horizon.receiving, "USDC") == "2.0000000"
    assert "p:7" in shown(running_sandbox, "/wallet")


class Stay(urllib.request.HTTPRedirectHandler):
    """Do not follow."""

    def redirect_request(self, *_given: Any) -> None:
        return None


def redirected(request: urllib.request.Request) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay)
    with pytest.raises(urllib.error.HTTPError) as answer:
        opener.open(request, timeout=5)
    answer.value.close()
    assert answer.value.code == 303
    return str(answer.value.headers["Location"])


EXPECTED: dict[str, list[tuple[str, str, str | None, bool]]] = {
    "pay": [("10.0000000", "USDC", "p:1", True)],
    "twice": [("10.0000000", "USDC", "p:1", True)] * 2,
    "halves": [("5.0000000", "USDC", "p:1", True)] * 2,
    "too_little": [("9.0000000", "USDC", "p:1", True)],
    "too_much": [("11.0000000", "USDC", "p:1", True)],
    "wrong_memo": [("10.0000000", "USDC", "not p:1", True)],
    "no_memo": [("10.0000000", "USDC", None, True)],
    "wrong_asset": [("10.0000000", "EURC", "p:1", True)],
    "wrong_issuer": [("10.0000000", "false USDC", "p:1", True)],
    "failed": [("10.0000000", "USDC", "p:1", False)],
    "several": [("10.0000000", "USDC", "p:1", True), ("1.0000000", "native", "p:1", True)],
}


@pytest.mark.parametrize("trick", EXPECTED)
def test_what_each_trick_puts_on_the_receiving_account(horizon: SandboxHorizon, trick: str) -> None:
    horizon.wallet_pays(trick, memo="p:1", amount="10", asset="USDC")
    answer = horizon.server.payments().for_account(horizon.receiving).include_failed(True)
    rows = answer.join("transactions").limit(200).call()["_embedded"]["records"]
    told = [
        (row["amount"], row.get("asset_code"), row.get("asset_issuer"),
         row["transaction"].get("memo"), row["transaction_successful"])
        for row in rows
    ]  # fmt: skip
    wanted = []
    for amount, code, memo, good in EXPECTED[trick]:
        asset = horizon.asset(code)
        issued = (None, None) if asset.is_native() else (asset.code, asset.issuer)
        wanted.append((amount, *issued, memo, good))
    assert told == wanted


def test_a_late_payment_comes_in_a_later_ledger(horizon: SandboxHorizon) -> None:
    (sent,) = horizon.wallet_pays("late", memo="p:1", amount="1", seconds=600)
    assert horizon.times_paid(horizon.receiving) == 0
    horizon.advance_clock(601)
    assert horizon.times_paid(horizon.receiving) == 1
    assert horizon.call("GET", f"wallet/{sent}")["state"] == "applied"


def test_two_sessions_and_a_stranger_in_one_transaction_by_muxed_addresses(
    horizon: SandboxHorizon,
) -> None:
    first, second = (horizon.muxed(number) for number in (1, 2))
    (sent,) = horizon.wallet_pays(
        "several", destination=first, amount="3", memo="", others=f"{second} 4, {horizon.address('payee 1')} 5 USDC"
    )  # fmt: skip
    rows = horizon.server.payments().for_transaction(sent).call()["_embedded"]["records"]
    assert [row.get("to_muxed_id") for row in rows] == ["1", "2", None]


def test_the_command_pays_and_says_what_became_of_it(
    running_sandbox: SandboxProcess, horizon: SandboxHorizon
) -> None:
    def wallet(*given: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sandbox.horizon.wallet", "--sandbox", running_sandbox.url]
        return subprocess.run(
            [*command, *given], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )

    link = (
        f"web+stellar:pay?destination={horizon.receiving}&amount=7&memo=p%3A9&memo_type=MEMO_TEXT"
    )
    paid = wallet("failed", "--link", link, "--amount", "8")
    assert paid.returncode == 0, paid.stderr
    digest, state, *_ = paid.stdout.split()
    assert state == "failed"
    assert horizon.server.transactions().transaction(digest).call()["memo"] == "p:9"
    refused = wallet("pay", "--amount", "nothing")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "amount" in refused.stderr
