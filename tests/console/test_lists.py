"""Lists: one query on their table a page however many rows, no count, no DISTINCT, first or deep."""

import html
import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Entry
from tests.console.conftest import Open
from tests.factories import ALICE, make_booking
from transfers.models import Booking, Transfer
from transfers.services.pay_crew import pay_crew

BOOKINGS = "/admin/transfers/booking/"
TRANSFERS = "/admin/transfers/transfer/"


def many(count: int) -> None:
    """Bookings without a crew, straight into the table: only the list is looked at."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO transfers_booking (reference, customer_name, status, version, currency, crew_count,"
            " total_minor) SELECT 'BK-' || n, 'Customer ' || n, 'scheduled', 1, 'USD', 2, 90000"
            " FROM generate_series(1, %s) AS n",
            [count],
        )


def references(page: str) -> list[str]:
    return re.findall(r'<strong class="mono">([^<]+)</strong>', page)


@pytest.mark.parametrize("count", [10, 400])
def test_a_page_of_bookings_is_one_narrow_query(at: Open, count: int) -> None:
    many(count)
    client = at("operator")
    with CaptureQueriesContext(connection) as queries:
        page = client.get(BOOKINGS).content.decode()
    statements = [one["sql"] for one in queries.captured_queries]
    mine = [one for one in statements if "transfers_booking" in one]
    assert len(mine) == 1
    assert "LIMIT 51" in mine[0] and "OFFSET" not in mine[0]
    assert not [one for one in statements if "COUNT(" in one.upper() or "DISTINCT" in one.upper()]
    assert len(statements) <= 6, "the others are the session and questions about roles"
    assert len(references(page)) == min(count, 50)


def test_walking_to_the_end_and_back_shows_each_once(at: Open) -> None:
    many(130)
    client = at("operator")
    page = client.get(BOOKINGS).content.decode()
    walked = [references(page)]
    while older := re.search(r'rel="next"\s+href="([^"]+)"', page):
        page = client.get(BOOKINGS + older[1].replace("&amp;", "&")).content.decode()
        walked.append(references(page))
    flat = [one for part in walked for one in part]
    assert [len(part) for part in walked] == [50, 50, 30]
    assert flat == [f"BK-{n}" for n in range(130, 0, -1)]
    back = re.search(r'rel="prev"\s+href="([^"]+)"', page)
    assert back
    page = client.get(BOOKINGS + back[1].replace("&amp;", "&")).content.decode()
    assert references(page) == walked[1]


def test_filters_use_the_column_and_start_at_the_first_page(at: Open) -> None:
    many(60)
    booking = make_booking("acct_1a", reference="MOVING-1")
    pay_crew(reference=booking.reference, actor=ALICE)
    client = at("operator")
    page = client.get(
        BOOKINGS, {"payment_state": "processing", "older": "99999999"}
    ).content.decode()
    assert references(page) == ["MOVING-1"]
    assert 'aria-current="true">Processing' in page
    assert not re.search(r'class="pill"[^>]*older', page)
    nothing = client.get(BOOKINGS, {"payment_state": "attention"}).content.decode()
    assert "Nothing matches" in nothing
    assert len(references(client.get(BOOKINGS, {"payment_state": "junk"}).content.decode())) == 50


@pytest.mark.parametrize("term", ["bk-7", "customer 7", "BK-7", " BK-7 "])
def test_search_by_how_reference_or_customer_begins(at: Open, term: str) -> None:
    many(60)
    assert references(at("operator").get(BOOKINGS, {"q": term}).content.decode()) == ["BK-7"]


def test_moving_rows_are_followed_and_settled_ones_are_not(at: Open) -> None:
    many(3)
    client = at("operator")
    assert "booking/live/" not in client.get(BOOKINGS).content.decode()
    booking = make_booking("acct_1a", reference="MOVING-1")
    pay_crew(reference=booking.reference, actor=ALICE)
    assert f"booking/live/?ids={booking.pk}" in client.get(BOOKINGS).content.decode()
    page = client.get(f"{BOOKINGS}live/", {"ids": f"{booking.pk},x"}).content.decode()
    assert f'id="booking-state-{booking.pk}"' in page and "Processing" in page


def test_transfers_are_found_by_person_booking_reference_and_id(at: Open, paid: Booking) -> None:
    client = at("auditor")
    transfer = Transfer.objects.order_by("id")[0]
    for term in (
        transfer.rail_reference,
        str(transfer.pk),
        paid.reference,
        transfer.payee_name[:5],
    ):
        page = client.get(TRANSFERS, {"q": term}).content.decode()
        assert transfer.rail_reference in page, term
    assert "Nothing matches" in client.get(TRANSFERS, {"q": "tr_nothing"}).content.decode()


def test_unknown_outcomes_are_a_filter_of_their_own(at: Open, unknown: Booking) -> None:
    page = at("auditor").get(TRANSFERS, {"status": "unknown"}).content.decode()
    assert page.count("chip-unknown") == 1


def test_the_audit_log_is_filtered_by_outcome_and_subject(at: Open, failed: Booking) -> None:
    client = at("auditor")
    transfer = Transfer.objects.get(status="failed")
    page = client.get("/admin/audit/entry/", {"q": f"transfer:{transfer.pk}"}).content.decode()
    mine = Entry.objects.filter(subject=f"transfer:{transfer.pk}").count()
    assert page.count('class="data-row') == mine
    assert (
        "Nothing matches"
        in client.get("/admin/audit/entry/", {"outcome": "denied"}).content.decode()
    )


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (BOOKINGS, "No bookings yet"),
        (TRANSFERS, "No transfers yet"),
        ("/admin/transfers/finding/", "No findings"),
        ("/admin/transfers/railevent/", "No rail events yet"),
        ("/admin/audit/seal/", "Not sealed yet"),
        ("/admin/", "No bookings yet"),
    ],
)
def test_empty_lists_say_what_to_do_next(at: Open, page: str, words: str) -> None:
    assert words in at("super_admin").get(page).content.decode()


def test_every_choice_of_every_filter_is_a_page(at: Open) -> None:
    client = at("super_admin")
    tried = 0
    for model in admin.site._registry:
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        page = client.get(address)
        if page.status_code == 403:
            continue
        assert page.status_code == 200, address
        for choice in re.findall(r'href="([^"]*)"\s+class="pill"', page.content.decode()):
            shown = client.get(f"{address}{html.unescape(choice)}")
            assert shown.status_code == 200, f"{address}{choice}"
            tried += 1
    assert tried > 50
