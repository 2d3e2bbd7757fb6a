"""Commissions over HTTP: every verb, the answer, lists and what they cost."""

from typing import Any

import pytest

from payouts.models import (
    Commission,
    Payee,
    PayoutRequest,
)
from tests.payouts.commissions import STATUSES, make_commission
from tests.payouts.conftest import Caller
from tests.payouts.requests import (
    OTTO,
    bring,
)

pytestmark = pytest.mark.django_db


BODY: dict[str, Any] = {
    "reference": "AFF-1",
    "payee": {"external_id": "a-7", "name": "Ada Affiliate", "region": "eu"},
    "amount": "12.50",
    "currency": "EUR",
    "earned_for": "order 7",
}


def test_a_commission_as_it_is_answered(shop: Caller) -> None:
    answer = shop.post("commissions", BODY, idempotency_key="c-1")
    commission = answer.json()
    assert (answer.status_code, answer["ETag"]) == (201, '"1"')
    assert answer["Location"] == f"/api/v1/commissions/{commission['id']}"
    assert (
        commission
        | {
            "reference": "AFF-1",
            "payee": {
                "external_id": "a-7",
                "name": "Ada Affiliate",
                "region": "EU",
                "kyc_status": "pending",
            },
            "amount": "12.50",
            "currency": "EUR",
            "earned_for": "order 7",
            "status": "accrued",
            "version": 1,
            "payout": None,
            "clawback": None,
            "created_by": "shop",
            "decided_by": None,
            "reason": None,
        }
        == commission
    )
    again = shop.post("commissions", BODY, idempotency_key="c-1")
    assert (again.content, again["Idempotency-Replayed"]) == (answer.content, "true")
    taken = shop.post("commissions", BODY)
    assert (taken.status_code, taken.json()["code"]) == (409, "commission_exists")
    bad = shop.post("commissions", BODY | {"amount": "0.00"})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "amount")
    assert (Commission.objects.count(), Payee.objects.count()) == (1, 1)


def test_every_verb_over_the_api(shop: Caller, ana: Caller) -> None:
    pk = shop.post("commissions", BODY).json()["id"]
    assert shop.post(f"commissions/{pk}/approve").status_code == 403
    stale = ana.post(f"commissions/{pk}/approve", if_match='"7"')
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    approved = ana.post(f"commissions/{pk}/approve", if_match='"1"')
    assert (approved.json()["status"], approved["ETag"]) == ("approved", '"2"')
    wanted = {"commissions": [pk], "rail": "wise", "recipient": OTTO}
    assert shop.post("commissions/payouts", wanted).json()["code"] == "idempotency_key_required"
    payout = shop.post("commissions/payouts", wanted, idempotency_key="p-1").json()
    assert (payout["amount"], payout["status"], payout["created_by"]) == (
        "12.50",
        "requested",
        "shop",
    )
    replay = shop.post("commissions/payouts", wanted, idempotency_key="p-1").json()
    assert replay["id"] == payout["id"]
    late = shop.post("commissions/payouts", wanted, idempotency_key="p-2")
    assert (late.status_code, late.json()["payout"]) == (409, payout["id"])
    void = ana.post(f"commissions/{pk}/void", {"reason": "wrong"})
    assert (void.status_code, void.json()["code"]) == (422, "illegal_transition")
    assert ana.post(f"commissions/{pk}/void").json()["errors"][0]["field"] == "reason"
    ana.post("payees/a-7/kyc", {"status": "approved"})
    bring(PayoutRequest.objects.get(pk=payout["id"]), "paid")
    back = ana.post(f"commissions/{pk}/claw-back", {"reason": "goods came back"})
    assert (back.json()["status"], back.json()["payout"]) == ("clawed_back", payout["id"])
    debt = back.json()["clawback"]
    assert (debt["amount"], debt["reason"], debt["by"]) == ("12.50", "goods came back", "ana")
    assert shop.get(f"commissions/{pk}").json() == back.json()
    assert ana.post("commissions/999/approve").json()["code"] == "not_found"


def test_lists_are_filtered_and_cost_the_same(
    shop: Caller, django_assert_max_num_queries: Any
) -> None:
    for status in STATUSES:
        make_commission(status)
    paid = make_commission("paid", payee="ada")
    for query, count in (
        ({}, 7),
        ({"status": "paid"}, 2),
        ({"payee": "ada"}, 1),
        ({"payout": paid.live_payout_id}, 1),
        ({"search": paid.reference.lower()}, 1),
        ({"search": "otto"}, 7),
    ):
        with django_assert_max_num_queries(5):
            found = shop.get("commissions", **query).json()["results"]
        assert len(found) == count, query
    assert shop.get("commissions", status="lost").status_code == 422
