"""Pay All over HTTP: everybody once, nobody twice, and an answer at once."""

import socket
import time
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client import REGISTRY

from payouts_site import celery_app
from tests.factories import make_booking
from tests.stack import BlackHole
from tests.transfers_api.conftest import Caller, code_of, faults_of
from transfers.models import Transfer, TransferAttempt


@pytest.mark.django_db
def test_pay_all_enqueues_everybody_once(api: Caller) -> None:
    make_booking("acct_1", "acct_2", reference="BK-1")
    first = api.post("bookings/BK-1/transfers")
    assert first.status_code == 202
    assert first.json()["booking"] == "BK-1"
    assert first.json()["status"] == "processing"
    assert [one["outcome"] for one in first.json()["results"]] == ["enqueued", "enqueued"]
    assert first.json()["payment_summary"]["state"] == "processing"
    transfer = first.json()["results"][0]["transfer"]
    assert transfer["source"] == {"type": "booking", "reference": "BK-1"}
    assert (transfer["status"], transfer["amount"], transfer["currency"]) == (
        "pending",
        "450.00",
        "USD",
    )
    assert (transfer["attempts"], transfer["failure"], transfer["rail_reference"]) == (
        [],
        None,
        None,
    )

    again = api.post("bookings/BK-1/transfers", {})
    assert [one["outcome"] for one in again.json()["results"]] == ["in_progress", "in_progress"]
    assert Transfer.objects.count() == 2


@pytest.mark.django_db
def test_some_are_paid_now_and_the_rest_later(api: Caller) -> None:
    make_booking("acct_1", "acct_2", "acct_3", reference="BK-1")
    some = api.post("bookings/BK-1/transfers", {"user_ids": ["u2", "u2"]}).json()
    assert [(one["user_id"], one["outcome"]) for one in some["results"]] == [("u2", "enqueued")]
    rest = api.post("bookings/BK-1/transfers").json()
    assert {one["user_id"]: one["outcome"] for one in rest["results"]} == {
        "u1": "enqueued",
        "u2": "in_progress",
        "u3": "enqueued",
    }


@pytest.mark.django_db
def test_a_stranger_stops_everybody(api: Caller) -> None:
    make_booking("acct_1", reference="BK-1")
    response = api.post("bookings/BK-1/transfers", {"user_ids": ["u1", "stranger"]})
    assert code_of(response) == (422, "not_on_booking")
    assert response.json()["user_ids"] == ["stranger"]
    assert not Transfer.objects.exists()
    assert code_of(api.post("bookings/none/transfers")) == (404, "not_found")


@pytest.mark.django_db
def test_a_preview_says_what_would_happen_and_binds_the_payment(api: Caller) -> None:
    make_booking("acct_1", "acct_2", reference="BK-1")
    seen = api.get("bookings/BK-1/transfers/preview").json()
    assert seen["total"] == "900.00"
    assert [(one["payable"], one["why"]) for one in seen["results"]] == [(True, None)] * 2
    api.post("bookings/BK-1/transfers", {"user_ids": ["u1"]})

    stale = api.post("bookings/BK-1/transfers", {"preview_token": seen["preview_token"]})
    assert code_of(stale) == (409, "preview_stale")
    assert Transfer.objects.count() == 1

    seen = api.get("bookings/BK-1/transfers/preview").json()
    assert [(one["payable"], one["outcome"]) for one in seen["results"]] == [
        (False, "in_progress"),
        (True, "enqueued"),
    ]
    assert seen["results"][0]["why"]
    assert seen["total"] == "450.00"
    fresh = api.post("bookings/BK-1/transfers", {"preview_token": seen["preview_token"]})
    assert fresh.status_code == 202


@pytest.mark.django_db
def test_a_preview_may_be_of_some_people(api: Caller) -> None:
    make_booking("acct_1", "acct_2", "acct_3", reference="BK-1")
    listed = api.get("bookings/BK-1/transfers/preview", user_ids="u1,u3").json()
    repeated = api.get("bookings/BK-1/transfers/preview?user_ids=u1&user_ids=u3").json()
    assert listed == repeated
    assert [one["user_id"] for one in listed["results"]] == ["u1", "u3"]
    body = {"user_ids": ["u1", "u3"], "preview_token": listed["preview_token"]}
    assert api.post("bookings/BK-1/transfers", body).status_code == 202

    stranger = api.get("bookings/BK-1/transfers/preview", user_ids="u1,who")
    assert code_of(stranger) == (422, "not_on_booking")
    assert code_of(api.get("bookings/BK-1/transfers/preview", user_ids=""))[0] == 422


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"user_ids": []}, ("user_ids", "empty")),
        ({"user_ids": None}, ("user_ids", "null")),
        ({"user_ids": "u1"}, ("user_ids", "not_a_list")),
        ({"user_ids": [None]}, ("user_ids.0", "null")),
        ({"user_ids": [["u1"]]}, ("user_ids.0", "invalid")),
        ({"user_ids": ["a\x00"]}, ("user_ids.0", "control_characters")),
        ({"user_ids": ["u" * 65]}, ("user_ids.0", "max_length")),
        ({"user_ids": ["u1"] * 10_001}, ("user_ids", "max_length")),
        ({"userids": ["u1"]}, ("userids", "unknown_field")),
        ({"preview_token": 5}, ("preview_token", "invalid")),
    ],
)
def test_nobody_is_paid_by_a_request_that_is_not_understood(
    api: Caller, body: object, fault: tuple[str, str]
) -> None:
    make_booking(reference="BK-1")
    assert fault in faults_of(api.post("bookings/BK-1/transfers", body))
    assert not Transfer.objects.exists()


@pytest.mark.django_db
def test_user_ids_may_be_numbers(api: Caller) -> None:
    body = {
        "reference": "BK-1",
        "customer_name": "Ann",
        "crew": [
            {
                "user_id": 501,
                "name": "Luis",
                "role": "mover",
                "amount": "1.00",
                "currency": "USD",
                "stripe_account": "acct_1",
            }
        ],
    }
    assert api.post("bookings", body).status_code == 201
    paid = api.post("bookings/BK-1/transfers", {"user_ids": [501]}).json()
    assert [(one["user_id"], one["outcome"]) for one in paid["results"]] == [("501", "enqueued")]


@pytest.mark.django_db
@pytest.mark.parametrize("named", [False, True])
def test_paying_costs_as_many_queries_whatever_the_crew(api: Caller, *, named: bool) -> None:
    counts = []
    api.get("bookings")  # notes the token's use, once a minute
    for reference, size in (("BK-1", 1), ("BK-50", 50)):
        make_booking(*(f"acct_{n}" for n in range(size)), reference=reference)
        body = {"user_ids": [f"u{n + 1}" for n in range(size)]} if named else {}
        with CaptureQueriesContext(connection) as queries:
            assert len(api.post(f"bookings/{reference}/transfers", body).json()["results"]) == size
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def _sent(reference: str) -> None:
    """Everybody's first attempt is under way, as after a worker's claim."""
    rows = Transfer.objects.filter(source_reference=reference)
    rows.update(status="processing", attempt_count=1)
    TransferAttempt.objects.bulk_create(
        TransferAttempt(
            transfer=row,
            number=1,
            idempotency_key=f"key-{row.pk}",
            request={"amount": 45_000},
            evidence=[{"what": "told to wait"}],
            progress={"waiting": {"code": "balance", "message": "Fill it up."}},
        )
        for row in rows
    )


@pytest.mark.django_db
def test_paying_again_costs_as_many_queries_whatever_the_crew(api: Caller) -> None:
    """Also beyond the crew whose attempts are looked up by their booking instead of by their ids."""
    counts = []
    api.get("bookings")  # notes the token's use, once a minute
    for reference, size in (("BK-1", 1), ("BK-50", 50), ("BK-501", 501)):
        make_booking(*(f"acct_{n}" for n in range(size)), reference=reference)
        api.post(f"bookings/{reference}/transfers")
        _sent(reference)
        with CaptureQueriesContext(connection) as queries:
            again = api.post(f"bookings/{reference}/transfers").json()
        assert [one["outcome"] for one in again["results"]] == ["in_progress"] * size
        assert all(one["transfer"]["attempts"] for one in again["results"])
        counts.append(len(queries))
    assert counts == [8, 8, 8]


@pytest.mark.django_db
def test_every_answer_shows_a_transfer_alike(api: Caller) -> None:
    make_booking("acct_1", reference="BK-1")
    api.post("bookings/BK-1/transfers")
    _sent("BK-1")
    Transfer.objects.update(outcome_unknown=True)
    (paid,) = api.post("bookings/BK-1/transfers").json()["results"]
    shown = paid["transfer"]
    assert shown["next_check_at"] and shown["attempts"][0]["sent_at"]
    assert shown["waiting_for"] == {"code": "balance", "message": "Fill it up."}
    assert shown == api.get(f"transfers/{shown['id']}").json()
    assert shown == api.get("transfers").json()["results"][0]
    assert shown == api.get("bookings/BK-1").json()["crew"][0]["transfer"]
    assert shown == api.get("bookings/BK-1/transfers").json()["results"][0]["transfer"]


@pytest.mark.django_db
def test_the_same_key_pays_once_and_gives_the_same_bytes(api: Caller) -> None:
    make_booking("acct_1", "acct_2", reference="BK-1")
    first = api.post("bookings/BK-1/transfers", {}, idempotency_key='"pay-1"')
    again = api.post("bookings/BK-1/transfers", {}, idempotency_key="pay-1")
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"
    assert Transfer.objects.count() == 2


@pytest.fixture
def silent_queue() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    hole = BlackHole()
    yield hole.url
    hole.close()


@pytest.fixture
def full_queue() -> Iterator[str]:
    """The address of a server whose backlog is full: connecting to it hangs."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        yield f"redis://127.0.0.1:{address[1]}/0"
        for filler in fillers:
            filler.close()


def _failed_wakes() -> float:
    return REGISTRY.get_sample_value("paidonce_wake_failures_total") or 0.0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("queue", ["silent_queue", "full_queue"])
def test_a_queue_that_never_answers_delays_nobody(
    api: Caller, request: pytest.FixtureRequest, queue: str
) -> None:
    address = request.getfixturevalue(queue)
    make_booking("acct_1", "acct_2", reference="BK-1")
    failures = _failed_wakes()
    before = celery_app.conf.broker_url
    celery_app.conf.update(broker_url=address, broker_write_url=address)
    try:
        started = time.monotonic()
        response = api.post("bookings/BK-1/transfers")
        seconds = time.monotonic() - started
    finally:
        celery_app.conf.update(broker_url=before, broker_write_url=None)
    assert response.status_code == 202
    assert seconds < 2
    assert _failed_wakes() == failures + 1
    assert Transfer.objects.filter(status="pending", due_at__isnull=False).count() == 2
