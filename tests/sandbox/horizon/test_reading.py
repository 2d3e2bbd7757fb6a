"""Lists, pages, ledgers, and what is wrong with a question."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from stellar_sdk import Server, TransactionBuilder, TransactionEnvelope

from tests.sandbox_horizon import SandboxHorizon


def records(answer: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer["_embedded"]["records"]
    return found


def test_pages_follow_each_other_in_both_directions(
    horizon: SandboxHorizon, server: Server
) -> None:
    for number in range(1, 4):
        envelope = horizon.build(
            (horizon.receiving, "native", f"{number}"), (horizon.receiving, "USDC", f"{number}")
        )
        horizon.submit(envelope)
    up = server.payments().for_account(horizon.receiving).limit(4)
    first, second, third = records(up.call()), records(up.next()), records(up.next())
    ids = [int(row["id"]) for row in first + second]
    assert (len(first), len(second), third) == (4, 2, [])
    assert ids == sorted(ids)
    down = server.payments().for_account(horizon.receiving).order(desc=True).limit(200).call()
    assert [int(row["id"]) for row in records(down)] == ids[::-1]
    resumed = server.payments().for_account(horizon.receiving).cursor(ids[2]).call()
    assert [int(row["id"]) for row in records(resumed)] == ids[3:]
    nothing = server.payments().for_account(horizon.receiving).cursor("now").call()
    assert records(nothing) == []
    transactions = server.transactions().for_account(horizon.wallet.public_key).call()
    assert len(records(transactions)) == 3
    assert len(records(server.transactions().limit(2).call())) == 2


def test_ledgers_are_there_also_when_nothing_happened(
    horizon: SandboxHorizon, server: Server
) -> None:
    horizon.hold()
    ledger = horizon.close(5)
    (latest,) = records(server.ledgers().order(desc=True).limit(1).call())
    assert int(latest["sequence"]) == ledger
    told = server.ledgers().ledger(ledger - 2).call()
    assert told["closed_at"] <= latest["closed_at"]
    assert told["successful_transaction_count"] == 0
    assert server.ledgers().ledger(3).call()["sequence"] == 3
    page = records(server.ledgers().cursor(latest["paging_token"]).call())
    assert page == []
    assert server.fetch_base_fee() == 100


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/accounts/GABC", 400, "account_id"),
        ("/transactions/xyz", 400, "tx_id"),
        ("/payments?limit=201", 400, "limit"),
        ("/payments?limit=0", 400, "limit"),
        ("/payments?cursor=abc", 400, "cursor"),
        ("/payments?order=up", 400, "order"),
        ("/payments?include_failed=perhaps", 400, "include_failed"),
        ("/nothing/here", 404, None),
        ("/ledgers/99999999", 404, None),
    ],
)
def test_a_bad_question_is_answered_as_a_problem(
    horizon: SandboxHorizon, path: str, status: int, field: str | None
) -> None:
    answer = requests.get(f"{horizon.url}{path}", timeout=5)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem.get("extras", {}).get("invalid_field") == field


def test_what_is_no_envelope_never_reaches_core(horizon: SandboxHorizon) -> None:
    for body in ({"tx": "AAAA"}, {"tx": "not base64!"}, {"else": "x"}):
        answer = requests.post(f"{horizon.url}/transactions", data=body, timeout=5)
        assert answer.status_code == 400
        assert answer.json()["type"].endswith("transaction_malformed")
    answer = requests.post(f"{horizon.url}/transactions", json={"tx": "AAAA"}, timeout=5)
    assert answer.status_code == 415
    answer = requests.get(
        f"{horizon.url}/payments", headers={"Accept": "text/event-stream"}, timeout=5
    )
    assert answer.status_code == 406


def test_very_many_payments_are_put_in_at_once_and_are_real(
    horizon: SandboxHorizon, server: Server
) -> None:
    before = horizon.pay("first", "1")
    made = horizon.bulk(1_050, memos=["a:{n}", "b"], amount="0.5", asset="USDC", per_transaction=100,
                        per_ledger=300)  # fmt: skip
    after = horizon.pay("last", "1")

    assert (made["transactions"], made["last_ledger"] - made["first_ledger"]) == (11, 3)
    seen: list[dict[str, Any]] = []
    call = server.payments().for_account(horizon.receiving).limit(200).join("transactions")
    page = records(call.call())
    while page:
        seen += page
        page = records(call.next())
    assert len(seen) == 1_052
    ids = [int(row["id"]) for row in seen]
    assert ids == sorted(set(ids))
    assert (seen[0]["transaction_hash"], seen[-1]["transaction_hash"]) == (before, after)
    told = server.transactions().transaction(seen[500]["transaction_hash"]).call()
    assert told == {**seen[500]["transaction"], "_links": told["_links"]}
    envelope = TransactionBuilder.from_xdr(told["envelope_xdr"], horizon.passphrase)
    assert isinstance(envelope, TransactionEnvelope)
    assert envelope.hash_hex() == told["hash"]
    assert len(envelope.transaction.operations) == told["operation_count"] == 100
    assert told["memo"] == "a:4"
    assert horizon.balance(horizon.receiving, "USDC") == "525.0000000"
