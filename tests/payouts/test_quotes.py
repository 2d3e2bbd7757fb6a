"""A payout's numbers: pulled for the reviewer, signed with the approval, refreshed while they are due."""

import datetime

import pytest
from django.utils import timezone

from audit.models import Entry
from money import Money
from payouts.models import PayoutRequest
from payouts.quotes import Quote, QuoteUnavailable, register_quoter
from payouts.services.refresh_quote import refresh_quote
from payouts.tasks import refresh_quotes
from tests.payouts.conftest import Caller
from tests.payouts.requests import (
    BEN,
    make_payout,
)

pytestmark = pytest.mark.django_db


# --- Quotes -------------------------------------------------------------------------------------------


def _quote(payout: PayoutRequest) -> Quote:
    expires = timezone.now() + datetime.timedelta(minutes=30)
    return Quote("0.869565", Money(123, "USD"), Money(11_623, "USD"), expires, "quote-1")


def test_numbers_are_pulled_shown_and_signed(ana: Caller) -> None:
    payout = make_payout()
    refresh_quote(payout_id=payout.pk, quoter=_quote)
    shown = ana.get(f"payouts/{payout.pk}").json()
    assert shown["version"] == 2
    assert shown["quote"]["expires_at"].endswith("Z")
    del shown["quote"]["expires_at"]
    assert shown["quote"] == {
        "rate": "0.869565",
        "fee": "1.23",
        "source_amount": "116.23",
        "source_currency": "USD",
    }
    ana.post(f"payouts/{payout.pk}/approve")
    entry = Entry.objects.filter(subject=f"payout:{payout.pk}").latest("seq")
    assert entry.snapshot["quote"]["source_minor"] == 11_623
    assert entry.snapshot["base_minor"] == 11_623


def test_a_quote_of_after_the_decision_changes_nothing() -> None:
    payout = make_payout()

    def decides_meanwhile(asked: PayoutRequest) -> Quote:
        from payouts.services.approve_payout import approve_payout  # noqa: PLC0415

        approve_payout(payout_id=asked.pk, actor=BEN)
        return _quote(asked)

    after = refresh_quote(payout_id=payout.pk, quoter=decides_meanwhile)
    assert (after.status, after.quote) == ("approved", None)
    assert refresh_quote(payout_id=payout.pk, quoter=_quote).quote is None


def test_due_quotes_are_refreshed_and_one_failure_spoils_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("payouts.quotes._quoters", {})
    asked: list[int] = []

    def quoter(payout: PayoutRequest) -> Quote:
        asked.append(payout.pk)
        if len(asked) == 1:
            raise QuoteUnavailable("503")
        if len(asked) == 2:
            raise RuntimeError("a bug")
        return _quote(payout)

    register_quoter("wise", quoter)
    payouts = [make_payout() for _ in range(3)]
    refresh_quotes()
    assert sorted(asked) == [one.pk for one in payouts]
    quoted = [PayoutRequest.objects.get(pk=pk).quote is not None for pk in asked]
    assert quoted == [False, False, True]
    refresh_quotes()
    assert asked[3:] == [asked[1]]  # the unreachable one waits, the quoted one is fresh
