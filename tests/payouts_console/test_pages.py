"""The request's page in every status, its timeline, the overview's cards, and no inline script anywhere."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from payouts.models import PayoutStatus
from payouts.services.approve_payout import approve_payout
from payouts.services.reject_payout import reject_payout
from tests.payouts.requests import ANA, BEN, STATUSES, bring, make_payout, move_transfer
from tests.payouts_console.conftest import QUEUE, At

INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE)
HANDLER = re.compile(r"<[^>]*\son[a-z]+\s*=\s*[\"'](?!\")", re.IGNORECASE)


@pytest.mark.parametrize("status", STATUSES)
def test_the_page_in_every_status(at: At, status: str) -> None:
    payout = make_payout(status)
    answer = at("ana").get(f"{QUEUE}{payout.pk}/change/")
    page = answer.content.decode()
    assert answer.status_code == 200
    label = "Waiting" if status == "requested" else PayoutStatus(status).label
    assert f"</span>{label}</span>" in page
    assert ("approve-form" in page) == (status == "requested")
    assert ("Cancel it" in page) == (status == "approved")
    assert ("Back into the queue" in page) == (status in ("failed", "cancelled"))
    assert ("Reissue…" in page) == (status in ("failed", "cancelled", "rejected"))


def test_the_story_names_the_loser_too(at: At) -> None:
    payout = make_payout()
    approve_payout(payout_id=payout.pk, actor=ANA, reason="fine")
    with pytest.raises(Exception, match="approved by ana"):
        reject_payout(payout_id=payout.pk, actor=BEN, reason="no")
    page = at("ana").get(f"{QUEUE}{payout.pk}/change/").content.decode()
    told = re.findall(
        r"<strong>([^<]+)</strong>", page.split('class="timeline"')[1].split("</ol>")[0]
    )
    assert told == ["Asked for", "Approved", "Asked for", "Reject"]
    assert "user ben" in page and "Signed" in page


def test_money_that_came_back_is_said_with_its_amount(at: At) -> None:
    payout = bring(make_payout(), "paid")
    move_transfer(payout.pk, "reversed", reversed_minor=6_000)
    page = at("ana").get(f"{QUEUE}{payout.pk}/change/").content.decode()
    assert "€60.00 of €100.00 came back" in page
    assert "Returned short" in page


def test_no_inline_script_and_no_handler(at: At) -> None:
    payout, dead = make_payout(), make_payout("failed")
    client = at("ana")
    addresses = ["/admin/", QUEUE, f"{QUEUE}{payout.pk}/change/", f"{QUEUE}{payout.pk}/review/",
                 f"{QUEUE}{dead.pk}/reissue/", f"{QUEUE}live/?ids={payout.pk}", f"{QUEUE}changes/?since=1"]  # fmt: skip
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        html = answer.content.decode()
        assert not INLINE_SCRIPT.findall(html), address
        assert not HANDLER.findall(html), address
        policy = answer.headers["Content-Security-Policy"]
        script = next(part for part in policy.split(";") if part.strip().startswith("script-src"))
        assert "'unsafe-inline'" not in script


def test_strange_addresses_are_not_found(at: At) -> None:
    client = at("ana")
    for rest in (
        "999999/change/",
        "999999999999999999999999/change/",
        "x/change/",
        "999999/review/",
    ):
        assert client.get(f"{QUEUE}{rest}").status_code == 404, rest
    assert client.post(f"{QUEUE}999999/approve/").status_code == 404


def figures(page: str) -> dict[str, str]:
    cards = page.split('class="cards cards-four"')[1]
    return dict(
        re.findall(
            r'class="figure-title"><span[^>]*>[^<]*</span>([^<]+)</span>\s*'
            r'<strong class="figure-value">([^<]+)<',
            cards,
        )
    )


def test_the_cards_of_the_overview(at: At) -> None:
    client = at("ana")
    make_payout()
    approved = make_payout("approved")
    with pytest.raises(Exception, match="approved by ana"):
        reject_payout(payout_id=approved.pk, actor=BEN, reason="no")
    make_payout("rejected")
    unknown = bring(make_payout(), "processing")
    move_transfer_unknown(unknown.pk)
    back = bring(make_payout(), "paid")
    move_transfer(back.pk, "reversed", reversed_minor=10_000)
    act = client.post(f"{QUEUE}{approved.pk}/cancel/", {"reason": "x", "expected_status": "paid"})
    assert act.status_code == 422
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/admin/").content.decode()
    found = figures(page)
    assert found.pop("Oldest").endswith(" s")
    assert found == {
        "Waiting": "1",
        "Decided today": "3 / 1",
        "Lost races": "1",
        "Refused steps": "1",
        "Unknown": "1",
        "Returns": "1",
    }
    statements = [one["sql"] for one in queries.captured_queries]
    assert len(statements) < 30
    assert sum("auth_user_groups" in one for one in statements) <= 2


def move_transfer_unknown(payout_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE transfers_transfer SET outcome_unknown = true WHERE source_type = 'payout' AND source_id = %s",
            [payout_id],
        )


def test_an_unknown_outcome_is_said_before_the_status(at: At) -> None:
    payout = bring(make_payout(), "processing")
    move_transfer_unknown(payout.pk)
    page = at("ana").get(f"{QUEUE}{payout.pk}/change/").content.decode()
    assert "Nobody knows yet" in page and "chip-unknown" in page
