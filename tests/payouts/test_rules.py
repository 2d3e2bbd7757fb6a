"""Four eyes and KYC: refused in the service, the API, a shell and SQL, and audited each time."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from guard.errors import PermissionDenied
from money import Money
from payouts.errors import (
    KycIncomplete,
    SelfApproval,
)
from payouts.models import PayoutRequest
from payouts.policy import rail_pays, region_of, within_drift
from payouts.services.approve_payout import approve_payout
from payouts.services.reject_payout import reject_payout
from payouts.services.set_kyc import set_kyc
from payouts.services.set_payout_status import set_payout_status
from tests.payouts.around import AROUND, Way, last, nothing_moved
from tests.payouts.conftest import Caller
from tests.payouts.requests import (
    ANA,
    BEN,
    WORKER,
    add_transfer,
    commit_now,
    make_payout,
    move_transfer,
)

pytestmark = pytest.mark.django_db


# --- Maker is not checker -----------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [approve_payout, set_payout_status])
def test_nobody_approves_their_own_request(verb: Any) -> None:
    payout = make_payout(maker=ANA)
    more = {"status": "approved"} if verb is set_payout_status else {}
    with pytest.raises(SelfApproval):
        verb(payout_id=payout.pk, actor=ANA, **more)
    nothing_moved(payout)
    assert (last(payout).outcome, last(payout).reason) == ("denied", "self_approval")


@AROUND
def test_nobody_approves_their_own_request_around_the_door(way: Way) -> None:
    make_payout("approved")
    payout = make_payout(maker=ANA)
    with pytest.raises(IntegrityError, match="its maker may not approve it"), transaction.atomic():
        way(payout.pk, ANA.user_id or 0, "ana")
    nothing_moved(payout)


def test_a_superuser_neither_and_not_through_another_token(
    caller: Callable[..., Caller], ana: Caller
) -> None:
    User.objects.filter(pk=ana.user.pk).update(is_superuser=True)
    body = {
        "payee": {"external_id": "p-1"},
        "amount": "10.00",
        "currency": "EUR",
        "rail": "wise",
        "recipient": {
            "type": "iban",
            "iban": "DE89370400440532013000",
            "account_holder": "Otto M",
        },
    }
    payout = ana.post("payouts", body, idempotency_key="k").json()
    set_kyc(external_id="p-1", status="approved", actor=BEN)
    for asked in (ana, Caller(ana.user, "review")):
        answer = asked.post(f"payouts/{payout['id']}/approve")
        assert (answer.status_code, answer.json()["code"]) == (403, "self_approval")
        answer = asked.put(f"payouts/{payout['id']}/status", {"status": "approved"})
        assert (answer.status_code, answer.json()["code"]) == (403, "self_approval")


def test_the_maker_may_take_a_request_back() -> None:
    payout = make_payout(maker=ANA)
    assert reject_payout(payout_id=payout.pk, actor=ANA).status == "rejected"


def test_a_program_without_a_person_approves_nothing() -> None:
    payout = make_payout()
    with pytest.raises(PermissionDenied):
        approve_payout(payout_id=payout.pk, actor=WORKER)
    nothing_moved(payout)
    assert last(payout).outcome == "denied"


@AROUND
def test_an_approval_around_the_door_names_a_person(way: Way) -> None:
    payout = make_payout()
    with pytest.raises(IntegrityError, match="names its reviewer"), transaction.atomic():
        way(payout.pk, 9002, "")


# --- KYC ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kyc", ["pending", "expired"])
def test_without_kyc_nothing_is_approved(kyc: str, ben: Caller) -> None:
    payout = make_payout(kyc=kyc)
    with pytest.raises(KycIncomplete):
        approve_payout(payout_id=payout.pk, actor=BEN)
    assert (last(payout).outcome, last(payout).snapshot["kyc_status"]) == ("conflict", kyc)
    answer = ben.post(f"payouts/{payout.pk}/approve")
    assert (answer.status_code, answer.json()["code"]) == (422, "kyc_incomplete")
    nothing_moved(payout)


@AROUND
def test_without_kyc_nothing_is_approved_around_the_door(way: Way) -> None:
    make_payout("approved")
    payout = make_payout(kyc="pending")
    with (
        pytest.raises(IntegrityError, match="KYC of its payee is not approved"),
        transaction.atomic(),
    ):
        way(payout.pk, 9003, "ben")
    nothing_moved(payout)


def test_kyc_that_falls_between_check_and_write_is_refused_by_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payout = make_payout(kyc="pending")
    monkeypatch.setattr("payouts.services.approve_payout.refusal_of", lambda review: None)
    with pytest.raises(KycIncomplete):
        approve_payout(payout_id=payout.pk, actor=BEN)
    nothing_moved(payout)
    assert (last(payout).outcome, last(payout).reason) == ("conflict", "kyc_incomplete")


@AROUND
@pytest.mark.parametrize("earlier", ["", "cancelled"])
def test_an_approval_around_the_door_without_a_transfer_is_not_committed(
    way: Way, earlier: str
) -> None:
    """It would look approved and wait for ever: no sweep works on what has no transfer, or a dead one."""
    payout = make_payout(earlier or "requested")
    if earlier:
        set_payout_status(payout_id=payout.pk, status="requested", actor=ANA)
    make_payout("approved")

    def approve_alone() -> None:
        with transaction.atomic():
            way(payout.pk, BEN.user_id or 0, "ben")
            commit_now()

    with pytest.raises(IntegrityError, match="an approval has its transfer"):
        approve_alone()
    assert PayoutRequest.objects.get(pk=payout.pk).status == "requested"
    with transaction.atomic():
        way(payout.pk, BEN.user_id or 0, "ben")
        if earlier:
            move_transfer(payout.pk, "pending", tell=False)
        else:
            add_transfer(payout)
        commit_now()


def test_drift_is_bounded_upwards_in_the_same_currency() -> None:
    signed, two = Money(10_000, "USD"), Decimal(2)
    assert within_drift(signed, Money(10_200, "USD"), two)
    assert not within_drift(signed, Money(10_201, "USD"), two)
    assert within_drift(signed, Money(1, "USD"), two)
    assert not within_drift(signed, Money(10_000, "EUR"), two)


def test_rails_and_regions() -> None:
    assert rail_pays("wise", "EUR") and not rail_pays("wise", "XLM")
    assert rail_pays("stellar", "XLM") and not rail_pays("stellar", "EUR")
    assert not rail_pays("stellar", "USDC") and not rail_pays("wise", "USDC")
    mine = {"USDC": "G…", "EUR": "G…"}
    assert rail_pays("stellar", "USDC", stellar_codes=mine)
    assert rail_pays("stellar", "EUR", stellar_codes=mine)
    assert rail_pays("wise", "EUR", stellar_codes=mine)
    assert [region_of(one) for one in ("DE", "TR", "US", "")] == ["EU", "TR", "US", "OTHER"]
