"""Commissions at the console, the balance card, and the demonstration's queue."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from payouts.console.dashboard import review_cards
from payouts.models import Commission, PayoutRequest
from tests.conftest import truncate_triggers
from tests.payouts.commissions import make_commission
from tests.payouts.requests import OTTO, bring, make_payout
from tests.payouts_console.conftest import At
from transfers.console.dashboard import Card
from transfers.models import RailBalance
from transfers.services.read_balance import read_balance

LIST = "/admin/payouts/commission/"


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_every_step_from_its_page(at: At) -> None:
    ana = at("ana")
    make_payout(payee="affiliate", recipient=OTTO)
    commission = make_commission(payee="affiliate")
    page = f"{LIST}{commission.pk}/"
    assert commission.reference in text(ana.get(LIST)) and "Accrued" in text(ana.get(LIST))
    assert "Approve" in text(ana.get(f"{page}change/"))
    stale = ana.post(f"{page}approve/", {"version": "9"})
    assert stale.status_code == 409
    assert ana.post(f"{page}approve/", {"version": "1"}).status_code == 302
    shown = text(ana.get(f"{page}change/"))
    assert "1 approved commission" in shown and "DE•• •••• 3000" in shown
    assert ana.post(f"{page}void/", {"reason": ""}).status_code == 422
    asked = ana.post(f"{page}include/", {"commission": [str(commission.pk)]})
    payout = PayoutRequest.objects.latest("pk")
    assert asked["Location"] == f"/admin/payouts/payoutrequest/{payout.pk}/change/"
    paying = text(ana.get(asked["Location"]))
    assert "Pays 1 commission" in paying and commission.reference in paying
    again = ana.post(f"{page}include/", {"commission": [str(commission.pk)]})
    assert again.status_code == 409
    bring(payout, "paid")
    assert ana.post(f"{page}claw-back/", {"reason": "goods came back"}).status_code == 302
    shown = text(ana.get(f"{page}change/"))
    assert "Clawed back" in shown and "goods came back" in shown and f"#{payout.pk}" in shown
    late = ana.post(f"{page}claw-back/", {"reason": "again"})
    assert late.status_code == 422
    other = make_commission()
    assert at("otto", "operator").post(f"{LIST}{other.pk}/approve/").status_code == 403
    assert ana.post(f"{LIST}{other.pk}/void/", {"reason": "wrong"}).status_code == 302
    assert Commission.objects.get(pk=other.pk).status == "voided"
    assert ana.get(f"{LIST}999/change/").status_code == 404


def test_the_list_is_one_query_and_searched(at: At) -> None:
    ana = at("ana")
    for status in ("accrued", "paid", "voided"):
        make_commission(status)
    with CaptureQueriesContext(connection) as queries:
        page = text(ana.get(f"{LIST}?status=paid"))
    mine = [one["sql"] for one in queries.captured_queries if "payouts_commission" in one["sql"]]
    assert len(mine) == 1 and "COUNT(" not in mine[0].upper()
    assert page.count('class="row-link"') == 1
    assert text(ana.get(f"{LIST}?q=affiliate")).count('class="row-link"') == 3


def balance_card() -> Card | None:
    return next((card for card in review_cards() if card.title == "Wise balance"), None)


@pytest.mark.django_db(transaction=True)
def test_the_balance_is_read_by_a_task_and_says_how_old_it_is(settings: Settings) -> None:
    read_balance()
    assert balance_card() is None, "Wise is not configured here, so nobody asks"
    approved = make_payout("approved")
    RailBalance.objects.create(rail="wise", problem="connection refused")
    card = balance_card()
    assert card is not None and (card.figure, card.note) == ("not read", "connection refused")
    RailBalance.objects.update(amounts={"USD": 5_000}, read_at=approved.created_at, problem="")
    card = balance_card()
    assert card is not None
    assert (card.figure, card.tone) == ("$50.00", "grey")
    assert card.note.startswith("$0.00 approved, 1 without a price; read ")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payouts_payoutrequest DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE payouts_payoutrequest SET quote = %s",
            ['{"source_minor": 9000, "source_currency": "USD"}'],
        )
        cursor.execute("ALTER TABLE payouts_payoutrequest ENABLE TRIGGER USER")
        for table, trigger in truncate_triggers():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    card = balance_card()
    assert card is not None and card.tone == "red"
    assert card.note.startswith("$90.00 approved; read ")
    RailBalance.objects.update(problem="503")
    card = balance_card()
    assert card is not None and "Wise could not be asked: 503" in card.note


@pytest.mark.django_db
def test_the_demonstration_has_a_queue_and_is_seeded_once(
    settings: Settings, tmp_path: Path
) -> None:
    settings.DEBUG = True
    counts = []
    for _ in range(2):
        call_command("seed_demo", state=tmp_path / "state", stdout=io.StringIO())
        counts.append((PayoutRequest.objects.count(), Commission.objects.count()))
    assert counts[0] == counts[1] == (13, 2)
    regions = set(PayoutRequest.objects.values_list("region", flat=True))
    assert regions == {"EU", "TR", "GB", "US"}
    assert set(PayoutRequest.objects.values_list("status", flat=True)) == {"requested"}
