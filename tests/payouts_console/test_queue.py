"""The list: pinned query counts however many requests, filters, search, paging from the old end, flags, live parts."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from payouts.models import PayoutRequest
from payouts.selectors import facts_of, get_payout
from payouts.services.claim_payout import claim_payout
from payouts.services.reject_payout import reject_payout
from tests.payouts.requests import ANA, BEN, OTTO, make_payout
from tests.payouts_console.conftest import QUEUE, At
from tests.payouts_console.scenes import morning
from transfers.models import Transfer

# Session, person, their regions and all there are, the page, four for what is around it, the room, the newest.
PAGE_QUERIES = 11
LIVE_QUERIES = 10


def many(count: int) -> None:
    """Waiting requests of one payee, straight into the table: only the list is looked at."""
    first = make_payout(payee="bulk")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payouts_payoutrequest (payee_id, recipient_id, amount_minor, currency, rail, region, status,"
            " version, created_by, reviewed_by, reason, approval_fingerprint, claimed_by, base_minor)"
            " SELECT payee_id, recipient_id, 10000 + n, currency, rail,"
            " CASE WHEN n %% 2 = 0 THEN 'EU' ELSE 'TR' END, 'requested', 1, 'shop', '', '', '', '', 11500 * n"
            " FROM payouts_payoutrequest, generate_series(1, %s) AS n WHERE id = %s",
            [count - 1, first.pk],
        )


def ids(page: str) -> list[int]:
    return [
        int(one) for one in re.findall(r'data-review="/admin/payouts/payoutrequest/(\d+)/', page)
    ]


def apart_from_roles(queries: CaptureQueriesContext) -> list[str]:
    """The sidebar and the page ask for the roles twice at most, whatever they show."""
    statements = [one["sql"] for one in queries.captured_queries]
    about_roles = [one for one in statements if "auth_user_groups" in one]
    assert len(about_roles) <= 2, "\n".join(statements)
    return [one for one in statements if one not in about_roles]


def get(client: Any, query: str = "") -> str:
    answer = client.get(f"{QUEUE}{query}")
    assert answer.status_code == 200, answer.content[:500]
    return str(answer.content.decode())


@pytest.mark.parametrize("count", [3, 300])
def test_a_page_costs_the_same_queries_however_many_wait(at: At, count: int) -> None:
    many(count)
    client = at("ana")
    with CaptureQueriesContext(connection) as queries:
        page = get(client)
    statements = apart_from_roles(queries)
    assert len(ids(page)) == min(count, 50)
    assert len(statements) == PAGE_QUERIES, "\n".join(statements)
    assert not [one for one in statements if "OFFSET" in one or "SELECT COUNT(" in one.upper()]


@pytest.mark.parametrize("count", [3, 50])
def test_a_look_at_the_live_parts_is_pinned_as_well(at: At, count: int) -> None:
    many(count)
    client = at("ana")
    shown = ",".join(str(one) for one in ids(get(client)))
    with CaptureQueriesContext(connection) as queries:
        page = client.get(f"{QUEUE}live/", {"ids": shown, "newest": "1"}).content.decode()
    assert page.count('id="payout-state-') == count
    statements = apart_from_roles(queries)
    assert len(statements) == LIVE_QUERIES, "\n".join(statements)


def test_who_waits_longest_comes_first_and_paging_shows_each_once(at: At) -> None:
    many(120)
    client = at("ana")
    page = get(client)
    walked = [ids(page)]
    while found := re.search(r'rel="next"\s+href="([^"]+)"', page):
        page = get(client, found[1].replace("&amp;", "&"))
        walked.append(ids(page))
    flat = [one for part in walked for one in part]
    assert [len(part) for part in walked] == [50, 50, 20]
    assert flat == sorted(flat) and len(set(flat)) == 120
    back = re.search(r'rel="prev"\s+href="([^"]+)"', page)
    assert back
    assert ids(get(client, back[1].replace("&amp;", "&"))) == walked[1]


def test_decided_ones_are_newest_first(at: At) -> None:
    many(5)
    client = at("ana")
    assert ids(get(client, "?status=any")) == sorted(ids(get(client)), reverse=True)


def test_filters(at: At) -> None:
    many(40)
    first = PayoutRequest.objects.earliest("pk")
    reject_payout(payout_id=first.pk, actor=BEN, reason="no")
    client = at("ana")
    assert len(ids(get(client, "?region=TR"))) == 20
    assert first.pk not in ids(get(client))
    assert ids(get(client, "?status=rejected")) == [first.pk]
    assert ids(get(client, "?status=any&reviewer=ben")) == [first.pk]
    assert ids(get(client, "?status=any&reviewer=ana")) == []
    assert len(ids(get(client, "?amount=1000"))) == 31, "those of 1,035 USD and more"
    assert ids(get(client, "?age=1d")) == []
    PayoutRequest.objects.filter(pk__gt=first.pk).update(created_at="2026-01-01T00:00Z")
    assert len(ids(get(client, "?age=1d"))) == 39


def test_filters_that_make_no_sense_filter_nothing(at: At) -> None:
    many(3)
    assert len(ids(get(at("ana"), "?status=junk&age=junk&amount=junk&older=junk"))) == 3


@pytest.mark.parametrize("term", ["seller-33", "emre", " Emre D", "SELLER-3310"])
def test_search(at: At, term: str) -> None:
    scene = morning()
    assert ids(get(at("ana"), f"?q={term}")) == [scene["emre"].pk]
    assert ids(get(at("ana"), f"?q={scene['owen'].pk}")) == [scene["owen"].pk]


def flags(page: str, payout: PayoutRequest) -> set[str]:
    row = next(one for one in page.split("<tr") if f"/{payout.pk}/review/" in one)
    return set(re.findall(r'class="flag[^>]*><span[^>]*>[^<]*</span>([^<]+)<', row))


def test_flags_say_what_must_not_be_overlooked(at: At) -> None:
    scene = morning()
    page = get(at("ana"))
    assert flags(page, scene["lena"]) == {"Details changed", "4 times the usual"}
    assert flags(page, scene["marc"]) == {"Same account elsewhere", "First payout"}
    assert flags(page, scene["twin"]) == {"Same account elsewhere", "First payout"}
    assert flags(page, scene["jana"]) == {"KYC not checked", "First payout"}
    oldest = PayoutRequest.objects.earliest("pk")
    assert "Newer details exist" in flags(page, oldest)
    usual = PayoutRequest.objects.order_by("pk")[2]
    assert "times the usual" not in " ".join(flags(page, usual))


def test_no_full_account_is_on_any_page(at: At) -> None:
    scene = morning()
    client = at("ana")
    page = get(client) + client.get(f"{QUEUE}{scene['marc'].pk}/change/").content.decode()
    assert "FR•• •••• 2606" in page
    assert "20041010050500013" not in page and "4001 2004" not in page


def test_ones_own_request_is_marked(at: At) -> None:
    client = at("mia")
    mia = type(ANA)("user", "mia", user_id=client.get(QUEUE).wsgi_request.user.pk)
    own = make_payout(maker=mia)
    assert "Yours" in flags(get(client), own)
    assert "Yours" not in flags(get(at("ana")), own)


def test_the_queue_signs_what_the_services_check(at: At) -> None:
    scene = morning()
    page = " ".join(get(at("ana")).split())
    for payout in (*scene.values(), PayoutRequest.objects.earliest("pk")):
        expected = facts_of(
            PayoutRequest.objects.select_related("payee", "recipient").get(pk=payout.pk)
        )
        assert f'name="seen-{payout.pk}" value="{expected.fingerprint()}"' in page


def test_others_claims_and_decisions_arrive_by_themselves(at: At) -> None:
    one, two = make_payout(), make_payout(payee="other")
    client = at("ana")
    newest = two.pk
    claim_payout(payout_id=one.pk, actor=BEN)
    reject_payout(payout_id=two.pk, actor=BEN, reason="no")
    make_payout(payee="third")
    page = client.get(
        f"{QUEUE}live/", {"ids": f"{one.pk},{two.pk},x", "newest": str(newest)}
    ).content.decode()
    assert "being reviewed by ben" in page
    assert 'data-status="rejected"' in page
    assert "1 new request</strong>" in page


def test_a_claim_is_posted_and_says_who_else_is_looking(at: At) -> None:
    payout = make_payout()
    ana, ben = at("ana"), at("ben")
    assert "looking at this too" not in ana.post(f"{QUEUE}{payout.pk}/claim/").content.decode()
    assert get_payout(payout.pk).claimed_by == "ana"
    assert (
        "<strong>ana</strong> is looking" in ben.post(f"{QUEUE}{payout.pk}/claim/").content.decode()
    )
    assert get_payout(payout.pk).claimed_by == "ana"
    assert ana.post(f"{QUEUE}{payout.pk}/release/").status_code == 204
    assert get_payout(payout.pk).claimed_by == ""
    assert ben.post(f"{QUEUE}999999/claim/").status_code == 404
    assert at("otto", "operator").post(f"{QUEUE}{payout.pk}/claim/").status_code == 403


def test_what_changed_since_the_last_look(at: At) -> None:
    client = at("ana")
    payout = make_payout()
    first = client.get(f"{QUEUE}changes/").content.decode()
    found = re.search(r'data-last="(\d+)"', first)
    assert found and "Since you last looked" not in first
    reject_payout(payout_id=payout.pk, actor=BEN, reason="no")
    make_payout(payee="new", recipient=OTTO)
    page = client.get(f"{QUEUE}changes/", {"since": found[1]}).content.decode()
    assert "1 new, 0 approved and 1 rejected by others" in page
    assert "rejected by ben" in page


def test_the_room_left_is_in_the_header(at: At, settings: Settings) -> None:
    settings.APPROVAL_LIMIT = "500.00"
    payout = make_payout()
    client = at("ana")
    assert "$500.00</strong>" in get(client)
    client.post(f"{QUEUE}{payout.pk}/approve/", {"seen": facts_of(payout).fingerprint()})
    assert Transfer.objects.count() == 1
    assert "$385.00</strong>" in get(client), "100 EUR count 115 USD"
    assert "may look and not decide" in get(at("ada", "auditor"))


def test_a_queue_of_nothing_says_so(at: At) -> None:
    assert "The queue is empty" in get(at("ana"))
