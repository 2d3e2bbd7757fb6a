"""Every bad day, by account name and by order, and what the identical resend then meets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import stripe

from tests.sandbox.conftest import Pay, client_for
from tests.sandbox_process import SandboxError, SandboxProcess

Check = Callable[[stripe.StripeError], bool]


def lost(error: stripe.StripeError) -> bool:
    return isinstance(error, stripe.APIConnectionError)


def status(code: int, name: str | None = None) -> Check:
    def check(error: stripe.StripeError) -> bool:
        found = error.error.code if error.error is not None else None
        return error.http_status == code and found == name

    return check


def page(error: stripe.StripeError) -> bool:
    return error.http_status == 502 and "<html>" in str(error.http_body)


@dataclass(frozen=True)
class Once:
    """A magic account: what the first calls meet, what has moved then, what the resend is."""

    account: str
    meets: Check
    moved: int
    failures: int = 1


ONCE = [
    Once("acct_drop_before1", lost, 0),
    Once("acct_lost_answer1", lost, 1),
    Once("acct_silent1", lost, 1),
    Once("acct_truncated1", lost, 1),
    Once("acct_409x1", status(409, "idempotency_key_in_use"), 0),
    Once("acct_429x1", status(429, "rate_limit"), 0, failures=2),
    Once("acct_lock_timeout1", status(429, "lock_timeout"), 0),
    Once("acct_html_5021", page, 0),
    Once("acct_html_502_after1", page, 1),
]


@pytest.mark.parametrize("once", ONCE, ids=lambda once: once.account)
def test_fault_strikes_first_and_the_resend_meets_the_rules(
    sandbox: SandboxProcess, pay: Pay, once: Once
) -> None:
    for _ in range(once.failures):
        with pytest.raises(stripe.StripeError) as caught:
            pay(once.account, key="k")
        assert once.meets(caught.value), caught.value
        assert sandbox.totals()["movements"] == once.moved
    made = pay(once.account, key="k")
    assert made.last_response is not None
    assert ("Idempotent-Replayed" in made.last_response.headers) is bool(once.moved)
    assert sandbox.totals()["movements"] == 1
    with pytest.raises(stripe.StripeError):
        pay(once.account, key="another")


@pytest.mark.parametrize(("account", "moved"), [("acct_500_after1", 1), ("acct_500_stored1", 0)])
def test_a_stored_500_is_replayed_for_the_life_of_its_key(
    sandbox: SandboxProcess, client: stripe.StripeClient, pay: Pay, account: str, moved: int
) -> None:
    for replay in (False, True, True):
        with pytest.raises(stripe.APIError) as caught:
            pay(account, key="k", transfer_group="debt")
        assert caught.value.http_status == 500
        assert caught.value.headers is not None
        assert ("Idempotent-Replayed" in caught.value.headers) is replay
        assert sandbox.totals()["movements"] == moved
    assert len(client.v1.transfers.list({"transfer_group": "debt"}).data) == moved


@pytest.mark.parametrize(
    ("account", "code", "param"),
    [
        ("acct_insufficient1", "balance_insufficient", "amount"),
        ("acct_no_transfers1", "insufficient_capabilities_for_transfer", None),
        ("acct_missing1", "resource_missing", "destination"),
    ],
)
def test_permanent_trouble_lasts_until_the_cure_and_sticks_to_old_keys(
    sandbox: SandboxProcess, pay: Pay, account: str, code: str, param: str | None
) -> None:
    def refused(key: str) -> None:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            pay(account, key=key)
        assert caught.value.http_status == 400
        assert (caught.value.code, caught.value.param) == (code, param)

    refused("a1")
    refused("a2")
    sandbox.cure(account)
    refused("a1")
    assert pay(account, key="a3").destination == account
    assert sandbox.totals()["movements"] == 1


def test_cure_ends_magic_too(sandbox: SandboxProcess, pay: Pay) -> None:
    sandbox.cure("acct_lost_answer1")
    assert pay("acct_lost_answer1", key="k").amount == 4500


def test_any_account_can_be_broken_and_cured(
    sandbox: SandboxProcess, client: stripe.StripeClient, pay: Pay
) -> None:
    sandbox.set_account("acct_1Crew", trouble="no_transfers")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        pay("acct_1Crew", key="k1")
    assert caught.value.code == "insufficient_capabilities_for_transfer"
    account = client.v1.accounts.retrieve("acct_1Crew")
    assert account.capabilities is not None
    assert account.capabilities.transfers == "inactive"
    sandbox.set_account("acct_1Other", missing=True)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        pay("acct_1Other", key="k2")
    assert caught.value.code == "resource_missing"
    sandbox.cure("acct_1Crew")
    assert pay("acct_1Crew", key="k3").amount == 4500
    kinds = [event.type for event in client.v1.events.list().data]
    assert kinds.count("account.updated") == 2
    assert kinds.count("capability.updated") == 2


def test_spent_money_cannot_be_taken_back(
    sandbox: SandboxProcess, client: stripe.StripeClient, pay: Pay
) -> None:
    made = pay("acct_spent1", key="k")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.transfers.reversals.create(made.id, {}, {"idempotency_key": "r1"})
    assert caught.value.code == "balance_insufficient"
    sandbox.cure("acct_spent1")
    back = client.v1.transfers.reversals.create(made.id, {}, {"idempotency_key": "r2"})
    assert back.amount == 4500


@pytest.mark.parametrize(("account", "moved"), [("acct_slow1", 1), ("acct_slow_commit1", 0)])
def test_slow_call_outlives_its_client_and_holds_its_key(
    sandbox: SandboxProcess, pay: Pay, account: str, moved: int
) -> None:
    sandbox.settings(slow_ms=1200)
    hasty = client_for(sandbox, timeout=0.2)
    params = {"amount": 4500, "currency": "usd", "destination": account}
    with pytest.raises(stripe.APIConnectionError):
        hasty.v1.transfers.create(params, {"idempotency_key": "k"})  # type: ignore[arg-type]
    assert sandbox.totals()["movements"] == moved
    with pytest.raises(stripe.APIError) as caught:
        pay(account, key="k")
    assert caught.value.http_status == 409
    assert sandbox.books()["keys_running"] == ["k"]
    deadline = time.monotonic() + 10
    while sandbox.books()["keys_running"] and time.monotonic() < deadline:
        time.sleep(0.05)
    made = pay(account, key="k")
    assert made.last_response is not None
    assert made.last_response.headers["Idempotent-Replayed"] == "true"
    assert sandbox.totals()["movements"] == 1


def test_a_reversal_can_be_lost_as_well(
    sandbox: SandboxProcess, client: stripe.StripeClient, pay: Pay
) -> None:
    made = pay(key="k")
    sandbox.set_fault("lost_answer", path="/v1/transfers/*/reversals")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.transfers.reversals.create(made.id, {}, {"idempotency_key": "r"})
    assert (
        client.v1.transfers.reversals.create(made.id, {}, {"idempotency_key": "r"}).amount == 4500
    )
    assert sandbox.totals()["reversals"] == 1


def test_orders_match_and_run_out(sandbox: SandboxProcess, pay: Pay) -> None:
    order = sandbox.set_fault("drop_before", times=2, destination="acct_1*", transfer_group="g")
    assert order["match"]["method"] == "POST"
    assert pay("acct_2", key="k0", transfer_group="g").amount == 4500
    assert pay("acct_1", key="k1", transfer_group="h").amount == 4500
    for _ in range(2):
        with pytest.raises(stripe.APIConnectionError):
            pay("acct_1", key="k2", transfer_group="g")
    assert sandbox.call("GET", "faults")["active"] == []
    assert pay("acct_1", key="k2", transfer_group="g").amount == 4500


def test_orders_by_key_last_until_removed_and_survive_a_crash(
    sandbox: SandboxProcess, pay: Pay
) -> None:
    order = sandbox.set_fault("429", times=None, idempotency_key="k1")
    for _ in range(3):
        with pytest.raises(stripe.RateLimitError):
            pay(key="k1")
    sandbox.restart()
    with pytest.raises(stripe.RateLimitError):
        pay(key="k1")
    assert pay(key="k2").amount == 4500
    sandbox.call("DELETE", f"faults/{order['id']}")
    assert pay(key="k1").amount == 4500


@pytest.mark.parametrize(
    ("fault", "meets"),
    [
        ("drop_before", lost),
        ("lost_answer", lost),
        ("truncated", lost),
        ("html_502", page),
        ("500_stored", status(500)),
        ("429", status(429, "rate_limit")),
    ],
)
def test_reads_can_fail_too(
    sandbox: SandboxProcess, client: stripe.StripeClient, fault: str, meets: Check
) -> None:
    sandbox.set_fault(fault, method="GET", path="/v1/transfers")
    with pytest.raises(stripe.StripeError) as caught:
        client.v1.transfers.list()
    assert meets(caught.value), caught.value
    assert client.v1.transfers.list().data == []


def test_answer_to_a_replay_can_be_lost(sandbox: SandboxProcess, pay: Pay) -> None:
    made = pay(key="k")
    sandbox.set_fault("lost_answer")
    with pytest.raises(stripe.APIConnectionError):
        pay(key="k")
    assert pay(key="k").id == made.id


def test_any_error_can_be_ordered(sandbox: SandboxProcess, pay: Pay) -> None:
    error = {"status": 403, "code": "account_invalid", "message": "gone", "stored": False}
    sandbox.set_fault("error", params=error)
    with pytest.raises(stripe.PermissionError):
        pay(key="k")
    assert pay(key="k").amount == 4500
    sandbox.set_fault("error", params={"status": 500, "type": "api_error", "executed": True})
    with pytest.raises(stripe.APIError):
        pay(key="k2")
    assert sandbox.totals()["movements"] == 2


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("faults", {"fault": "sunshine"}),
        ("faults", {"fault": "429", "match": {"weather": "x"}}),
        ("faults", {"fault": "429", "times": 0}),
        ("faults", {"fault": "429", "params": [1]}),
        ("settings", {"latency_ms": "soon"}),
        ("settings", {"latency_ms": -1}),
        ("settings", {"colour": 1}),
        ("settings", {"webhooks_enabled": "perhaps"}),
        ("clock/advance", {"seconds": -1}),
        ("accounts/acct_1", {"trouble": "love"}),
        ("accounts/acct_1", {"colour": "red"}),
        ("webhooks/deliver", {"order": "sideways"}),
        ("nowhere", {}),
    ],
)
def test_nonsense_is_refused(sandbox: SandboxProcess, path: str, values: dict[str, object]) -> None:
    before = sandbox.settings()
    with pytest.raises(SandboxError, match=r"40[04]"):
        sandbox.call("POST", path, values)
    assert sandbox.settings() == before


def test_catalogue_names_every_magic_account(sandbox: SandboxProcess) -> None:
    catalogue = sandbox.call("GET", "faults")["catalogue"]
    tested = {once.account.removeprefix("acct_") for once in ONCE}
    tested |= {"500_after", "500_stored", "insufficient", "no_transfers", "missing", "spent"}
    tested |= {"slow", "slow_commit"}
    for row in catalogue:
        if row["account_prefix"] and not row["fault"].startswith("webhook_"):
            assert any(name.startswith(row["fault"]) for name in tested), row["fault"]


def test_limits_are_on_by_default(sandbox: SandboxProcess) -> None:
    sandbox.call("POST", "reset", {})
    knobs = sandbox.settings()
    assert (knobs["rate_limit_per_second"], knobs["endpoint_limit_per_second"]) == (100, 25)


def test_a_burst_over_an_endpoints_limit_is_refused(sandbox: SandboxProcess, pay: Pay) -> None:
    sandbox.settings(rate_limit_per_second=1000, endpoint_limit_per_second=25)
    outcomes: list[str] = []
    lock = threading.Lock()

    def burst(worker: int) -> None:
        for number in range(20):
            try:
                pay(key=f"k{worker}-{number}")
                outcome = "paid"
            except stripe.RateLimitError as error:
                outcome = (error.headers or {})["Stripe-Rate-Limited-Reason"]
            with lock:
                outcomes.append(outcome)

    started = time.monotonic()
    threads = [threading.Thread(target=burst, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    paid = outcomes.count("paid")
    most = 25 + 25 * (time.monotonic() - started) + 1
    assert 25 <= paid <= most
    assert outcomes.count("endpoint-rate") == 160 - paid > 0
    totals = sandbox.totals()
    assert totals["http_429"] == totals["rate_limited"] == 160 - paid
    assert (totals["movements"], totals["keys"]) == (paid, paid)


def test_global_limit(sandbox: SandboxProcess, client: stripe.StripeClient) -> None:
    sandbox.settings(rate_limit_per_second=2, endpoint_limit_per_second=0)
    client.v1.balance.retrieve()
    client.v1.transfers.list()
    with pytest.raises(stripe.RateLimitError) as caught:
        client.v1.events.list()
    assert caught.value.headers is not None
    assert caught.value.headers["Stripe-Rate-Limited-Reason"] == "global-rate"


def test_an_account_is_listed_for_cure_as_soon_as_somebody_tried_to_pay_it(
    sandbox: SandboxProcess, client: stripe.StripeClient, pay: Pay
) -> None:
    for account in ("acct_no_transfers1", "acct_drop_before1", "acct_missing1"):
        with pytest.raises(stripe.StripeError):
            pay(account, key=account)
    known = [row.id for row in client.v1.accounts.list().data]
    assert known == ["acct_drop_before1", "acct_no_transfers1"]
    sandbox.cure("acct_missing1")
    assert "acct_missing1" in [row.id for row in client.v1.accounts.list().data]
