"""Checkout over HTTP, as the contract names it."""

from typing import Any

import pytest
from django.conf import settings
from pytest_django.fixtures import DjangoAssertNumQueries

from checkout.models import CheckoutSession, Receipt, Refund
from tests.checkout.ledger import ACCOUNT, ISSUER, TEN, make_session, process
from tests.payouts.conftest import Caller

pytestmark = pytest.mark.django_db(transaction=True)

NEW = {
    "merchant_reference": "order-7",
    "amount": "10.00",
    "asset": {"code": "USDC", "issuer": ISSUER},
}


def test_a_session_as_the_contract_shows_it(shop: Caller) -> None:
    made = shop.post("checkout/sessions", NEW | {"expires_in": 60})
    assert made.status_code == 201, made.content
    body = made.json()
    session = CheckoutSession.objects.get()
    assert body["id"] == session.pk and body["status"] == "pending"
    assert body["pay_to"]["account"] == ACCOUNT and body["pay_to"]["memo"] == session.memo
    assert (body["amount"], body["currency"]) == ("10.0000000", f"USDC:{ISSUER}")
    assert body["asset"] == NEW["asset"] and body["payments"] == []
    assert body["pay_url"] == f"{settings.PUBLIC_URL}/pay/{session.pay_token}"
    assert made["ETag"] == '"1"' and made["Location"].endswith(f"checkout/sessions/{session.pk}")
    assert shop.get(f"checkout/sessions/{session.pk}").json() == body
    assert shop.get("checkout/sessions", status="pending").json()["results"] == [body]
    assert shop.get("checkout/sessions", search="ORDER").json()["results"] == [body]
    assert shop.get("checkout/sessions", search=session.memo).json()["results"] == [body]
    assert shop.get("checkout/sessions", status="paid").json()["results"] == []


def test_native_and_idempotent(shop: Caller) -> None:
    body = {"merchant_reference": "o", "amount": "1.5", "asset": "native"}
    first = shop.post("checkout/sessions", body, Idempotency_Key="k1")
    again = shop.post("checkout/sessions", body, Idempotency_Key="k1")
    assert first.json()["asset"] == "native" and first.json()["currency"] == "XLM"
    assert first.content == again.content and again["Idempotency-Replayed"] == "true"
    assert CheckoutSession.objects.count() == 1


BAD: list[tuple[dict[str, Any], str]] = [
    ({"amount": "0"}, "amount"),
    ({"amount": "-1"}, "amount"),
    ({"amount": 10}, "amount"),
    ({"amount": "1.00000001"}, "amount"),
    ({"amount": "99999999999999"}, "amount"),
    ({"asset": "USDC"}, "asset"),
    ({"asset": None}, "asset"),
    ({"asset": {"code": "USDC"}}, "asset.issuer"),
    ({"asset": {"code": "US DC", "issuer": ISSUER}}, "asset"),
    ({"asset": {"code": "USDC", "issuer": ISSUER[:-1] + "A"}}, "asset.issuer"),
    ({"expires_in": 0}, "expires_in"),
    ({"expires_in": 10**12}, "expires_in"),
    ({"merchant_reference": ""}, "merchant_reference"),
    ({"merchant_reference": "x" * 65}, "merchant_reference"),
    ({"memo": "1"}, "memo"),
]


def test_bad_sessions_are_refused_by_field(shop: Caller) -> None:
    for change, field in BAD:
        refused = shop.post("checkout/sessions", NEW | change)
        assert refused.status_code == 422, (change, refused.content)
        assert refused.json()["code"] == "validation_error"
        assert [one["field"] for one in refused.json()["errors"]] == [field], change


def test_receipts_are_listed_by_state(
    shop: Caller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    session = make_session()
    applied, surplus, lost = process(session), process(session), process(None)
    for state, one in (("applied", applied), ("surplus", surplus), ("unmatched", lost)):
        listed = shop.get("checkout/receipts", state=state).json()["results"]
        assert [row["id"] for row in listed] == [one.receipt_id]
        assert listed[0]["state"] == state
    first = shop.get(f"checkout/receipts/{applied.receipt_id}").json()
    assert (first["paid_amount"], first["surplus_amount"]) == ("10.0000000", "0.0000000")
    second = shop.get(f"checkout/receipts/{surplus.receipt_id}").json()
    assert (second["surplus_amount"], second["reason"]) == ("10.0000000", "already_paid")
    shown = shop.get(f"checkout/sessions/{session.pk}").json()
    assert shown["status"] == "paid"
    assert [one["receipt"] for one in shown["payments"]] == [applied.receipt_id]
    # The token and the rows; sessions read their payments and receipts as well.
    with django_assert_num_queries(2):
        shop.get("checkout/receipts")
    with django_assert_num_queries(4):
        shop.get("checkout/sessions")


def test_a_refund_from_request_to_transfer(shop: Caller, ana: Caller) -> None:
    session = make_session()
    process(session)
    path = f"checkout/sessions/{session.pk}/refunds"
    body = {"amount": "6.00", "reason": "returned"}
    assert shop.post(path, body).json()["code"] == "idempotency_key_required"
    made = shop.post(path, body, Idempotency_Key="r1")
    assert made.status_code == 201, made.content
    assert shop.post(path, body, Idempotency_Key="r1").content == made.content
    refund = made.json()
    assert (refund["status"], refund["amount"], refund["transfer"]) == (
        "requested",
        "6.0000000",
        None,
    )
    more = shop.post(path, body, Idempotency_Key="r2")
    assert (more.status_code, more.json()["code"]) == (422, "refund_exceeds_payment")
    assert more.json()["left"] == "4.0000000"
    assert shop.post(f"refunds/{refund['id']}/approve").status_code == 403
    done = ana.post(f"refunds/{refund['id']}/approve", {"reason": "fine"})
    assert done.status_code == 200 and done.json()["status"] == "approved"
    assert done.json()["transfer"]["status"] == "pending"
    again = ana.post(f"refunds/{refund['id']}/reject")
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    assert again.json()["current_reviewer"] == "ana"
    listed = shop.get("refunds", session=session.pk).json()["results"]
    assert [one["id"] for one in listed] == [refund["id"]]
    assert shop.get(f"refunds/{refund['id']}").json()["transfer"]["id"]


def test_a_reviewer_does_not_approve_an_own_refund(ana: Caller, ben: Caller) -> None:
    session = make_session()
    process(session)
    made = ana.post(
        f"checkout/sessions/{session.pk}/refunds",
        {"amount": "1", "reason": "x"},
        Idempotency_Key="k",
    ).json()
    denied = ana.post(f"refunds/{made['id']}/approve")
    assert (denied.status_code, denied.json()["code"]) == (403, "self_approval")
    stale = ben.post(f"refunds/{made['id']}/approve", {"expected_version": 9})
    assert stale.status_code == 409
    assert ben.post(f"refunds/{made['id']}/reject").json()["status"] == "rejected"
    assert Receipt.objects.get().held_minor == 0


def test_disputes(shop: Caller, ana: Caller) -> None:
    session = make_session()
    path = f"checkout/sessions/{session.pk}/disputes"
    assert shop.post(path).status_code == 409
    process(session)
    made = shop.post(path, {"reason": "not mine"})
    assert made.status_code == 201 and made.json()["status"] == "open"
    assert made.json()["amount"] == "10.0000000"
    assert shop.post(path).status_code == 409
    one = f"disputes/{made.json()['id']}"
    assert shop.post(f"{one}/resolve", {"outcome": "lost"}).status_code == 403
    assert ana.post(f"{one}/resolve", {"outcome": "open"}).status_code == 422
    lost = ana.post(f"{one}/resolve", {"outcome": "lost", "expected_status": "open"})
    assert lost.status_code == 200 and lost.json()["status"] == "lost"
    again = ana.post(f"{one}/resolve", {"outcome": "won"})
    assert again.status_code == 409 and again.json()["current_status"] == "lost"
    illegal = ana.post(f"{one}/resolve", {"outcome": "won", "expected_status": "lost"})
    assert (illegal.status_code, illegal.json()["code"]) == (422, "illegal_transition")
    assert Refund.objects.get().amount == TEN
    assert shop.get(one).json()["resolved_by"] == "ana"


def test_unmatched_money_is_applied_or_given_back(shop: Caller, ana: Caller) -> None:
    session = make_session()
    lost, other = process(None), process(None)
    body = {"session": session.pk, "reason": "customer called"}
    assert shop.post(f"checkout/receipts/{lost.receipt_id}/apply", body).status_code == 403
    done = ana.post(f"checkout/receipts/{lost.receipt_id}/apply", body)
    assert done.status_code == 200 and done.json()["state"] == "applied"
    again = ana.post(f"checkout/receipts/{other.receipt_id}/apply", body)
    assert again.status_code == 409
    back = ana.post(
        f"checkout/receipts/{other.receipt_id}/refunds", {"reason": "whose?"}, Idempotency_Key="b"
    )
    assert back.status_code == 201 and back.json()["amount"] == "10.0000000"


def test_what_is_held_of_a_receipt_is_another_version_of_it(shop: Caller, ana: Caller) -> None:
    path = f"checkout/receipts/{process(None).receipt_id}"
    seen = shop.get(path)
    half = {"amount": "5", "reason": "half of it"}
    first, second = (
        shop.post(f"{path}/refunds", half, Idempotency_Key=key, If_Match=seen["ETag"])
        for key in ("a", "b")
    )
    assert first.status_code == 201
    assert (second.status_code, second.json()["code"]) == (409, "conflict")
    held = shop.get(path)
    assert held["ETag"] == '"2"' and held.json()["refundable_amount"] == "5.0000000"
    assert ana.post(f"refunds/{first.json()['id']}/reject").status_code == 200
    free = shop.get(path)
    assert free["ETag"] == '"3"' and free.json()["refundable_amount"] == "10.0000000"


def test_what_does_not_exist(shop: Caller) -> None:
    for path in ("checkout/sessions/9", "checkout/receipts/9", "refunds/9", "disputes/9"):
        assert shop.get(path).json()["code"] == "not_found"


def test_nobody_receives_without_an_account(shop: Caller, settings: Any) -> None:
    settings.STELLAR_RECEIVING_ACCOUNT = ""
    refused = shop.post("checkout/sessions", NEW)
    assert (refused.status_code, refused.json()["code"]) == (503, "rail_paused")
