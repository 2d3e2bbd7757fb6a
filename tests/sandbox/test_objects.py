"""Shapes, headers, paging and errors as the real library reads them."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest
import stripe

from tests.sandbox.conftest import Pay
from tests.sandbox_process import SandboxProcess


def raw(
    sandbox: SandboxProcess, method: str, path: str, body: str = "", key: str = "sk_test_raw"
) -> tuple[int, dict[str, str], dict[str, object]]:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=5)
    connection.request(
        method,
        path,
        body or None,
        {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    answer = connection.getresponse()
    result = answer.status, dict(answer.getheaders()), json.load(answer)
    connection.close()
    return result


def test_transfer_has_stripes_shape_and_moves_the_balance(
    client: stripe.StripeClient, pay: Pay
) -> None:
    before = client.v1.balance.retrieve().available[0].amount
    row = pay(
        key="po-1-a1", transfer_group="transfer:1", metadata={"transfer_id": "1"}, currency="USD"
    ).to_dict()
    assert row["id"].startswith("tr_")
    assert row["destination_payment"].startswith("py_")
    assert row["object"] == "transfer"
    assert "status" not in row
    assert (row["amount"], row["currency"], row["destination"]) == (4500, "usd", "acct_1Crew")
    assert (row["amount_reversed"], row["reversed"], row["livemode"]) == (0, False, False)
    assert row["metadata"] == {"transfer_id": "1"}
    assert row["transfer_group"] == "transfer:1"
    assert row["description"] is None
    assert row["source_type"] == "card"
    assert row["reversals"] == {
        "object": "list",
        "data": [],
        "has_more": False,
        "total_count": 0,
        "url": f"/v1/transfers/{row['id']}/reversals",
    }
    assert client.v1.balance.retrieve().available[0].amount == before - 4500
    assert client.v1.transfers.retrieve(row["id"]).to_dict() == row


def test_headers_of_a_first_answer(pay: Pay) -> None:
    response = pay(key="po-1-a1").last_response
    assert response is not None
    headers = response.headers
    assert response.request_id
    assert response.request_id.startswith("req_")
    assert headers["Original-Request"] == headers["Request-Id"]
    assert headers["Idempotency-Key"] == "po-1-a1"
    assert headers["Stripe-Should-Retry"] == "false"
    assert headers["Stripe-Version"] == "2026-10-28.endive"
    assert "Idempotent-Replayed" not in headers


@pytest.mark.parametrize("key", ["", "sk_live_x", "rk_test_x"])
def test_only_test_keys_are_let_in(sandbox: SandboxProcess, key: str) -> None:
    status, headers, body = raw(sandbox, "GET", "/v1/balance", key=key)
    error = body["error"]
    assert status == 401
    assert headers["Request-Id"].startswith("req_")
    assert isinstance(error, dict)
    assert error["type"] == "invalid_request_error"


def test_real_library_sees_an_authentication_error(sandbox: SandboxProcess) -> None:
    client = stripe.StripeClient("sk_live_1", base_addresses={"api": sandbox.url})
    with pytest.raises(stripe.AuthenticationError):
        client.v1.balance.retrieve()


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"amount": ""}, "parameter_missing", "amount"),
        ({"currency": ""}, "parameter_invalid_empty", "currency"),
        ({"amount": "12.5"}, "parameter_invalid_integer", "amount"),
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"currency": "dollars"}, None, "currency"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"metadata": {"k" * 41: "v"}}, None, "metadata"),
        ({"metadata": {"k": "v" * 501}}, None, "metadata[k]"),
        ({"metadata": {f"k{n}": "v" for n in range(51)}}, None, "metadata"),
    ],
)
def test_bad_parameters_are_refused_and_not_remembered(
    sandbox: SandboxProcess, pay: Pay, params: dict[str, object], code: str | None, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        pay(key="k", **params)
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (400, code, param)
    assert sandbox.books()["keys"] == {}
    assert pay(key="k").amount == 4500


def test_missing_parameters(sandbox: SandboxProcess) -> None:
    for name in ("currency", "destination"):
        fields = {"amount": "1", "currency": "usd", "destination": "acct_1"}
        del fields[name]
        body = "&".join(f"{k}={v}" for k, v in fields.items())
        _status, _headers, answer = raw(sandbox, "POST", "/v1/transfers", body)
        error = answer["error"]
        assert isinstance(error, dict)
        assert (error["code"], error["param"]) == ("parameter_missing", name)
        assert error["doc_url"].endswith("/parameter-missing")


def test_unknown_ids_and_paths(client: stripe.StripeClient, sandbox: SandboxProcess) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.transfers.retrieve("tr_none")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.transfers.list({"starting_after": "tr_none"})
    assert (caught.value.http_status, caught.value.param) == (400, "starting_after")
    assert raw(sandbox, "GET", "/v1/nothing")[0] == 404


def test_paging_walks_both_ways_without_gap_or_repeat(
    client: stripe.StripeClient, pay: Pay
) -> None:
    made = [pay(key=f"k{n}", transfer_group=f"g{n % 2}").id for n in range(25)]
    newest_first = made[::-1]
    walked = [row.id for row in client.v1.transfers.list({"limit": 10}).auto_paging_iter()]
    assert walked == newest_first
    first = client.v1.transfers.list()
    assert [row.id for row in first.data] == newest_first[:10]
    assert first.has_more
    assert first.url == "/v1/transfers"
    last = client.v1.transfers.list({"limit": 5, "starting_after": newest_first[19]})
    assert [row.id for row in last.data] == newest_first[20:]
    assert not last.has_more
    back = client.v1.transfers.list({"limit": 5, "ending_before": newest_first[20]})
    assert [row.id for row in back.data] == newest_first[15:20]
    assert back.has_more
    top = client.v1.transfers.list({"limit": 5, "ending_before": newest_first[3]})
    assert [row.id for row in top.data] == newest_first[:3]
    assert not top.has_more
    group = client.v1.transfers.list({"transfer_group": "g1", "limit": 3})
    assert [row.id for row in group.auto_paging_iter()] == made[1::2][::-1]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.transfers.list({"limit": 101})


def test_filters_by_destination_and_time(
    client: stripe.StripeClient, sandbox: SandboxProcess, pay: Pay
) -> None:
    early = pay("acct_1A", key="k1", transfer_group="g")
    sandbox.advance_clock(3600)
    late = pay("acct_1B", key="k2", transfer_group="g")
    assert late.created >= early.created + 3600

    def ids(**filters: object) -> list[str]:
        return [row.id for row in client.v1.transfers.list(filters).data]  # type: ignore[arg-type]

    assert ids(destination="acct_1A") == [early.id]
    assert ids(transfer_group="g", destination="acct_1B") == [late.id]
    assert ids(transfer_group="nobody") == []
    assert ids(created={"gte": late.created}) == [late.id]
    assert ids(created={"gt": early.created, "lte": late.created}) == [late.id]
    assert ids(created={"lt": late.created}) == [early.id]
    assert ids(created=early.created) == [early.id]


def test_a_list_can_lag_behind_the_books(
    client: stripe.StripeClient, sandbox: SandboxProcess, pay: Pay
) -> None:
    sandbox.settings(list_lag_seconds=60)
    made = pay(key="k", transfer_group="g")
    assert client.v1.transfers.list({"transfer_group": "g"}).data == []
    assert client.v1.transfers.retrieve(made.id).id == made.id
    sandbox.advance_clock(60)
    assert [row.id for row in client.v1.transfers.list({"transfer_group": "g"}).data] == [made.id]


def test_reversal_takes_back_parts_and_not_more(
    client: stripe.StripeClient, sandbox: SandboxProcess, pay: Pay
) -> None:
    made = pay(key="k")
    after = client.v1.balance.retrieve().available[0].amount
    part = client.v1.transfers.reversals.create(made.id, {"amount": 1500})
    assert part.id.startswith("trr_")
    assert part.transfer == made.id
    assert part.amount == 1500
    row = client.v1.transfers.retrieve(made.id)
    assert (row.amount_reversed, row.reversed) == (1500, False)
    assert [each.id for each in row.reversals.data] == [part.id]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.transfers.reversals.create(made.id, {"amount": 3001})
    assert caught.value.http_status == 400
    assert client.v1.transfers.reversals.create(made.id).amount == 3000
    with pytest.raises(stripe.InvalidRequestError, match="is already fully reversed"):
        client.v1.transfers.reversals.create(made.id)
    assert client.v1.transfers.retrieve(made.id).reversed is True
    assert client.v1.balance.retrieve().available[0].amount == after + 4500
    assert len(client.v1.transfers.reversals.list(made.id).data) == 2
    assert sandbox.totals()["reversals"] == 2


def test_ledger_shows_every_movement(client: stripe.StripeClient, pay: Pay) -> None:
    made = pay(key="k1")
    pay(key="k2")
    back = client.v1.transfers.reversals.create(made.id, {"amount": 100})
    (line,) = client.v1.balance_transactions.list({"source": made.id}).data
    assert (line.id, line.amount, line.type) == (made.balance_transaction, -4500, "transfer")
    assert len(client.v1.balance_transactions.list({"type": "transfer"}).data) == 2
    (line,) = client.v1.balance_transactions.list({"source": back.id}).data
    assert (line.amount, line.type) == (100, "transfer_refund")
    later = {"created": {"gt": made.created + 60}}
    assert client.v1.balance_transactions.list(later).data == []  # type: ignore[arg-type]
    assert client.v1.balance_transactions.retrieve(line.id).source == back.id


def test_update_changes_only_words(client: stripe.StripeClient, pay: Pay) -> None:
    made = pay(key="k", metadata={"a": "1", "b": "2"})
    row = client.v1.transfers.update(made.id, {"description": "x", "metadata": {"a": "", "c": "3"}})
    assert row.description == "x"
    assert row.to_dict()["metadata"] == {"b": "2", "c": "3"}
    (event,) = client.v1.events.list({"type": "transfer.updated"}).data
    assert event.data.to_dict()["previous_attributes"]["description"] is None


def test_expand(client: stripe.StripeClient, pay: Pay) -> None:
    made = pay(key="k", expand=["balance_transaction", "destination"])
    assert made.to_dict()["balance_transaction"]["amount"] == -4500
    assert made.to_dict()["destination"]["object"] == "account"
    page = client.v1.transfers.list({"expand": ["data.balance_transaction"]})
    assert page.data[0].to_dict()["balance_transaction"]["source"] == made.id
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.transfers.retrieve(made.id, {"expand": ["nothing"]})


def test_accounts_and_capabilities(client: stripe.StripeClient, sandbox: SandboxProcess) -> None:
    well = client.v1.accounts.retrieve("acct_1Well")
    assert well.capabilities is not None
    assert well.capabilities.transfers == "active"
    assert well.payouts_enabled
    assert well.requirements is not None
    assert well.requirements.disabled_reason is None
    ill = client.v1.accounts.retrieve("acct_no_transfers1")
    assert ill.capabilities is not None
    assert ill.capabilities.transfers == "inactive"
    capability = client.v1.accounts.capabilities.retrieve("acct_no_transfers1", "transfers")
    assert capability.status == "inactive"
    assert len(client.v1.accounts.capabilities.list("acct_1Well").data) == 2
    with pytest.raises(stripe.PermissionError):
        client.v1.accounts.retrieve("acct_missing1")
    made = client.v1.accounts.create({"country": "DE", "email": "a@b.example"})
    assert client.v1.accounts.retrieve(made.id).country == "DE"
    assert made.id in [row.id for row in client.v1.accounts.list().data]


def test_balance_of_a_connected_account(client: stripe.StripeClient, pay: Pay) -> None:
    pay("acct_1Crew", key="k")
    held = client.v1.balance.retrieve(options={"stripe_account": "acct_1Crew"})
    assert [(each.amount, each.currency) for each in held.available] == [(4500, "usd")]


def test_json_body_is_refused(sandbox: SandboxProcess) -> None:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=5)
    headers = {"Authorization": "Bearer sk_test_1", "Content-Type": "application/json"}
    connection.request("POST", "/v1/transfers", "{}", headers)
    assert connection.getresponse().status == 400
    connection.close()
