"""What a key remembers, what it forgets, and what it refuses."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.sandbox.conftest import Pay
from tests.sandbox_process import SandboxProcess


def test_same_request_gets_the_same_answer_again(sandbox: SandboxProcess, pay: Pay) -> None:
    first = pay(key="k", metadata={"b": "2", "a": "1"})
    again = pay(key="k", metadata={"a": "1", "b": "2"})
    assert first.last_response is not None
    assert again.last_response is not None
    assert again.last_response.body == first.last_response.body
    headers = again.last_response.headers
    assert headers["Idempotent-Replayed"] == "true"
    assert headers["Request-Id"] != first.last_response.headers["Request-Id"]
    assert headers["Original-Request"] == first.last_response.headers["Request-Id"]
    totals = sandbox.totals()
    assert (totals["movements"], totals["replays"]) == (1, 1)


def test_same_key_for_another_request_is_refused(
    sandbox: SandboxProcess, client: stripe.StripeClient, pay: Pay
) -> None:
    made = pay(key="k")
    with pytest.raises(stripe.IdempotencyError) as caught:
        pay(key="k", amount=4501)
    assert caught.value.http_status == 400
    assert caught.value.code is None
    with pytest.raises(stripe.IdempotencyError):
        client.v1.transfers.reversals.create(made.id, {}, {"idempotency_key": "k"})
    totals = sandbox.totals()
    assert (totals["movements"], totals["reversals"], totals["key_conflicts"]) == (1, 0, 2)
    sandbox.restart()
    assert sandbox.totals()["key_conflicts"] == 2


def test_fifty_threads_with_one_key_move_money_once(sandbox: SandboxProcess, pay: Pay) -> None:
    sandbox.settings(latency_ms=100)
    together = threading.Barrier(50)

    def one(_: int) -> str:
        together.wait()
        try:
            return pay(key="same", transfer_group="debt").id
        except stripe.APIError as error:
            return f"{error.http_status} {error.error.code if error.error else None}"

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(one, range(50)))
    books = sandbox.books()
    assert len(books["transfers"]) == 1
    busy = "409 idempotency_key_in_use"
    assert set(answers) <= {busy, books["transfers"][0]["id"]}
    assert busy in answers
    assert books["transfers"][0]["id"] in answers
    assert books["totals"]["executions_by_key"] == {"same": 1}
    assert books["totals"]["movements_by_group"] == {"debt": 1}
    assert books["totals"]["key_in_use"] == answers.count(busy)


def test_fifty_threads_with_their_own_keys_spend_the_balance_exactly(
    sandbox: SandboxProcess, pay: Pay
) -> None:
    sandbox.drain()
    sandbox.topup(20 * 4500 + 4499)

    def one(number: int) -> str:
        try:
            return pay(key=f"k{number}").id
        except stripe.InvalidRequestError as error:
            return str(error.code)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(one, range(50)))
    assert answers.count("balance_insufficient") == 30
    assert sandbox.books()["balance"]["usd"] == 4499
    assert sandbox.totals()["movements"] == 20


def test_business_errors_stick_to_the_key(sandbox: SandboxProcess, pay: Pay) -> None:
    sandbox.drain()
    with pytest.raises(stripe.InvalidRequestError) as first:
        pay(key="a1")
    assert (first.value.http_status, first.value.code) == (400, "balance_insufficient")
    sandbox.topup(1_000_000)
    with pytest.raises(stripe.InvalidRequestError) as again:
        pay(key="a1")
    assert again.value.http_body == first.value.http_body
    assert again.value.headers is not None
    assert again.value.headers["Idempotent-Replayed"] == "true"
    assert pay(key="a2").amount == 4500
    assert sandbox.totals()["movements"] == 1


def test_a_key_is_kept_for_a_day_and_then_executes_again(sandbox: SandboxProcess, pay: Pay) -> None:
    first = pay(key="k")
    sandbox.advance_clock(24 * 3600 - 60)
    assert pay(key="k").id == first.id
    sandbox.advance_clock(60)
    assert pay(key="k").id != first.id
    books = sandbox.books()
    assert books["totals"]["executions_by_key"] == {"k": 2}
    assert books["totals"]["max_executions_per_key"] == 2


def test_keys_can_be_pruned_now(sandbox: SandboxProcess, pay: Pay) -> None:
    first = pay(key="k", transfer_group="debt")
    assert sandbox.prune_keys() == 1
    assert pay(key="k", transfer_group="debt").id != first.id
    assert sandbox.totals()["paid_more_than_once"] == ["debt"]


def test_a_key_of_256_characters_is_refused(sandbox: SandboxProcess, pay: Pay) -> None:
    with pytest.raises(stripe.StripeError) as caught:
        pay(key="k" * 256)
    assert caught.value.http_status == 400
    assert pay(key="k" * 255).amount == 4500
    assert sandbox.totals()["movements"] == 1


def test_another_account_header_is_another_request(
    client: stripe.StripeClient, sandbox: SandboxProcess
) -> None:
    params = {"amount": 1, "currency": "usd", "destination": "acct_1"}
    client.v1.transfers.create(params, {"idempotency_key": "k"})  # type: ignore[arg-type]
    with pytest.raises(stripe.IdempotencyError):
        client.v1.transfers.create(
            params,  # type: ignore[arg-type]
            {"idempotency_key": "k", "stripe_account": "acct_2"},
        )
    assert sandbox.totals()["movements"] == 1
