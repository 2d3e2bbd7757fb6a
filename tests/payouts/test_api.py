"""The contract's Payout section over HTTP: who may, what is answered, what a key does, what lists cost."""

import datetime
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from access.roles import ROLE_CAPABILITIES, Role
from audit.models import Entry
from payouts.models import Payee, PayoutRequest
from payouts.timeline import timeline
from tests.payouts.conftest import Caller
from tests.payouts.requests import (
    MOVED_TO,
    OTTO,
    make_payout,
    move_transfer,
    the_transfer,
)
from transfers.models import RailEvent, TransferAttempt
from transfers.selectors import rail_events_about

pytestmark = pytest.mark.django_db


BODY: dict[str, Any] = {
    "payee": {"external_id": "p-7", "name": "Otto Muster", "region": "eu"},
    "amount": "450.00",
    "currency": "EUR",
    "rail": "wise",
    "recipient": OTTO,
}


def _code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_a_request_as_the_contract_shows_it(shop: Caller) -> None:
    answer = shop.post("payouts", BODY, idempotency_key="k-1")
    payout = answer.json()
    assert answer.status_code == 201
    assert answer["ETag"] == '"1"'
    assert answer["Location"] == f"/api/v1/payouts/{payout['id']}"
    assert (
        payout
        | {
            "payee": {
                "external_id": "p-7",
                "name": "Otto Muster",
                "region": "EU",
                "kyc_status": "pending",
            },
            "amount": "450.00",
            "currency": "EUR",
            "rail": "wise",
            "region": "EU",
            "quote": None,
            "status": "requested",
            "version": 1,
            "created_by": "shop",
            "reviewed_by": None,
            "reviewed_at": None,
            "reason": None,
            "claimed_by": None,
            "approval_fingerprint": None,
            "transfer": None,
            "supersedes": None,
            "superseded_by": None,
        }
        == payout
    )
    assert (payout["recipient"]["type"], payout["recipient"]["masked"]) == (
        "iban",
        "DE•• •••• 3000",
    )
    entry = Entry.objects.get(subject=f"payout:{payout['id']}")
    assert (entry.action, entry.actor_name) == ("payout.requested", "shop/test")


def test_a_key_is_required_and_makes_it_one_request(shop: Caller) -> None:
    assert _code(shop.post("payouts", BODY)) == (400, "idempotency_key_required")
    first = shop.post("payouts", BODY, idempotency_key="k-2")
    again = shop.post("payouts", BODY, idempotency_key="k-2")
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"
    other = shop.post("payouts", BODY | {"amount": "1.00"}, idempotency_key="k-2")
    assert _code(other) == (422, "idempotency_key_reused")
    assert PayoutRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0.00"}, "amount"),
        ({"amount": "1.234"}, "amount"),
        ({"amount": 5}, "amount"),
        ({"currency": "EURO"}, "currency"),
        ({"currency": "XLM"}, "currency"),
        ({"rail": "stripe"}, "rail"),
        ({"rail": "stellar", "currency": "XLM"}, "recipient.type"),
        ({"recipient": "DE89"}, "recipient"),
        ({"recipient": {}}, "recipient.type"),
        ({"recipient": {**OTTO, "iban": "DE00"}}, "recipient.iban"),
        ({"payee": {}}, "payee.external_id"),
        ({"payee": {"external_id": "a/b"}}, "payee.external_id"),
        ({"status": "approved"}, "status"),
    ],
)
def test_what_is_malformed_is_422_and_names_its_field(
    shop: Caller, change: dict[str, Any], field: str
) -> None:
    answer = shop.post("payouts", BODY | change, idempotency_key="k")
    assert _code(answer) == (422, "validation_error")
    assert answer.json()["errors"][0]["field"] == field
    assert not PayoutRequest.objects.exists()
    assert not Payee.objects.exists()


def test_a_known_payee_stays_as_it_is(shop: Caller) -> None:
    shop.post("payouts", BODY, idempotency_key="a")
    named = {"external_id": "p-7", "name": "Mallory", "region": "TR"}
    payout = shop.post("payouts", BODY | {"payee": named}, idempotency_key="b").json()
    assert (payout["payee"]["name"], payout["region"]) == ("Otto Muster", "EU")


def test_approve_reject_cancel_retry(shop: Caller, ana: Caller, ben: Caller) -> None:
    pk = make_payout().pk
    answer = ana.post(f"payouts/{pk}/approve", {"reason": "fine", "expected_version": 1})
    payout = answer.json()
    assert (answer.status_code, payout["status"], payout["reviewed_by"]) == (200, "approved", "ana")
    assert (payout["transfer"]["status"], payout["transfer"]["source"]) == (
        "pending",
        {"type": "payout", "reference": str(pk)},
    )
    assert len(payout["approval_fingerprint"]) == 64
    late = ben.post(f"payouts/{pk}/reject")
    assert _code(late) == (409, "already_decided")
    problem = late.json()
    assert (problem["current_status"], problem["current_version"]) == ("approved", 2)
    assert (problem["current_reviewer"], problem["decision_reason"]) == ("ana", "fine")
    assert problem["decided_at"].endswith("Z")
    assert ben.post(f"payouts/{pk}/cancel", {"reason": "wait"}).json()["status"] == "cancelled"
    again = ben.post(f"payouts/{pk}/retry").json()
    assert (again["status"], again["reviewed_by"], again["transfer"]["status"]) == (
        "requested",
        None,
        "cancelled",
    )
    assert _code(ben.post(f"payouts/{pk}/cancel")) == (422, "illegal_transition")
    assert _code(ben.post("payouts/999999/approve")) == (404, "not_found")


def test_a_version_can_be_believed_in_the_body_or_in_if_match(ana: Caller) -> None:
    pk = make_payout().pk
    assert _code(ana.post(f"payouts/{pk}/approve", if_match='"7"')) == (409, "already_decided")
    stale = ana.post(f"payouts/{pk}/approve", {"expected_version": 7}, if_match='"1"')
    assert _code(stale) == (409, "already_decided")
    assert ana.post(f"payouts/{pk}/approve", if_match='"1"').status_code == 200
    stale = ana.post(f"payouts/{pk}/cancel", {"expected_version": 1})
    assert _code(stale) == (409, "conflict")
    wrong = ana.put(f"payouts/{pk}/status", {"status": "processing", "expected_version": 1})
    assert _code(wrong) == (409, "conflict")


def test_claims_are_shown_and_bind_nobody(ana: Caller, ben: Caller) -> None:
    pk = make_payout().pk
    assert ana.post(f"payouts/{pk}/claim").json()["claimed_by"] == "ana"
    assert ana.post(f"payouts/{pk}/claim").status_code == 200
    other = ben.post(f"payouts/{pk}/claim")
    assert _code(other) == (409, "conflict")
    assert other.json()["claimed_by"] == "ana"
    assert ben.delete(f"payouts/{pk}/claim").json()["claimed_by"] == "ana"
    assert ana.delete(f"payouts/{pk}/claim").json()["claimed_by"] is None
    assert ana.post(f"payouts/{pk}/claim").json()["version"] == 1
    past = timezone.now() - datetime.timedelta(seconds=1)
    PayoutRequest.objects.filter(pk=pk).update(claimed_until=past)
    assert ana.get(f"payouts/{pk}").json()["claimed_by"] is None
    assert ben.post(f"payouts/{pk}/claim").json()["claimed_by"] == "ben"
    approved = ana.post(f"payouts/{pk}/approve").json()
    assert (approved["status"], approved["claimed_by"]) == ("approved", None)


def test_reissue(shop: Caller) -> None:
    pk = make_payout("processing").pk
    body = {"recipient": MOVED_TO, "reason": "account closed"}
    assert _code(shop.post(f"payouts/{pk}/reissue", body)) == (409, "obligation_live")
    move_transfer(pk, "failed")
    answer = shop.post(f"payouts/{pk}/reissue", body)
    assert (answer.status_code, answer.json()["supersedes"]) == (201, pk)
    successor = answer.json()["id"]
    assert shop.get(f"payouts/{pk}").json()["superseded_by"] == successor
    second = shop.post(f"payouts/{pk}/reissue", body)
    assert _code(second) == (409, "obligation_live")
    assert second.json()["superseded_by"] == successor


def test_payees_and_kyc(shop: Caller, ana: Caller) -> None:
    body = {"name": "Ayşe Öztürk", "region": "TR", "email": "ayse@example.com"}
    made = shop.put("payees/p-9", body)
    assert (made.status_code, made.json()["status"]) == (201, "pending")
    assert shop.put("payees/p-9", body).status_code == 200
    changed = shop.put("payees/p-9", {**body, "name": "Ayşe Demir"})
    assert (changed.json()["name"], changed.json()["version"]) == ("Ayşe Demir", 2)
    assert _code(shop.post("payees/p-9/kyc", {"status": "approved"})) == (403, "permission_denied")
    answer = ana.post("payees/p-9/kyc", {"status": "approved", "note": "passport"})
    kyc = answer.json()["kyc"]
    assert (kyc["status"], kyc["checked_by"], kyc["note"]) == ("approved", "ana", "passport")
    assert ana.post("payees/p-9/kyc", {"status": "approved", "note": "again"}).status_code == 200
    assert _code(ana.post("payees/p-9/kyc", {"status": "pending"})) == (422, "validation_error")
    assert ana.post("payees/p-9/kyc", {"status": "rejected"}).json()["status"] == "rejected"
    answer = ana.post("payees/p-9/kyc", {"status": "expired"})
    assert _code(answer) == (422, "illegal_transition")
    assert _code(ana.get("payees/nobody")) == (404, "not_found")
    log = Entry.objects.filter(subject=f"payee:{Payee.objects.get().pk}").order_by("seq")
    assert [one.action for one in log] == [
        "payee.created",
        "payee.updated",
        "payee.approved",
        "payee.checked_again",
        "payee.rejected",
        "payee.expired",
    ]


_CALLS: list[tuple[str, str, str]] = [
    ("get", "payouts", "payout.read"),
    ("get", "payouts/{pk}", "payout.read"),
    ("get", "payouts/{pk}/timeline", "payout.read"),
    ("get", "payees/p", "payout.read"),
    ("post", "payouts", "payout.create"),
    ("post", "payouts/{pk}/reissue", "payout.create"),
    ("post", "payouts/{pk}/approve", "payout.review"),
    ("post", "payouts/{pk}/reject", "payout.review"),
    ("post", "payouts/{pk}/cancel", "payout.review"),
    ("post", "payouts/{pk}/retry", "payout.review"),
    ("put", "payouts/{pk}/status", "payout.review"),
    ("post", "payouts/{pk}/claim", "payout.review"),
    ("delete", "payouts/{pk}/claim", "payout.review"),
    ("put", "payees/p", "payee.manage"),
    ("post", "payees/p/kyc", "kyc.set"),
]


@pytest.mark.parametrize("role", list(Role))
def test_who_may_call_what(caller: Callable[..., Caller], role: Role) -> None:
    somebody, pk = caller(role.value), make_payout(payee="p").pk
    for verb, path, capability in _CALLS:
        status = getattr(somebody, verb)(path.format(pk=pk)).status_code
        assert (status == 403) == (capability not in ROLE_CAPABILITIES[role]), (verb, path, status)


@pytest.mark.parametrize(("scope", "may"), [("review", True), ("write", False), ("read", False)])
def test_deciding_needs_the_scope_review(
    caller: Callable[..., Caller], scope: str, may: bool
) -> None:
    pk = make_payout().pk
    answer = caller("super_admin", "ana", scope).post(f"payouts/{pk}/approve")
    assert answer.status_code == (200 if may else 403)


def test_lists_filter_search_and_page(ana: Caller) -> None:
    first = make_payout(payee="alpha-1")
    second = make_payout("approved", payee="beta-2")
    third = make_payout("rejected", payee="alpha-3")

    def ids(**query: Any) -> list[int]:
        answer = ana.get("payouts", **query)
        assert answer.status_code == 200, answer.content
        return [row["id"] for row in answer.json()["results"]]

    assert ids() == [third.pk, second.pk, first.pk]
    assert ids(status="approved") == [second.pk]
    assert ids(region="eu") == [third.pk, second.pk, first.pk]
    assert ids(region="TR") == []
    assert ids(reviewer="ana") == [third.pk, second.pk]
    assert ids(search="ALPHA") == [third.pk, first.pk]
    assert ids(search=str(second.pk)) == [second.pk]
    assert ids(ordering="id", limit=2) == [first.pk, second.pk]
    page = ana.get("payouts", limit=2).json()
    assert page["next"] and page["previous"] is None
    assert _code(ana.get("payouts", status="gone")) == (422, "validation_error")
    assert _code(ana.get("payouts", stauts="paid")) == (422, "validation_error")


def test_a_list_costs_the_same_however_long(
    ana: Caller, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for status in ("requested", "approved", "paid", "rejected"):
        make_payout(status)
    # Token and role; rows with payee and recipient; transfers; attempts.
    with django_assert_max_num_queries(5):
        assert len(ana.get("payouts").json()["results"]) == 4


def test_a_timeline_tells_all_in_one_order(ana: Caller) -> None:
    payout = make_payout("processing")
    transfer = move_transfer(payout.pk, "success")
    RailEvent.objects.create(
        rail="wise",
        event_id="delivery-1",
        type="transfers#state-change",
        payload={"data": {"resource": {"id": int(transfer.rail_reference)}}},
    )
    RailEvent.objects.create(
        rail="wise", event_id="d-2", type="other", payload={"data": {"resource": {"id": 1}}}
    )
    answer = ana.get(f"payouts/{payout.pk}/timeline").json()
    assert answer["payout"] == payout.pk
    moments = [event["at"] for event in answer["results"]]
    assert moments == sorted(moments)
    told = [(event["kind"], event["what"]) for event in answer["results"]]
    assert told[0] == ("audit", "payout.requested")
    for expected in (
        ("audit", "payout.approved"),
        ("audit", "transfer.pending"),
        ("audit", "payout.paid"),
        ("rail_reference", transfer.rail_reference),
        ("rail_event", "transfers#state-change"),
    ):
        assert expected in told
    assert ("rail_event", "other") not in told


def test_a_timeline_tells_also_of_a_payment_that_was_given_up() -> None:
    payout = make_payout("processing")
    TransferAttempt.objects.create(
        transfer=the_transfer(payout.pk),
        number=1,
        idempotency_key="k-1",
        request={},
        outcome="failed",
        resolved_at=timezone.now(),
        funding_reference="777",
    )
    RailEvent.objects.create(
        rail="wise", event_id="d-7", type="cancelled", payload={"data": {"resource": {"id": 777}}}
    )
    told = [(event.kind, event.what) for event in timeline(payout)]
    assert ("rail_event", "cancelled") in told
    assert "rail_reference" not in dict(told)


def test_a_timeline_costs_four_queries_and_finds_messages_by_an_index(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    payout = make_payout("processing")
    transfer = move_transfer(payout.pk, "success")
    for number in range(40):
        about: dict[str, Any] = {"resource": {"id": int(transfer.rail_reference) + number % 4}}
        if number == 0:
            about = {"transfer_id": int(transfer.rail_reference)}
        RailEvent.objects.create(
            rail="wise", event_id=f"d-{number}", type="transfers#x", payload={"data": about}
        )
    with django_assert_num_queries(4):
        told = timeline(payout)
    # A payout failure names the transfer in another place, and is found all the same.
    assert sum(event.kind == "rail_event" for event in told) == 10
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = rail_events_about("wise", transfer.rail_reference).explain()
    assert "rail_event_by_reference" in plan and "Filter" not in plan


OPERATIONS = """createPayout putPayee setKyc listPayouts getPayout approvePayout rejectPayout cancelPayout
    retryPayout setPayoutStatus claimPayout reissuePayout getPayoutTimeline"""


def test_the_openapi_file_has_every_operation_and_no_warning(tmp_path: Path) -> None:
    target = tmp_path / "schema.yaml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(target))
    text = target.read_text()
    for operation in re.split(r"\s+", OPERATIONS):
        assert f"operationId: {operation}\n" in text
