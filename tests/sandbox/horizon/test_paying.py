"""Transactions that are applied: money, sequence numbers, atomicity, what Horizon tells about them."""

from __future__ import annotations

import time

import pytest
from stellar_sdk import Asset, Keypair, MuxedAccount, Server, TransactionBuilder, xdr
from stellar_sdk.exceptions import BadRequestError, NotFoundError

from tests.sandbox_horizon import SandboxHorizon


def builder(horizon: SandboxHorizon, key: Keypair, **options: object) -> TransactionBuilder:
    account = horizon.server.load_account(key.public_key)
    fresh = TransactionBuilder(account, horizon.passphrase, 100)
    return fresh.add_time_bounds(0, int(time.time()) + 300)


def codes(error: BadRequestError) -> dict[str, object]:
    assert error.extras is not None
    found: dict[str, object] = error.extras["result_codes"]
    return found


def test_a_payment_moves_the_money_and_is_told_as_horizon_tells_it(
    horizon: SandboxHorizon, server: Server
) -> None:
    envelope = horizon.build((horizon.receiving, "USDC", "12.5"), memo="p:1")

    answer = server.submit_transaction(envelope)

    assert answer["successful"] is True
    assert (answer["memo_type"], answer["memo"], answer["memo_bytes"]) == ("text", "p:1", "cDox")
    assert answer["fee_charged"] == "100"
    result = xdr.TransactionResult.from_xdr(answer["result_xdr"])
    assert result.result.code == xdr.TransactionResultCode.txSUCCESS
    assert server.transactions().transaction(envelope.hash_hex()).call() == answer
    assert horizon.balance(horizon.receiving, "USDC") == "12.5000000"
    assert horizon.balance(horizon.wallet.public_key) == "999999.9999900"
    payments = server.payments().for_account(horizon.receiving).join("transactions").call()
    (record,) = payments["_embedded"]["records"]
    assert record["amount"] == "12.5000000"
    assert record["transaction"]["memo"] == "p:1"
    assert int(record["id"]) == int(answer["paging_token"]) + 1
    assert int(record["id"]) >> 32 == answer["ledger"]


def test_the_same_envelope_is_applied_once_and_answered_the_same(
    horizon: SandboxHorizon, server: Server
) -> None:
    envelope = horizon.build((horizon.receiving, "native", "1"), memo="x")
    assert server.submit_transaction(envelope) == server.submit_transaction(envelope)
    assert horizon.times_paid(horizon.receiving) == 1


def test_one_failing_operation_undoes_all_and_costs_fee_and_sequence(
    horizon: SandboxHorizon, server: Server
) -> None:
    before = horizon.account(horizon.wallet.public_key)
    envelope = horizon.build(
        (horizon.receiving, "USDC", "1"),
        (horizon.address("payee no trust"), "USDC", "1"),
        (horizon.address("payee missing"), "native", "1"),
    )

    with pytest.raises(BadRequestError) as refused:
        horizon.submit(envelope)

    assert codes(refused.value) == {
        "transaction": "tx_failed",
        "operations": ["op_success", "op_no_trust", "op_no_destination"],
    }
    assert horizon.balance(horizon.receiving, "USDC") == "0.0000000"
    after = horizon.account(horizon.wallet.public_key)
    assert after["sequence"] == before["sequence"] + 1
    assert after["balances"]["native"] == "999999.9999700"
    told = server.transactions().transaction(envelope.hash_hex()).call()
    assert told["successful"] is False
    hidden = server.payments().for_account(horizon.receiving).call()
    assert hidden["_embedded"]["records"] == []
    shown = server.payments().for_account(horizon.receiving).include_failed(True).call()
    assert [row["transaction_successful"] for row in shown["_embedded"]["records"]] == [False]
    parts = server.payments().for_transaction(envelope.hash_hex()).call()
    assert len(parts["_embedded"]["records"]) == 3


@pytest.mark.parametrize(
    ("name", "asset", "amount", "code"),
    [
        ("payee no trust", "USDC", "1", "op_no_trust"),
        ("payee missing", "native", "1", "op_no_destination"),
        ("payee full", "USDC", "1.0000001", "op_line_full"),
        ("payee frozen", "EURC", "1", "op_not_authorized"),
        ("payee 1", "native", "999999.5", "op_underfunded"),
        ("payee 1", "USDC", "10000000.0000001", "op_underfunded"),
    ],
)
def test_why_a_payment_fails_in_its_ledger(
    horizon: SandboxHorizon, name: str, asset: str, amount: str, code: str
) -> None:
    with pytest.raises(BadRequestError) as refused:
        horizon.pay(None, amount, asset, to=horizon.address(name))
    assert codes(refused.value) == {"transaction": "tx_failed", "operations": [code]}


def test_a_channel_lends_its_sequence_and_the_treasury_pays(
    horizon: SandboxHorizon, server: Server
) -> None:
    channel, treasury = horizon.channel(1), horizon.treasury
    making = builder(horizon, channel)
    for number in (1, 2, 3):
        making.append_payment_op(
            horizon.address(f"payee {number}"), horizon.asset("EURC"), "7", treasury.public_key
        )
    envelope = making.build()
    envelope.sign(channel)
    with pytest.raises(BadRequestError) as refused:
        server.submit_transaction(envelope, skip_memo_required_check=True)
    assert codes(refused.value)["operations"] == ["op_bad_auth"] * 3
    envelope.sign(treasury)

    assert server.submit_transaction(envelope, skip_memo_required_check=True)["successful"]

    assert horizon.balance(treasury.public_key, "EURC") == "99999979.0000000"
    assert horizon.balance(treasury.public_key) == "10000000.0000000"
    assert horizon.balance(channel.public_key) == "999.9999700"


def test_accounts_trustlines_sequences_data_and_merges(
    horizon: SandboxHorizon, server: Server
) -> None:
    fresh = Keypair.random()
    envelope = (
        builder(horizon, horizon.wallet).append_create_account_op(fresh.public_key, "5").build()
    )
    envelope.sign(horizon.wallet)
    ledger = server.submit_transaction(envelope)["ledger"]
    account = server.load_account(fresh.public_key)
    assert account.sequence == ledger << 32
    usdc = horizon.asset("USDC")
    making = TransactionBuilder(account, horizon.passphrase, 100).add_time_bounds(0, 0)
    envelope = (
        making.append_change_trust_op(usdc, "50")
        .append_manage_data_op("config.memo_required", "1")
        .append_bump_sequence_op(account.sequence + 100)
        .build()
    )
    envelope.sign(fresh)
    server.submit_transaction(envelope)
    told = server.accounts().account_id(fresh.public_key).call()
    assert told["sequence"] == str((ledger << 32) + 100)
    assert told["subentry_count"] == 2
    assert told["data"] == {"config.memo_required": "MQ=="}
    assert [line["limit"] for line in told["balances"] if "limit" in line] == ["50.0000000"]
    account.sequence = int(told["sequence"])
    envelope = (
        TransactionBuilder(account, horizon.passphrase, 100)
        .add_time_bounds(0, 0)
        .append_change_trust_op(usdc, "0")
        .append_manage_data_op("config.memo_required", None)
        .append_account_merge_op(horizon.receiving)
        .build()
    )
    envelope.sign(fresh)
    server.submit_transaction(envelope, skip_memo_required_check=True)
    with pytest.raises(NotFoundError):
        server.load_account(fresh.public_key)


def test_an_account_cannot_go_below_its_reserve(horizon: SandboxHorizon) -> None:
    payee = horizon.address("payee 1")
    horizon.fund(
        payee, "3"
    )  # two trustlines: 2.0 of it are reserved, admission wants the fee besides
    key = Keypair.random()
    horizon.fund(key.public_key, "2")
    with pytest.raises(BadRequestError) as refused:
        horizon.pay(None, "0.9999991", to=payee, source=key)
    assert codes(refused.value)["operations"] == ["op_underfunded"]
    horizon.pay(None, "0.9999800", to=payee, source=key)
    assert horizon.balance(key.public_key) == "1.0000000"


def test_muxed_addresses_are_told_on_both_sides(horizon: SandboxHorizon, server: Server) -> None:
    to = MuxedAccount(horizon.receiving, 1234).account_muxed
    source = MuxedAccount(horizon.wallet.public_key, 77)
    account = server.load_account(source)
    making = TransactionBuilder(account, horizon.passphrase, 100).add_time_bounds(0, 0)
    assert to is not None
    envelope = making.append_payment_op(to, Asset.native(), "2").build()
    envelope.sign(horizon.wallet)
    horizon.submit(envelope)
    (record,) = server.payments().for_account(horizon.receiving).call()["_embedded"]["records"]
    assert (record["to"], record["to_muxed"], record["to_muxed_id"]) == (
        horizon.receiving,
        to,
        "1234",
    )
    assert record["from_muxed_id"] == "77"


def test_a_fee_bump_has_a_hash_of_its_own_and_consumes_the_inner_sequence(
    horizon: SandboxHorizon, server: Server
) -> None:
    inner = horizon.build((horizon.receiving, "native", "3"))
    bump = TransactionBuilder.build_fee_bump_transaction(
        horizon.treasury, 200, inner, horizon.passphrase
    )
    bump.sign(horizon.treasury)
    answer = server.submit_transaction(bump, skip_memo_required_check=True)
    assert answer["hash"] == bump.hash_hex() != inner.hash_hex()
    assert answer["fee_account"] == horizon.treasury.public_key
    assert answer["fee_charged"] == "200"
    by_inner = server.transactions().transaction(inner.hash_hex()).call()
    assert by_inner["hash"] == inner.hash_hex()
    assert by_inner["inner_transaction"]["hash"] == inner.hash_hex()
    assert by_inner["fee_bump_transaction"]["hash"] == bump.hash_hex()
    # The inner one alone has been applied too, as far as Horizon is concerned.
    assert server.submit_transaction(inner, skip_memo_required_check=True)["successful"]
    assert horizon.times_paid(horizon.receiving) == 1
