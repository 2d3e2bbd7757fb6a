"""Bookings over HTTP: what is written down, what is refused, how lists are read."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from audit.models import Entry
from tests.factories import make_booking
from tests.transfers_api.conftest import Caller, booking_body, code_of, faults_of, person
from transfers.models import Booking, CrewMember, TransferStatus

pytestmark = pytest.mark.django_db


def test_a_booking_is_written_down_with_its_crew(api: Caller) -> None:
    response = api.post(
        "bookings", booking_body("BK 1é~'", person(501, amount="450"), person("u2", amount="0.01"))
    )
    assert response.status_code == 201
    assert response["ETag"] == '"1"'
    made = response.json()
    assert made["reference"] == "BK 1é~'"
    assert made["total_amount"] == "450.01"
    assert [one["user_id"] for one in made["crew"]] == ["501", "u2"]
    assert [one["amount"] for one in made["crew"]] == ["450.00", "0.01"]
    assert made["crew"][0]["transfer"] is None
    assert made["is_paid"] is False
    assert made["created_at"].endswith("Z")
    assert made["payment_summary"] == {
        "state": "unpaid",
        "total": "450.01",
        "paid": "0.00",
        "remaining": "450.01",
        "currency": "USD",
        "counts": {
            "pending": 2,
            "processing": 0,
            "success": 0,
            "failed": 0,
            "outcome_unknown": 0,
            "undone": 0,
        },
    }
    read = api.get(response["Location"].removeprefix("/api/v1/"))
    assert read.json() == made
    assert read["ETag"] == '"1"'
    assert Entry.objects.filter(action="booking.created", actor_kind="token").count() == 1


def test_a_reference_is_used_once(api: Caller) -> None:
    assert api.post("bookings", booking_body("BK-1")).status_code == 201
    again = api.post("bookings", booking_body("BK-1", person("other")))
    assert code_of(again) == (409, "booking_exists")
    assert Booking.objects.count() == 1
    assert CrewMember.objects.count() == 2


def test_the_same_key_creates_one_booking(api: Caller) -> None:
    first = api.post("bookings", booking_body("BK-1"), idempotency_key="k")
    again = api.post("bookings", booking_body("BK-1"), idempotency_key="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"
    assert again["ETag"] == first["ETag"]
    other = api.post("bookings", booking_body("BK-2"), idempotency_key="k")
    assert code_of(other) == (422, "idempotency_key_reused")


def test_a_refused_booking_may_be_sent_again_with_its_key(api: Caller) -> None:
    body = booking_body("BK-1", person("u1", amount="-1"))
    assert api.post("bookings", body, idempotency_key="k").status_code == 422
    assert api.post("bookings", body, idempotency_key="k")["Idempotency-Replayed"] == "true"


WRONG: list[tuple[dict[str, Any], tuple[str, str]]] = [
    (booking_body(""), ("reference", "blank")),
    (booking_body("x" * 65), ("reference", "max_length")),
    (booking_body("a/b"), ("reference", "not_in_a_path")),
    (booking_body(".."), ("reference", "not_in_a_path")),
    (booking_body("a\x00b"), ("reference", "control_characters")),
    (booking_body("a\ud800"), ("reference", "control_characters")),
    (booking_body("a\nb"), ("reference", "control_characters")),
    (booking_body("a\u202eb"), ("reference", "control_characters")),
    (booking_body(reference=7), ("reference", "invalid")),  # type: ignore[arg-type]
    (booking_body(customer_name="\x1b[31m"), ("customer_name", "control_characters")),
    (booking_body(customer_name="x" * 201), ("customer_name", "max_length")),
    (booking_body(customer_name=None), ("customer_name", "null")),
    (booking_body(crew=[]), ("crew", "empty")),
    (booking_body(crew={}), ("crew", "not_a_list")),
    (booking_body(crew=None), ("crew", "null")),
    (booking_body(crew=["u1"]), ("crew.0", "invalid")),
    (booking_body("BK-1", person("")), ("crew.0.user_id", "blank")),
    (booking_body("BK-1", person(True)), ("crew.0.user_id", "invalid")),
    (booking_body("BK-1", person(1.5)), ("crew.0.user_id", "invalid")),
    (booking_body("BK-1", person(10**70)), ("crew.0.user_id", "max_length")),
    (booking_body("BK-1", person("a,b")), ("crew.0.user_id", "comma")),
    (booking_body("BK-1", person("u1"), person("u1")), ("crew.1.user_id", "unique")),
    (booking_body("BK-1", person(1), person("1")), ("crew.1.user_id", "unique")),
    (booking_body("BK-1", person(name="n" * 201)), ("crew.0.name", "max_length")),
    (booking_body("BK-1", person(role="r" * 65)), ("crew.0.role", "max_length")),
    (booking_body("BK-1", person(amount=450)), ("crew.0.amount", "not_a_string")),
    (booking_body("BK-1", person(amount="450.001")), ("crew.0.amount", "too_many_decimals")),
    (booking_body("BK-1", person(amount="0.00")), ("crew.0.amount", "not_positive")),
    (booking_body("BK-1", person(amount="-1")), ("crew.0.amount", "not_positive")),
    (booking_body("BK-1", person(amount="1e3")), ("crew.0.amount", "invalid_amount")),
    (booking_body("BK-1", person(amount="NaN")), ("crew.0.amount", "invalid_amount")),
    (booking_body("BK-1", person(amount="\u0661")), ("crew.0.amount", "invalid_amount")),
    (booking_body("BK-1", person(amount="9" * 19)), ("crew.0.amount", "amount_too_large")),
    (booking_body("BK-1", person(currency="usd")), ("crew.0.currency", "unknown_currency")),
    (booking_body("BK-1", person(currency="XLM")), ("crew.0.currency", "unknown_currency")),
    (booking_body("BK-1", person(currency="XAU")), ("crew.0.currency", "unknown_currency")),
    (booking_body("BK-1", person(currency=["USD"])), ("crew.0.currency", "invalid")),
    (booking_body("BK-1", person(stripe_account="a b")), ("crew.0.stripe_account", "invalid")),
    (
        booking_body("BK-1", person(stripe_account="x" * 129)),
        ("crew.0.stripe_account", "max_length"),
    ),
    (booking_body("BK-1", person(bonus="1.00")), ("crew.0.bonus", "unknown_field")),
    (booking_body(status="completed"), ("status", "unknown_field")),
    (booking_body() | {"\ud800": 1}, ("?", "unknown_field")),
    (
        booking_body("BK-1", person("u1"), person("u2", currency="EUR")),
        ("crew", "currency_mismatch"),
    ),
    (
        booking_body(
            "BK-1", person("u1", amount="9" + "0" * 16), person("u2", amount="9" + "0" * 16)
        ),
        ("crew", "amount_too_large"),
    ),
]


@pytest.mark.parametrize(("body", "fault"), WRONG, ids=[str(fault) for _, fault in WRONG])
def test_what_cannot_be_a_booking_is_422(
    api: Caller, body: dict[str, Any], fault: tuple[str, str]
) -> None:
    assert fault in faults_of(api.post("bookings", body))
    assert not Booking.objects.exists()


def test_members_that_are_missing_are_named(api: Caller) -> None:
    assert faults_of(api.post("bookings", {"crew": [{}]})) == {
        ("reference", "required"),
        ("customer_name", "required"),
        *((f"crew.0.{name}", "required") for name in person() if name != "amount"),
        ("crew.0.amount", "required"),
    }


def test_a_crew_has_a_limit(api: Caller) -> None:
    crowd = [person(number) for number in range(10_001)]
    response = api.post("bookings", booking_body("BK-1", *crowd))
    assert faults_of(response) == {("crew", "max_length")}


@pytest.mark.parametrize("reference", ["missing", "x" * 65, "a%00b", "%F0%9F%A4%B7", "%FF"])
def test_an_unknown_booking_is_404(api: Caller, reference: str) -> None:
    assert code_of(api.get(f"bookings/{reference}")) == (404, "not_found")


def test_lists_are_filtered_searched_and_paged(api: Caller) -> None:
    for number in range(1, 6):
        make_booking(reference=f"BK-{number}", customer_name=f"Ann {number}%")
    first = api.get("bookings", limit=2).json()
    assert [one["reference"] for one in first["results"]] == ["BK-5", "BK-4"]
    assert "crew" not in first["results"][0]
    assert first["previous"] is None
    second = api.get(first["next"]).json()
    assert [one["reference"] for one in second["results"]] == ["BK-3", "BK-2"]
    oldest = api.get("bookings", ordering="created_at", limit=1).json()
    assert oldest["results"][0]["reference"] == "BK-1"

    def found(**query: str) -> list[str]:
        return [one["reference"] for one in api.get("bookings", **query).json()["results"]]

    assert found(search="bk-3") == ["BK-3"]
    assert found(search="ann 4") == ["BK-4"]
    assert found(search="%") == []
    assert found(search="nn 4") == []
    assert found(payment_state="unpaid", status="scheduled", search="BK-1") == ["BK-1"]
    assert found(payment_state="paid") == []


@pytest.mark.parametrize(
    "query",
    [
        {"status": "paid"},
        {"payment_state": "half"},
        {"search": "a\x00"},
        {"search": ""},
        {"stauts": "scheduled"},
        {"limit": "201"},
        {"limit": "x"},
        {"ordering": "customer_name"},
        {"cursor": "nonsense"},
    ],
)
def test_unknown_filters_are_422(api: Caller, query: dict[str, str]) -> None:
    assert code_of(api.get("bookings", **query)) == (422, "validation_error")


def test_a_list_of_fifty_costs_as_many_queries_as_a_list_of_one(
    api: Caller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_booking(reference="BK-0")
    api.get("bookings")
    with django_assert_num_queries(2):  # the token, the page
        api.get("bookings")
    for number in range(1, 50):
        make_booking(reference=f"BK-{number}")
    with django_assert_num_queries(2):
        assert len(api.get("bookings").json()["results"]) == 50


def test_a_booking_costs_as_many_queries_whatever_its_crew(
    api: Caller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for reference, size in (("BK-1", 1), ("BK-100", 100)):
        make_booking(*(f"acct_{n}" for n in range(size)), reference=reference)
        api.post(f"bookings/{reference}/transfers")
        with django_assert_num_queries(4):  # token, booking, crew, transfers
            shown = api.get(f"bookings/{reference}").json()
        assert len(shown["crew"]) == size
        assert {one["transfer"]["status"] for one in shown["crew"]} == {TransferStatus.PENDING}


def test_a_job_is_completed_or_cancelled(caller: Callable[[str], Caller]) -> None:
    program, auditor = caller("integrator"), caller("auditor")
    make_booking(reference="BK-1")
    assert auditor.post("bookings/BK-1/complete").status_code == 403
    stale = program.post("bookings/BK-1/complete", if_match='"9"')
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    done = program.post("bookings/BK-1/complete", if_match='"1"', idempotency_key="k")
    assert (done.status_code, done.json()["status"], done["ETag"]) == (200, "completed", '"2"')
    again = program.post("bookings/BK-1/complete", if_match='"1"', idempotency_key="k")
    assert (again.content, again["Idempotency-Replayed"]) == (done.content, "true")
    late = program.post("bookings/BK-1/cancel", {"reason": "rain"})
    assert (late.status_code, late.json()["code"]) == (422, "illegal_transition")
    make_booking(reference="BK-2")
    missing = program.post("bookings/BK-2/cancel")
    assert missing.json()["errors"][0]["field"] == "reason"
    program.post("bookings/BK-2/transfers")
    moving = program.post("bookings/BK-2/cancel", {"reason": "rain"})
    assert (moving.status_code, moving.json()["code"]) == (409, "obligation_live")
    make_booking(reference="BK-3")
    assert program.post("bookings/BK-3/cancel", {"reason": "rain"}).json()["status"] == "cancelled"
    refused = program.post("bookings/BK-3/transfers")
    assert (refused.status_code, refused.json()["code"]) == (409, "booking_cancelled")
    listed = program.get("bookings", status="cancelled").json()["results"]
    assert [one["reference"] for one in listed] == ["BK-3"]
