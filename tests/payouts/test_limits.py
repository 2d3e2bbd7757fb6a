"""The daily limit of a reviewer: what counts against it, at which rate, and nobody goes around it."""

import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from money import MAX_MINOR, Money
from payouts.errors import (
    ApprovalLimitExceeded,
)
from payouts.models import Approval, ApprovalLimit
from payouts.policy import base_minor
from payouts.services.approve_payout import approve_payout
from payouts.services.refresh_quote import refresh_quote
from payouts.services.set_payout_status import set_payout_status
from tests.payouts.around import AROUND, Way, last, nothing_moved, quoter
from tests.payouts.conftest import Caller
from tests.payouts.requests import (
    ANA,
    BEN,
    add_transfer,
    make_payout,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_limit(settings: Settings) -> None:
    """250 USD a day, 1 EUR = 1 USD, so that two payouts of 100 fit."""
    settings.APPROVAL_LIMIT = "250.00"
    settings.BASE_RATES = {"EUR": Decimal(1)}


def test_over_the_limit_is_refused_with_its_numbers(small_limit: None) -> None:
    for _ in range(2):
        approve_payout(payout_id=make_payout().pk, actor=BEN)
    payout = make_payout()
    with pytest.raises(ApprovalLimitExceeded) as refusal:
        approve_payout(payout_id=payout.pk, actor=BEN)
    numbers = {"limit": "250.00", "used": "200.00", "remaining": "50.00", "asked": "100.00"}
    assert refusal.value.extra == {**numbers, "base_currency": "USD"}
    entry = last(payout)
    assert (entry.outcome, entry.reason) == ("denied", "approval_limit_exceeded")
    assert numbers.items() <= entry.snapshot.items()
    nothing_moved(payout)
    assert approve_payout(payout_id=payout.pk, actor=ANA).status == "approved"


def test_exactly_the_limit_fits(small_limit: None, settings: Settings) -> None:
    settings.APPROVAL_LIMIT = "200.00"
    for _ in range(2):
        approve_payout(payout_id=make_payout().pk, actor=BEN)
    with pytest.raises(ApprovalLimitExceeded):
        approve_payout(payout_id=make_payout(amount=Money(1, "EUR")).pk, actor=BEN)


def test_over_the_limit_in_the_api(small_limit: None, ben: Caller) -> None:
    payout = make_payout(amount=Money(25_001, "EUR"))
    answer = ben.post(f"payouts/{payout.pk}/approve")
    assert (answer.status_code, answer.json()["code"]) == (403, "approval_limit_exceeded")
    assert answer.json()["remaining"] == "250.00"


@AROUND
def test_over_the_limit_around_the_door(small_limit: None, way: Way) -> None:
    approve_payout(payout_id=make_payout().pk, actor=BEN)
    approve_payout(payout_id=make_payout().pk, actor=BEN)
    payout = make_payout()
    with pytest.raises(IntegrityError, match="20000 used of 25000"), transaction.atomic():
        way(payout.pk, BEN.user_id or 0, "ben")
    nothing_moved(payout)
    way(payout.pk, ANA.user_id or 0, "ana")
    assert Approval.objects.get(payout=payout).base_minor == 10_000
    add_transfer(payout)


@AROUND
def test_before_anybody_knows_a_limit_sql_approves_nothing(way: Way) -> None:
    payout = make_payout()
    assert not ApprovalLimit.objects.exists()
    with pytest.raises(IntegrityError, match="used of"), transaction.atomic():
        way(payout.pk, 9003, "ben")


def test_a_cancelled_approval_still_counts(small_limit: None) -> None:
    for _ in range(2):
        payout = make_payout()
        approve_payout(payout_id=payout.pk, actor=BEN)
        set_payout_status(payout_id=payout.pk, status="cancelled", actor=ANA)
    with pytest.raises(ApprovalLimitExceeded):
        approve_payout(payout_id=make_payout().pk, actor=BEN)


def test_what_is_older_than_a_day_does_not_count(small_limit: None) -> None:
    payout = make_payout()
    Approval.objects.create(
        payout=payout,
        reviewer_id=BEN.user_id or 0,
        base_minor=25_000,
        at=timezone.now() - datetime.timedelta(hours=24, seconds=1),
    )
    assert approve_payout(payout_id=payout.pk, actor=BEN).status == "approved"


def test_what_nobody_can_convert_is_not_approved(settings: Settings) -> None:
    settings.BASE_RATES = {}
    payout = make_payout()
    with pytest.raises(ApprovalLimitExceeded, match="no rate"):
        approve_payout(payout_id=payout.pk, actor=BEN)
    nothing_moved(payout)


def test_the_quote_counts_before_the_rates(small_limit: None) -> None:
    payout = make_payout()
    refresh_quote(payout_id=payout.pk, quoter=quoter("251.00"))
    with pytest.raises(ApprovalLimitExceeded, match=r"251\.00 USD"):
        approve_payout(payout_id=payout.pk, actor=BEN)


def test_an_approval_in_the_ledger_is_never_changed() -> None:
    make_payout("approved")
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        Approval.objects.update(base_minor=0)
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        Approval.objects.all().delete()


def test_what_counts_against_a_limit_is_rounded_up() -> None:
    rates = {"EUR": Decimal("1.001"), "JPY": Decimal("0.007"), "XLM": Decimal("0.1")}
    assert base_minor(Money(1, "EUR"), None, base="USD", rates=rates) == 2
    assert base_minor(Money(1000, "JPY"), None, base="USD", rates=rates) == 700
    assert base_minor(Money(10_000_000, "XLM"), None, base="USD", rates=rates) == 10
    assert base_minor(Money(5, "USD"), None, base="USD", rates={}) == 5
    assert base_minor(Money(5, "GBP"), None, base="USD", rates=rates) is None
    assert base_minor(Money(MAX_MINOR, "EUR"), None, base="USD", rates=rates) is None
    quote = {"source_minor": 777, "source_currency": "USD"}
    assert base_minor(Money(5, "GBP"), quote, base="USD", rates={}) == 777
