"""Every bad day: what the client is told, and what is true."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from stellar_sdk import Server, TransactionEnvelope
from stellar_sdk.exceptions import (
    BadRequestError,
    BadResponseError,
    BaseHorizonError,
    NotFoundError,
)
from stellar_sdk.exceptions import ConnectionError as NoAnswer

from tests.sandbox_horizon import SandboxHorizon


def pay(horizon: SandboxHorizon, **options: Any) -> TransactionEnvelope:
    return horizon.build((horizon.receiving, "USDC", "1"), memo="p:1", **options)


def applied(horizon: SandboxHorizon) -> int:
    return horizon.times_paid(horizon.receiving)


def found(server: Server, envelope: TransactionEnvelope) -> bool | None:
    """`successful` of what GET says, None for a 404."""
    try:
        return bool(server.transactions().transaction(envelope.hash_hex()).call()["successful"])
    except NotFoundError:
        return None


@pytest.mark.parametrize("fault", ["lost_answer", "truncated"])
def test_applied_and_the_answer_does_not_arrive(
    horizon: SandboxHorizon, server: Server, fault: str
) -> None:
    horizon.set_fault(fault)
    envelope = pay(horizon)
    with pytest.raises(NoAnswer):
        horizon.submit(envelope)
    assert found(server, envelope) is True
    horizon.submit(envelope)
    assert applied(horizon) == 1


@pytest.mark.parametrize(
    ("fault", "status"), [("500_after", 500), ("html_502_after", 502), ("500_before", 500),
                          ("html_502", 502), ("429", 429), ("stale_history", 503)],
)  # fmt: skip
def test_an_answer_that_says_nothing(
    horizon: SandboxHorizon, server: Server, fault: str, status: int
) -> None:
    horizon.set_fault(fault)
    envelope = pay(horizon)
    with pytest.raises(BaseHorizonError) as error:
        horizon.submit(envelope)
    assert error.value.status == status
    assert found(server, envelope) is (True if fault.endswith("_after") else None)
    horizon.submit(envelope)
    assert applied(horizon) == 1


def test_429_says_when_to_come_back(horizon: SandboxHorizon) -> None:
    horizon.set_fault("429", params={"seconds": 7})
    answer = requests.post(
        f"{horizon.url}/transactions", data={"tx": pay(horizon).to_xdr()}, timeout=5
    )
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert "extras" not in answer.json()


def test_504_and_applied_two_ledgers_later(horizon: SandboxHorizon, server: Server) -> None:
    horizon.hold()
    horizon.set_fault("504_later", params={"ms": 0})
    envelope = pay(horizon)
    with pytest.raises(BadResponseError) as error:
        horizon.submit(envelope)
    assert error.value.status == 504
    horizon.close(2)
    assert found(server, envelope) is None
    horizon.close()
    assert found(server, envelope) is True


def test_504_and_never_applied_dropped_and_banned(horizon: SandboxHorizon, server: Server) -> None:
    horizon.hold()
    horizon.settings(submit_wait_ms=50)
    horizon.set_fault("504_never", params={"ms": 0})
    envelope = pay(horizon)
    for _ in range(2):  # the second is a DUPLICATE
        with pytest.raises(BadResponseError):
            horizon.submit(envelope)
    horizon.close(4)
    assert horizon.totals() | {"pending": 0, "banned": 1} == horizon.totals()
    with pytest.raises(BadResponseError) as banned:
        horizon.submit(envelope)
    assert banned.value.status == 504
    horizon.close(10)
    horizon.settings(close_on_submit=True)
    horizon.submit(envelope)
    assert applied(horizon) == 1


def test_504_and_applied_by_another_node_while_banned_here(
    horizon: SandboxHorizon, server: Server
) -> None:
    horizon.hold()
    horizon.settings(submit_wait_ms=50)
    horizon.set_fault("applied_late", params={"seconds": 40, "ms": 0})
    envelope = pay(horizon)
    for _ in range(2):
        with pytest.raises(BadResponseError):
            horizon.submit(envelope)
        horizon.close(3)
    assert found(server, envelope) is None
    horizon.advance_clock(41)
    assert found(server, envelope) is True
    assert applied(horizon) == 1


def test_what_another_node_carries_dies_with_its_max_time(
    horizon: SandboxHorizon, server: Server
) -> None:
    horizon.set_fault("applied_late", params={"seconds": 60, "ms": 0})
    envelope = pay(horizon, max_time=int(time.time()) + 30)
    with pytest.raises(BadResponseError):
        horizon.submit(envelope)
    horizon.advance_clock(90)
    horizon.close()
    assert found(server, envelope) is None
    assert horizon.totals()["elsewhere"] == 0


@pytest.mark.parametrize(
    ("fault", "code"), [("bad_seq_lie", "tx_bad_seq"), ("too_late_lie", "tx_too_late")]
)
def test_a_refusal_that_hides_an_applied_payment(
    horizon: SandboxHorizon, server: Server, fault: str, code: str
) -> None:
    horizon.set_fault(fault)
    envelope = pay(horizon)
    with pytest.raises(BadRequestError) as error:
        horizon.submit(envelope)
    assert error.value.extras is not None
    assert error.value.extras["result_codes"] == {"transaction": code}
    assert found(server, envelope) is True


def test_applied_but_failed_is_final_and_told_again(
    horizon: SandboxHorizon, server: Server
) -> None:
    horizon.set_fault("applied_failed", params={"code": "op_line_full"})
    envelope = pay(horizon)
    for _ in range(2):
        with pytest.raises(BadRequestError) as error:
            horizon.submit(envelope)
        assert error.value.extras is not None
        assert error.value.extras["result_codes"]["operations"] == ["op_line_full"]
    assert found(server, envelope) is False
    assert applied(horizon) == 0


def test_horizon_lags_behind_the_ledger(horizon: SandboxHorizon, server: Server) -> None:
    sequence = server.load_account(horizon.wallet.public_key).sequence
    horizon.settings(submit_wait_ms=50)
    horizon.set_fault("ingestion_lag", params={"seconds": 30})
    envelope = pay(horizon)
    with pytest.raises(BadResponseError):
        horizon.submit(envelope)
    assert applied(horizon) == 1
    assert found(server, envelope) is None
    assert server.load_account(horizon.wallet.public_key).sequence == sequence
    root = server.root().call()
    assert root["history_latest_ledger"] < root["core_latest_ledger"]
    assert not server.payments().for_account(horizon.receiving).call()["_embedded"]["records"]
    horizon.advance_clock(31)
    assert found(server, envelope) is True
    assert server.load_account(horizon.wallet.public_key).sequence == sequence + 1


def test_history_is_cut_off_and_a_list_does_not_say_so(
    horizon: SandboxHorizon, server: Server
) -> None:
    first = horizon.pay("old", "1")
    horizon.close(3)
    second = horizon.pay("new", "2")
    everything = server.payments().for_account(horizon.receiving).call()["_embedded"]["records"]
    elder = horizon.cut_history()
    assert server.root().call()["history_elder_ledger"] == elder
    with pytest.raises(NotFoundError):
        server.transactions().transaction(first).call()
    (record,) = (
        server.payments().for_account(horizon.receiving).cursor("0").call()["_embedded"]["records"]
    )
    assert record["transaction_hash"] == second
    old = everything[0]["paging_token"]
    with pytest.raises(BadRequestError) as gone:
        server.payments().for_account(horizon.receiving).order(desc=True).cursor(old).call()
    assert gone.value.status == 410


def test_the_wrong_network_and_no_horizon_at_all(horizon: SandboxHorizon, server: Server) -> None:
    horizon.settings(wrong_network=True)
    assert server.root().call()["network_passphrase"] != horizon.passphrase
    horizon.settings(down=True)
    with pytest.raises(NoAnswer):
        server.root().call()
    horizon.settings(down=False)
    horizon.set_fault("still_ingesting", times=1, method="GET", operation="accounts.get")
    with pytest.raises(BadResponseError) as error:
        server.load_account(horizon.receiving)
    assert error.value.status == 503


def test_a_payee_that_is_named_for_a_bad_day_strikes_once(horizon: SandboxHorizon) -> None:
    payee = horizon.address("payee bad seq lie")
    envelope = horizon.build((payee, "USDC", "1"))
    with pytest.raises(BadRequestError):
        horizon.submit(envelope)
    horizon.submit(envelope)
    assert horizon.times_paid(payee) == 1


def test_the_rate_limit_speaks_in_headers(horizon: SandboxHorizon) -> None:
    horizon.settings(rate_limit_per_hour=3600, rate_limit_burst=2)
    answers = [requests.get(horizon.url, timeout=5) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["X-RateLimit-Limit"] == "3"
    assert answers[0].headers["X-RateLimit-Remaining"] == "2"
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert answers[0].headers["Latest-Ledger"]
