"""The generated client against the running API: typed calls, errors with codes, answers that get lost on the way."""

from collections.abc import Iterator

import httpx2
import pytest
from django.contrib.auth.models import User
from paidonce import ApiError, NoAnswer, PaidOnce
from paidonce.api import NewBookingRequest
from pytest_django.live_server_helper import LiveServer

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role
from transfers.models import Booking, Transfer

BOOKING: NewBookingRequest = {
    "reference": "BK-1",
    "customer_name": "Harper",
    "crew": [
        {
            "user_id": f"u{number}",
            "name": f"Mover {number}",
            "role": "Mover",
            "amount": "450.00",
            "currency": "USD",
            "stripe_account": f"acct_{number}",
        }
        for number in range(3)
    ],
}


class LosesAnswers(httpx2.BaseTransport):
    """Sends everything for real, and loses the first `times` answers."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.keys: list[str] = []
        self._real = httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.keys.append(request.headers.get("Idempotency-Key", ""))
        answer = self._real.handle_request(request)
        if self.left:
            self.left -= 1
            answer.close()
            raise httpx2.ReadError("the answer is lost")
        return answer

    def close(self) -> None:
        self._real.close()


@pytest.fixture
def token(transactional_db: None) -> str:
    user = User.objects.create_user("robot")
    assign_role(user, Role.INTEGRATOR)
    return str(ApiToken.objects.create(user=user)[1])


@pytest.fixture
def api(live_server: LiveServer, token: str) -> Iterator[PaidOnce]:
    with PaidOnce(live_server.url, token) as client:
        yield client


def test_a_booking_is_made_and_paid(api: PaidOnce) -> None:
    made = api.create_booking(BOOKING)
    assert made["payment_summary"]["state"] == "unpaid"
    accepted = api.create_bulk_transfers("BK-1", {})
    assert [one["outcome"] for one in accepted["results"]] == ["enqueued"] * 3
    assert api.get_booking("BK-1")["payment_summary"]["counts"]["pending"] == 3
    names = [one["payee_name"] for one in api.pages(api.list_transfers(limit=1))]
    assert sorted(names) == ["Mover 0", "Mover 1", "Mover 2"]


def test_a_refusal_has_its_code_and_its_document(api: PaidOnce) -> None:
    api.create_booking(BOOKING)
    with pytest.raises(ApiError) as refused:
        api.create_booking(BOOKING)
    assert (refused.value.status, refused.value.code) == (409, "booking_exists")
    assert refused.value.problem["type"].endswith("booking_exists")


def test_lost_answers_are_asked_for_again_under_the_same_key(
    live_server: LiveServer, token: str
) -> None:
    transport = LosesAnswers(2)
    with PaidOnce(live_server.url, token, transport=transport, sleep=lambda _: None) as api:
        assert api.create_booking(BOOKING)["reference"] == "BK-1"
        api.create_bulk_transfers("BK-1", {})
    assert (Booking.objects.count(), Transfer.objects.count()) == (1, 3)
    assert len(set(transport.keys[:3])) == 1 and transport.keys[3] != transport.keys[0]


def test_without_any_answer_the_caller_learns_the_key_to_go_on_with(
    live_server: LiveServer, token: str
) -> None:
    with PaidOnce(live_server.url, token, transport=LosesAnswers(4), sleep=lambda _: None) as api:
        with pytest.raises(NoAnswer) as silence:
            api.create_booking(BOOKING)
        again = api.create_booking(BOOKING, idempotency_key=silence.value.idempotency_key)
    assert again["reference"] == "BK-1" and Booking.objects.count() == 1


def test_a_wrong_token_is_told_at_once(live_server: LiveServer) -> None:
    with PaidOnce(live_server.url, "x" * 40) as api, pytest.raises(ApiError) as refused:
        api.list_bookings()
    assert (refused.value.status, refused.value.code) == (401, "not_authenticated")


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(301, headers={"Location": "https://pay.example/api/v1/bookings"}),
        httpx2.Response(200, html="<p>Log in to the hotel's network</p>"),
        httpx2.Response(200),
    ],
    ids=["redirect", "page", "nothing"],
)
def test_an_answer_that_is_not_the_apis_is_no_success(answer: httpx2.Response) -> None:
    transport = httpx2.MockTransport(lambda request: answer)
    client = PaidOnce("http://pay.example", "token", transport=transport)
    with client, pytest.raises(ApiError) as refused:
        client.create_booking(BOOKING)
    assert refused.value.code == "not_json" and refused.value.status == answer.status_code
