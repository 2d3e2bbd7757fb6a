"""Lists as files: what the list shows, safe in a spreadsheet, page by page, written down, for whoever may see them."""

import csv
import io
import tracemalloc
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from audit.actor import Actor
from audit.models import Entry
from audit.record import Note, record
from tests.console.conftest import Open
from tests.console.test_lists import many
from tests.factories import ALICE, make_booking
from tests.payouts.requests import IBAN, make_payout
from transfers.console import export
from transfers.models import Booking
from transfers.services.pay_crew import pay_crew

BOOKINGS = "/admin/transfers/booking/export/"
FILES = {
    "bookings": BOOKINGS,
    "transfers": "/admin/transfers/transfer/export/",
    "payouts": "/admin/payouts/payoutrequest/export/?status=any",
    "audit": "/admin/audit/entry/export/",
}
FORMULAS = ['=HYPERLINK("http://x")', "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1"]


def fetched(client: Client, address: str) -> list[dict[str, str]]:
    """The rows of the file, read to its end."""
    answer: Any = client.post(address)
    assert answer.status_code == 200, answer.content[:500]
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.streaming
    text = b"".join(answer.streaming_content).decode()
    answer.close()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:])))


def test_every_list_is_a_file_and_each_is_written_down(at: Open) -> None:
    booking = make_booking("acct_1a", "acct_1b", reference="BK-EXPORT")
    pay_crew(reference=booking.reference, actor=ALICE)
    payout = make_payout("paid")
    client = at("auditor")
    found = {name: fetched(client, address) for name, address in FILES.items()}
    assert [row["reference"] for row in found["bookings"]] == ["BK-EXPORT"]
    assert found["bookings"][0]["total"] == booking.total.format()
    assert {row["source_type"] for row in found["transfers"]} == {"booking", "payout"}
    assert found["payouts"][0]["paid_into"] == payout.recipient.masked
    assert found["payouts"][0]["amount"] == "100.00"
    assert {row["action"] for row in found["audit"]} >= {"transfer.pending", "payout.paid"}
    assert IBAN not in str(found)
    noted = Entry.objects.filter(action__startswith="export.").values_list("action", "actor_name")
    assert set(noted) == {(f"export.{name}", "the-auditor") for name in FILES}


def test_the_file_has_the_lists_filters_and_search(at: Open) -> None:
    booking = make_booking("acct_1a", reference="BK-1")
    make_booking("acct_1b", reference="XX-2")
    pay_crew(reference=booking.reference, actor=ALICE)
    client = at("operator")
    assert [row["reference"] for row in fetched(client, f"{BOOKINGS}?payment_state=unpaid")] == [
        "XX-2"
    ]
    assert [row["reference"] for row in fetched(client, f"{BOOKINGS}?q=BK")] == ["BK-1"]
    entry = Entry.objects.filter(action="export.bookings").latest("id")
    assert entry.snapshot == {"filters": {"q": ["BK"]}}
    assert client.post(f"{BOOKINGS}?nonsense__x=1").status_code == 400
    page = client.get(
        "/admin/transfers/booking/?payment_state=unpaid&older=999999"
    ).content.decode()
    assert f'action="{BOOKINGS}?payment_state=unpaid"' in page


@pytest.mark.parametrize("text", FORMULAS)
def test_a_spreadsheet_runs_nothing(text: str, at: Open) -> None:
    assert export.cell(text).startswith("'")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO transfers_booking (reference, customer_name, status, version, currency,"
            " crew_count, total_minor) VALUES ('BK-F', %s, 'scheduled', 1, 'USD', 2, 90000)",
            [text],
        )
    (row,) = fetched(at("operator"), BOOKINGS)
    assert row["customer_name"].startswith("'")
    assert row["customer_name"][1:].strip("\r\n\t ") == text.strip("\r\n\t ")


def test_bank_details_that_somebody_typed_are_masked(at: Open) -> None:
    somebody = Actor("user", "ana", user_id=1)
    record(Note("payout:1", "payout.noted", somebody, reason=f"send it to {IBAN} instead"))
    payout = make_payout("rejected")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE payouts_payoutrequest SET reason = %s WHERE id = %s",
            [f"wrong {IBAN}, account 28821822", payout.pk],
        )
    client = at("auditor")
    for name in ("audit", "payouts"):
        text = str(fetched(client, FILES[name]))
        assert IBAN not in text
        assert "28821822" not in text


def test_only_a_post_of_somebody_who_may(at: Open, settings: Settings) -> None:
    assert at("operator").get(BOOKINGS).status_code == 405
    assert Client().post(BOOKINGS).status_code == 302
    assert at("integrator").post(BOOKINGS).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = at("operator").cookies
    assert strict.post(BOOKINGS).status_code == 403


def test_a_large_list_takes_little_memory_and_no_transaction_waits_for_its_reader(at: Open) -> None:
    many(12_500)
    client = at("operator")
    fetched(client, f"{BOOKINGS}?q=BK-9999")
    tracemalloc.start()
    with CaptureQueriesContext(connection) as queries:
        answer: Any = client.post(BOOKINGS)
        pieces = iter(answer.streaming_content)
        size = len(next(pieces)) + len(next(pieces))
        # The first page is on its way to a slow reader: this process holds nothing.
        assert connection.connection is None
        size += sum(len(piece) for piece in pieces)
        answer.close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    pages = [one["sql"] for one in queries if 'FROM "transfers_booking"' in one["sql"]]
    assert len(pages) == 1 + 13  # the list's own look at its filters, then 1,000 rows each
    assert not any("OFFSET" in one or "COUNT(" in one for one in pages)
    assert size > 900_000
    assert peak < 12_000_000
    assert Booking.objects.count() == 12_500


def test_a_few_at_a_time_and_a_reader_that_leaves_gives_its_place_back(at: Open) -> None:
    many(10)
    client = at("operator")
    held: list[Any] = [client.post(BOOKINGS) for _ in range(export.MOST_AT_ONCE)]
    for answer in held[:1]:
        next(iter(answer.streaming_content))
    refused = client.post(BOOKINGS)
    assert (refused.status_code, refused["Retry-After"]) == (503, "30")
    for answer in held:
        answer.close()
    assert len(fetched(client, BOOKINGS)) == 10
