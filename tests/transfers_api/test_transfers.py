"""Single transfers over HTTP: look, retry, reverse, ask the rail."""

from typing import Any

import pytest
from psycopg import Cursor
from pytest_django import DjangoAssertNumQueries

import guard.statement
from audit.models import Entry
from tests.factories import make_booking
from tests.sandbox_process import SandboxProcess
from tests.transfers_api.conftest import Caller, code_of, faults_of
from transfers.models import Transfer, TransferReversal
from transfers.pace import hold_back
from transfers.sweep import sweep_once

pytestmark = pytest.mark.django_db(transaction=True)

NOWHERE = ["0", "999999999999999999", "9" * 19, "9" * 500]


@pytest.fixture
def outcome(api: Caller, sandbox: SandboxProcess) -> "Outcome":
    return Outcome(api, sandbox)


class Outcome:
    """`outcome("acct_no_transfers_1")`: the id of a transfer to that account after the workers' first round."""

    def __init__(self, api: Caller, sandbox: SandboxProcess) -> None:
        self._api = api
        self.sandbox = sandbox

    def __call__(self, account: str, *, reference: str = "BK-1") -> int:
        make_booking(account, reference=reference)
        self._api.post(f"bookings/{reference}/transfers")
        sweep_once()
        return Transfer.objects.get(source_reference=reference).pk


def test_a_transfer_shows_what_is_known_of_it(api: Caller, outcome: Outcome) -> None:
    pk = outcome("acct_1")
    response = api.get(f"transfers/{pk}")
    assert response.status_code == 200
    shown = response.json()
    assert response["ETag"] == f'"{shown["version"]}"'
    assert shown["status"] == "success"
    assert shown["rail_reference"].startswith("tr_")
    assert shown["failure"] is None
    (attempt,) = shown["attempts"]
    assert (attempt["number"], attempt["outcome"]) == (1, "succeeded")
    assert attempt["idempotency_key"].startswith("po-")
    assert attempt["sent_at"].endswith("Z") and attempt["resolved_at"].endswith("Z")
    assert attempt["evidence"]


def test_an_attempt_in_flight_has_no_outcome_yet(api: Caller, outcome: Outcome) -> None:
    pk = outcome("acct_429_1")
    shown = api.get(f"transfers/{pk}").json()
    assert shown["status"] == "processing"
    assert shown["outcome_unknown"] is False
    assert shown["next_check_at"] is None
    assert [one["outcome"] for one in shown["attempts"]] == [None]


@pytest.mark.parametrize("pk", NOWHERE)
def test_an_id_that_names_nothing_is_404(api: Caller, pk: str, sandbox: SandboxProcess) -> None:
    assert code_of(api.get(f"transfers/{pk}")) == (404, "not_found")
    assert code_of(api.post(f"transfers/{pk}/retry")) == (404, "not_found")
    assert code_of(api.post(f"transfers/{pk}/confirm")) == (404, "not_found")
    for body in ({"reason": "x"}, {"reason": "x", "amount": "1.00"}):
        assert code_of(api.post(f"transfers/{pk}/reverse", body)) == (404, "not_found")


def test_a_proven_failure_is_retried_once(api: Caller, outcome: Outcome) -> None:
    pk = outcome("acct_no_transfers_1")
    failed = api.get(f"transfers/{pk}")
    assert failed.json()["status"] == "failed"
    assert set(failed.json()["failure"]) == {"code", "message"}
    for version in ("1", "9" * 18):
        stale = api.post(f"transfers/{pk}/retry", if_match=f'"{version}"')
        assert code_of(stale) == (409, "conflict")
        assert stale.json()["current_version"] == failed.json()["version"]
    assert code_of(api.post(f"transfers/{pk}/retry", if_match="1")) == (422, "validation_error")

    retried = api.post(f"transfers/{pk}/retry", if_match=failed["ETag"])
    assert retried.status_code == 202
    assert retried.json()["status"] == "pending"
    assert retried.json()["failure"] is None
    assert retried["ETag"] == f'"{retried.json()["version"]}"'
    assert code_of(api.post(f"transfers/{pk}/retry")) == (409, "obligation_live")

    outcome.sandbox.cure("acct_no_transfers_1")
    sweep_once()
    paid = api.get(f"transfers/{pk}").json()
    assert paid["status"] == "success"
    keys = [one["idempotency_key"] for one in paid["attempts"]]
    assert len(set(keys)) == 2
    refused = api.post(f"transfers/{pk}/retry")
    assert code_of(refused) == (422, "illegal_transition")
    assert refused.json()["from"] == "success"
    assert refused.json()["to"] == "pending"
    assert "reversed" in refused.json()["allowed"]


def test_a_retry_is_four_statements(
    api: Caller,
    outcome: Outcome,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """Token, one look at all that matters, the door, the attempts; the last three prepared, beside Django's cursors."""
    pk = outcome("acct_no_transfers_1")
    prepared = []

    class Counted(Cursor[Any]):
        def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            prepared.append(query)
            return super().execute(query, *args, **kwargs)

    monkeypatch.setattr(guard.statement, "Cursor", Counted)
    with django_assert_num_queries(1):
        retried = api.post(f"transfers/{pk}/retry")
    assert retried.status_code == 202
    assert [one["outcome"] for one in retried.json()["attempts"]] == ["failed"]
    assert len(prepared) == 3


def test_an_unknown_outcome_is_not_retried(api: Caller, outcome: Outcome) -> None:
    pk = outcome("acct_lost_answer_1")
    shown = api.get(f"transfers/{pk}").json()
    assert (shown["status"], shown["outcome_unknown"]) == ("processing", True)
    assert shown["next_check_at"].endswith("Z")
    refused = api.post(f"transfers/{pk}/retry")
    assert code_of(refused) == (409, "outcome_unknown")
    assert refused.json()["next_check_at"]
    assert Entry.objects.filter(subject=f"transfer:{pk}", outcome="conflict").count() == 1
    again = api.post("bookings/BK-1/transfers").json()
    assert [one["outcome"] for one in again["results"]] == ["outcome_unknown"]
    assert again["payment_summary"]["counts"]["outcome_unknown"] == 1
    assert again["payment_summary"]["state"] == "attention"


def test_asking_the_rail_applies_what_it_says(api: Caller, outcome: Outcome) -> None:
    pk = outcome("acct_lost_answer_1")
    response = api.post(f"transfers/{pk}/confirm", idempotency_key="c1")
    assert response.status_code == 200
    assert response.json()["status"] == "success"
    assert response.json()["result"] == "paid"
    assert response["ETag"] == f'"{response.json()["version"]}"'
    again = api.post(f"transfers/{pk}/confirm", idempotency_key="c1")
    assert again.content == response.content
    assert outcome.sandbox.totals()["movements"] == 1


def test_asking_a_rail_that_is_away_is_503_and_changes_nothing(
    api: Caller, outcome: Outcome
) -> None:
    pk = outcome("acct_lost_answer_1")
    outcome.sandbox.set_fault("html_502", times=None, method="GET")
    try:
        before = Transfer.objects.get(pk=pk).version
        response = api.post(f"transfers/{pk}/confirm", idempotency_key="c1")
    finally:
        outcome.sandbox.clear_faults()
    assert code_of(response) == (503, "unavailable")
    assert int(response["Retry-After"]) > 0
    assert Transfer.objects.get(pk=pk).version == before
    assert api.post(f"transfers/{pk}/confirm", idempotency_key="c1").status_code == 200


def test_asking_a_rail_that_is_held_back_is_503_at_once(api: Caller, outcome: Outcome) -> None:
    pk = outcome("acct_lost_answer_1")
    hold_back("stripe", 60)
    response = api.post(f"transfers/{pk}/confirm")
    assert code_of(response) == (503, "unavailable")
    assert 50 < int(response["Retry-After"]) <= 61
    assert Transfer.objects.get(pk=pk).outcome_unknown


def test_money_is_taken_back_in_parts(api: Caller, outcome: Outcome) -> None:
    pk = outcome("acct_1")
    part = api.post(
        f"transfers/{pk}/reverse", {"amount": "50.00", "reason": "Left at noon.\nAgreed."}
    )
    assert part.status_code == 202
    assert part.json()["status"] == "success"
    too_much = api.post(f"transfers/{pk}/reverse", {"amount": "400.01", "reason": "x"})
    assert faults_of(too_much) == {("amount", "exceeds_transfer")}
    sweep_once()
    assert api.get(f"transfers/{pk}").json()["reversed_amount"] == "50.00"
    summary = api.get("bookings/BK-1").json()["payment_summary"]
    assert (summary["paid"], summary["remaining"]) == ("400.00", "50.00")

    assert api.post(f"transfers/{pk}/reverse", {"reason": "All of it."}).status_code == 202
    sweep_once()
    shown = api.get("bookings/BK-1").json()
    assert shown["crew"][0]["transfer"]["status"] == "reversed"
    assert shown["payment_summary"]["state"] == "attention"
    assert shown["payment_summary"]["counts"]["undone"] == 1
    assert sum(shown["payment_summary"]["counts"].values()) == 1
    refused = api.post(f"transfers/{pk}/reverse", {"reason": "Again."})
    assert code_of(refused) == (422, "illegal_transition")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "reason", "required"),
        ({"reason": " "}, "reason", "blank"),
        ({"reason": "x" * 501}, "reason", "max_length"),
        ({"reason": "a\x00"}, "reason", "control_characters"),
        ({"reason": "x", "amount": 5}, "amount", "not_a_string"),
        ({"reason": "x", "amount": "5.001"}, "amount", "too_many_decimals"),
        ({"reason": "x", "amount": "1e2"}, "amount", "invalid_amount"),
        ({"reason": "x", "amount": "-5.00"}, "amount", "exceeds_transfer"),
        ({"reason": "x", "amount": "0.00"}, "amount", "exceeds_transfer"),
        ({"reason": "x", "amount": "9" * 19}, "amount", "amount_too_large"),
        ({"reason": "x", "amount": "5.00", "currency": "EUR"}, "amount", "currency_mismatch"),
        ({"reason": "x", "refund": True}, "refund", "unknown_field"),
    ],
)
def test_a_reversal_that_makes_no_sense_is_422(
    api: Caller, outcome: Outcome, body: dict[str, object], field: str, code: str
) -> None:
    pk = outcome("acct_1")
    assert faults_of(api.post(f"transfers/{pk}/reverse", body)) == {(field, code)}
    assert not TransferReversal.objects.exists()


def test_the_same_key_takes_back_once(api: Caller, outcome: Outcome) -> None:
    pk = outcome("acct_1")
    body = {"amount": "50.00", "reason": "x"}
    for _ in range(2):
        assert api.post(f"transfers/{pk}/reverse", body, idempotency_key="r").status_code == 202
    assert TransferReversal.objects.count() == 1


def test_lists_are_filtered_and_searched(
    api: Caller, outcome: Outcome, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    paid = outcome("acct_1", reference="BK-1")
    failed = outcome("acct_no_transfers_1", reference="BK-22")
    Transfer.objects.filter(pk=failed).update(payee_name="Zoë 100%")

    def found(**query: str) -> list[int]:
        return [one["id"] for one in api.get("transfers", **query).json()["results"]]

    assert found() == [failed, paid]
    assert found(status="failed") == [failed]
    assert found(rail="stripe", source="booking") == [failed, paid]
    assert found(source="booking:BK-1") == [paid]
    assert found(source="booking:bk-1") == []
    assert found(source="payout") == []
    assert found(search="bk-2") == [failed]
    assert found(search="zoë 1") == [failed]
    assert found(search="%") == []
    with django_assert_num_queries(3):  # token, transfers, attempts
        api.get("transfers")


@pytest.mark.parametrize(
    "query", [{"status": "paid"}, {"rail": "cash"}, {"source": "gift"}, {"user": "u1"}]
)
def test_unknown_filters_are_422(api: Caller, query: dict[str, str]) -> None:
    assert code_of(api.get("transfers", **query)) == (422, "validation_error")
