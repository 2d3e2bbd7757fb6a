"""Core's queue and Horizon's order of doing things: what is refused, held, dropped, banned, looked up first."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from stellar_sdk import (
    Asset,
    FeeBumpTransactionEnvelope,
    Keypair,
    Server,
    TransactionBuilder,
    TransactionEnvelope,
    xdr,
)
from stellar_sdk.exceptions import (
    BadRequestError,
    BadResponseError,
    BaseHorizonError,
    NotFoundError,
)

from tests.sandbox_horizon import SandboxHorizon

NOW = int(time.time())


def refused(horizon: SandboxHorizon, envelope: TransactionEnvelope) -> dict[str, Any]:
    """result_codes of a submission that must fail, and the XDR must say the same."""
    with pytest.raises(BadRequestError) as error:
        horizon.submit(envelope)
    assert error.value.extras is not None
    xdr.TransactionResult.from_xdr(error.value.extras["result_xdr"])
    assert error.value.extras["envelope_xdr"] == envelope.to_xdr()
    found: dict[str, Any] = error.value.extras["result_codes"]
    return found


def async_status(
    server: Server, envelope: TransactionEnvelope | FeeBumpTransactionEnvelope
) -> tuple[int, str]:
    """HTTP status and tx_status."""
    try:
        answer = server.submit_transaction_async(envelope, skip_memo_required_check=True)
    except BaseHorizonError as error:
        return error.status, json.loads(error.message)["tx_status"]
    return 201, answer["tx_status"]


def pay(horizon: SandboxHorizon, **options: Any) -> TransactionEnvelope:
    return horizon.build((horizon.receiving, "native", "1"), **options)


def test_admission_refuses_and_consumes_nothing(horizon: SandboxHorizon, server: Server) -> None:
    sequence = horizon.account(horizon.wallet.public_key)["sequence"]
    stranger = Keypair.random()
    wrong_key = pay(horizon)
    wrong_key.signatures.clear()
    wrong_key.sign(stranger)
    one_too_many = pay(horizon)
    one_too_many.sign(stranger)
    elsewhere = (
        TransactionBuilder(server.load_account(horizon.wallet.public_key), "Another network", 100)
        .append_payment_op(horizon.receiving, Asset.native(), "1")
        .set_timeout(60)
        .build()
    )
    elsewhere.sign(horizon.wallet)
    cases = {
        "tx_bad_seq": pay(horizon, sequence=sequence),
        "tx_too_late": pay(horizon, max_time=NOW - 10),
        "tx_bad_auth": wrong_key,
        "tx_bad_auth_extra": one_too_many,
        "tx_insufficient_fee": pay(horizon, fee=99),
        "tx_insufficient_balance": pay(horizon, fee=2**32 - 1, source=horizon.channel(9)),
    }
    horizon.fund(horizon.channel(9).public_key, "100")
    for code, envelope in cases.items():
        assert refused(horizon, envelope) == {"transaction": code}
        with pytest.raises(NotFoundError):
            server.transactions().transaction(envelope.hash_hex()).call()
    assert refused(horizon, elsewhere) == {"transaction": "tx_bad_auth"}
    assert refused(horizon, pay(horizon, sequence=sequence + 2)) == {"transaction": "tx_bad_seq"}
    assert horizon.account(horizon.wallet.public_key)["sequence"] == sequence
    assert horizon.totals()["transactions"] == 0


def test_time_bounds_are_looked_at_before_the_sequence_number(horizon: SandboxHorizon) -> None:
    sequence = horizon.account(horizon.wallet.public_key)["sequence"]
    envelope = pay(horizon, sequence=sequence, max_time=NOW - 10)
    assert refused(horizon, envelope) == {"transaction": "tx_too_late"}


def test_too_late_comes_before_max_time_has_passed(horizon: SandboxHorizon, server: Server) -> None:
    horizon.settings(ledger_ms=60_000, close_on_submit=False)
    soon = int(time.time()) + 60
    envelope = pay(horizon, max_time=soon)
    assert refused(horizon, envelope) == {"transaction": "tx_too_late"}
    closed = (
        server.ledgers().order(desc=True).limit(1).call()["_embedded"]["records"][0]["closed_at"]
    )
    assert closed < time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(soon))
    # With another margin the very same envelope is taken.
    horizon.settings(ledger_ms=1000, close_on_submit=True)
    horizon.submit(envelope)
    assert horizon.times_paid(horizon.receiving) == 1


def test_operations_are_looked_at_for_shape_signature_and_support(
    horizon: SandboxHorizon, server: Server
) -> None:
    making = TransactionBuilder(
        server.load_account(horizon.wallet.public_key), horizon.passphrase, 100
    ).add_time_bounds(0, 0)
    making.append_payment_op(horizon.receiving, Asset.native(), "0")
    making.append_payment_op(horizon.receiving, Asset.native(), "1", horizon.receiving)
    making.append_payment_op(horizon.receiving, Asset.native(), "1", Keypair.random().public_key)
    making.append_manage_buy_offer_op(Asset.native(), horizon.asset("USDC"), "1", "1")
    making.append_payment_op(horizon.address("payee missing"), Asset.native(), "1")
    envelope = making.build()
    envelope.sign(horizon.wallet)
    assert refused(horizon, envelope) == {
        "transaction": "tx_failed",
        "operations": [
            "op_malformed",
            "op_bad_auth",
            "op_no_source_account",
            "op_not_supported",
            "op_success",
        ],
    }
    assert horizon.totals()["transactions"] == 0


def test_one_pending_transaction_per_source(horizon: SandboxHorizon, server: Server) -> None:
    horizon.hold()
    sequence = horizon.account(horizon.wallet.public_key)["sequence"]
    first, second = pay(horizon), pay(horizon, sequence=sequence + 2)
    other = pay(horizon, source=horizon.channel(2))
    assert async_status(server, first) == (201, "PENDING")
    assert async_status(server, first) == (409, "DUPLICATE")
    assert async_status(server, second) == (503, "TRY_AGAIN_LATER")
    assert async_status(server, pay(horizon, sequence=sequence)) == (400, "ERROR")
    assert async_status(server, other) == (201, "PENDING")
    assert horizon.totals()["pending"] == 2

    horizon.close()

    assert horizon.totals() | {"successful": 2, "pending": 0} == horizon.totals()
    # Core no longer knows the applied one; only a look-up tells the truth.
    assert async_status(server, first) == (400, "ERROR")
    assert server.transactions().transaction(first.hash_hex()).call()["successful"]
    assert async_status(server, second) == (201, "PENDING")


def test_a_fee_bump_replaces_at_ten_times_the_rate(horizon: SandboxHorizon, server: Server) -> None:
    horizon.hold()
    inner = pay(horizon)
    assert async_status(server, inner) == (201, "PENDING")
    for fee, expected in ((999, (503, "TRY_AGAIN_LATER")), (1000, (201, "PENDING"))):
        bump = TransactionBuilder.build_fee_bump_transaction(
            horizon.treasury, fee, inner, horizon.passphrase
        )
        bump.sign(horizon.treasury)
        assert async_status(server, bump) == expected
    horizon.close()
    assert horizon.times_paid(horizon.receiving) == 1


def test_a_submission_waits_for_its_ledger_or_gives_up_with_the_hash(
    horizon: SandboxHorizon, server: Server
) -> None:
    horizon.hold()
    horizon.settings(submit_wait_ms=200)
    envelope = pay(horizon)
    with pytest.raises(BadResponseError) as timeout:
        horizon.submit(envelope)
    assert timeout.value.status == 504
    assert timeout.value.type == "https://stellar.org/horizon-errors/transaction_submission_timeout"
    assert timeout.value.extras == {"hash": envelope.hash_hex(), "envelope_xdr": envelope.to_xdr()}
    horizon.settings(submit_wait_ms=10_000)
    with ThreadPoolExecutor(1) as pool:
        again = pool.submit(horizon.submit, envelope)  # a DUPLICATE waits as well
        time.sleep(0.1)
        horizon.close()
        assert again.result(5) == envelope.hash_hex()
    assert horizon.times_paid(horizon.receiving) == 1


def test_bad_seq_of_an_applied_envelope_waits_for_ingestion_and_finds_it(
    horizon: SandboxHorizon,
) -> None:
    horizon.stop_ingestion()
    envelope = pay(horizon)
    horizon.settings(submit_wait_ms=100)
    with pytest.raises(BadResponseError):
        horizon.submit(envelope)
    assert horizon.times_paid(horizon.receiving) == 1
    horizon.settings(submit_wait_ms=10_000)
    with ThreadPoolExecutor(1) as pool:
        again = pool.submit(horizon.submit, envelope)
        time.sleep(0.1)
        horizon.resume_ingestion()
        assert again.result(5) == envelope.hash_hex()


def test_a_ledger_is_a_second_apart_when_the_clock_says_so(
    horizon: SandboxHorizon, server: Server
) -> None:
    horizon.settings(ledger_ms=200, close_on_submit=False)
    before = server.root().call()["history_latest_ledger"]
    horizon.pay("tick", "1")
    horizon.advance_clock(60)
    after = server.root().call()["history_latest_ledger"]
    assert after - before >= 300
    told = server.ledgers().ledger(before + 100).call()
    assert told["sequence"] == before + 100
    horizon.hold()
    envelope = pay(horizon, max_time=int(time.time()) + 60 + 30)
    assert async_status(server, envelope) == (201, "PENDING")
    horizon.advance_clock(60)  # max_time passes before any ledger takes it
    assert horizon.totals() | {"pending": 0, "banned": 1, "transactions": 1} == horizon.totals()


def test_what_survives_a_killed_process(
    horizon: SandboxHorizon, server: Server, running_sandbox: Any
) -> None:
    horizon.hold()
    waiting = pay(horizon)
    assert async_status(server, waiting) == (201, "PENDING")
    books = horizon.books()
    running_sandbox.restart()
    after = horizon.books()
    for name in ("accounts", "transactions", "operations", "pending"):
        assert after[name] == books[name]
    horizon.close()
    assert server.transactions().transaction(waiting.hash_hex()).call()["successful"]
