"""What each operation that Horizon lists brings to an account, and how much."""

from typing import Any

import pytest

from rails.horizon_payments import UNREADABLE, IncomingOperation, incoming
from rails.horizon_values import parse_operations

US = "GCKCOAATXSWRCLYH4XBTT5TA554IF27TIRSJIJ63D2FOLXTL7HZCS6GH"
ISSUER = "GCXMQPJO2MDHRGYO3QPELRHRGGBFJR3RMOILD3N3QFV3ISRQBVB3DJ3P"
PAYER = "GBS3BBCHE5CCRMZ3HLFO23IVG7A4WQJB66MDUTKGPCAIGPM4SR4EG3IH"
CONTRACT = "C" + "A" * 55
USDC = {"asset_type": "credit_alphanum4", "asset_code": "USDC", "asset_issuer": ISSUER}
NATIVE = {"asset_type": "native"}
PLACE = 3000 << 32 | 2 << 12 | 5


def record(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "id": str(PLACE),
        "paging_token": str(PLACE),
        "transaction_successful": True,
        "source_account": PAYER,
        "type": kind,
        "created_at": "2026-08-01T10:00:05Z",
        "transaction_hash": "AB" * 32,
        "transaction": {"memo_type": "id", "memo": "12"},
        **more,
    }


def read(listed: dict[str, Any]) -> IncomingOperation | None:
    (operation,) = parse_operations({"_embedded": {"records": [listed]}})
    return incoming(operation, US)


def came(listed: dict[str, Any]) -> tuple[str, int, str, str]:
    found = read(listed)
    assert found is not None
    return found.kind, found.amount_minor, found.currency, found.sender


def test_a_payment_with_its_place_memo_and_muxed_id() -> None:
    found = read(
        record("payment", **USDC, **{"from": PAYER}, to=US, to_muxed_id="77", amount="1.5000000")
    )
    assert found is not None
    assert (found.tx_hash, found.operation_index, found.operation_id) == ("ab" * 32, 5, PLACE)
    assert (found.amount_minor, found.currency) == (15_000_000, f"USDC:{ISSUER}")
    assert (found.memo_type, found.memo, found.muxed_id) == ("id", "12", "77")


def test_of_a_path_payment_what_arrives_counts() -> None:
    for kind in ("path_payment_strict_send", "path_payment_strict_receive"):
        listed = record(kind, **USDC, **{"from": PAYER}, to=US, amount="2", source_amount="999",
                        source_asset_type="native")  # fmt: skip
        assert came(listed) == (kind, 20_000_000, f"USDC:{ISSUER}", PAYER)


def test_a_muxed_sender_gets_it_back_under_their_number() -> None:
    listed = record("payment", **NATIVE, **{"from": PAYER}, from_muxed="MPAYER", to=US, amount="1")
    assert came(listed)[3] == "MPAYER"


def test_a_new_account_and_a_merged_one() -> None:
    made = record("create_account", funder=PAYER, account=US, starting_balance="3.0000000")
    assert came(made) == ("create_account", 30_000_000, "XLM", PAYER)
    merged = record("account_merge", account=PAYER, into=US)
    assert came(merged) == (UNREADABLE, 0, "XLM", PAYER)


def test_what_a_contract_moves() -> None:
    change = {**USDC, "type": "transfer", "from": CONTRACT, "to": US, "amount": "7.0000000"}
    called = record("invoke_host_function", asset_balance_changes=[change, {**change, "to": PAYER}])
    assert came(called) == ("invoke_host_function", 70_000_000, f"USDC:{ISSUER}", CONTRACT)
    twice = record("invoke_host_function", asset_balance_changes=[change, change])
    assert came(twice) == (UNREADABLE, 0, f"USDC:{ISSUER}", CONTRACT)
    minted = {key: value for key, value in change.items() if key != "from"}
    assert came(record("invoke_host_function", asset_balance_changes=[minted]))[3] == PAYER


@pytest.mark.parametrize(
    "wrong",
    [{"amount": "9" * 30}, {"amount": None}, {"amount": "1e3"}, {"asset_type": "something_new"}],
    ids=["too large", "none", "no decimal", "another kind of asset"],
)
def test_a_change_that_nobody_can_read_stops_nothing(wrong: dict[str, Any]) -> None:
    change = {"type": "transfer", "from": CONTRACT, "to": US, "amount": "1", **NATIVE, **wrong}
    found = came(record("invoke_host_function", asset_balance_changes=[change]))
    assert found == (UNREADABLE, 0, "XLM", CONTRACT)


def test_what_leaves_and_what_others_get_brings_nothing() -> None:
    paid = record("payment", **NATIVE, **{"from": US}, to=PAYER, amount="1")
    mine = record("payment", **NATIVE, **{"from": US}, to=US, amount="1")
    other = {**USDC, "type": "transfer", "from": US, "to": CONTRACT, "amount": "1"}
    called = record("invoke_host_function", asset_balance_changes=[other])
    assert [read(one) for one in (paid, mine, called)] == [None, None, None]
