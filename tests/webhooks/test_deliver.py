"""A delivery is tried until it is delivered, for three days, under one id; and judged by the reference library."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from pytest_django.fixtures import Settings
from standardwebhooks import Webhook, WebhookVerificationError

from tests.webhooks.endpoints import make_endpoint
from tests.webhooks.promised import let_time_pass, promised, seconds_until_due, tell, the, try_it
from tests.webhooks.receiver import Got, Receiver, Say
from webhooks import sweep, wire
from webhooks.deliver import Result
from webhooks.disable import disable
from webhooks.models import WebhookEndpoint
from webhooks.promise import promise
from webhooks.schedule import DELAYS, JITTER, next_delay
from webhooks.secrets import decrypt, encrypt, new_secret
from webhooks.sweep import DeliverySweep

pytestmark = pytest.mark.django_db(transaction=True)


DAY = 24 * 3_600


def verified(endpoint: WebhookEndpoint, got: Got) -> object:
    return Webhook(decrypt(bytes(endpoint.secret))).verify(got.body, got.headers)


class TestOnce:
    def test_the_reference_library_accepts_it(self, receiver: Receiver) -> None:
        endpoint = promised(receiver)
        assert try_it(endpoint) is Result.DELIVERED
        (got,) = receiver.got
        body = verified(endpoint, got)
        assert body == {
            "type": "payout.paid",
            "timestamp": body["timestamp"],  # type: ignore[index]
            "data": {"id": 1, "name": "Zoë"},
        }
        assert got.body == the(endpoint).payload.encode()
        assert (got.path, got.headers["content-type"]) == ("/hooks", "application/json")

    def test_it_does_not_accept_a_changed_body_another_time_or_another_secret(
        self, receiver: Receiver
    ) -> None:
        endpoint = promised(receiver)
        try_it(endpoint)
        (got,) = receiver.got
        judge = Webhook(decrypt(bytes(endpoint.secret)))
        later = str(int(got.headers["webhook-timestamp"]) + 1)
        for body, headers in (
            (got.body.replace(b'"id"', b'"ID"'), got.headers),
            (got.body, {**got.headers, "webhook-timestamp": later}),
            (got.body, {**got.headers, "webhook-id": "evt_another"}),
        ):
            with pytest.raises(WebhookVerificationError):
                judge.verify(body, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(new_secret()).verify(got.body, got.headers)

    def test_delivered_is_the_end_of_it(self, receiver: Receiver) -> None:
        endpoint = promised(receiver)
        receiver.answers = [Say(202, body=b"thanks")]
        try_it(endpoint)
        assert try_it(endpoint) is None
        delivery = the(endpoint)
        assert (delivery.state, delivery.last_status, delivery.due_at) == ("delivered", 202, None)
        (attempt,) = delivery.attempts.all()
        assert (attempt.number, attempt.http_status, attempt.answer) == (1, 202, "thanks")

    def test_both_secrets_sign_while_one_follows_the_other(self, receiver: Receiver) -> None:
        endpoint = promised(receiver, facts=2)
        old, new = decrypt(bytes(endpoint.secret)), new_secret()
        rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
        rows.update(
            secret=encrypt(new),
            old_secret=endpoint.secret,
            old_secret_until=datetime.now(UTC) + timedelta(hours=1),
        )
        try_it(endpoint)
        rows.update(old_secret_until=datetime.now(UTC) - timedelta(seconds=1))
        try_it(endpoint)
        during, after = receiver.got
        for secret in (old, new):
            Webhook(secret).verify(during.body, during.headers)
        Webhook(new).verify(after.body, after.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(old).verify(after.body, after.headers)

    def test_a_secret_that_cannot_be_decrypted_sends_nothing_and_says_so(
        self, receiver: Receiver, settings: Settings
    ) -> None:
        endpoint = promised(receiver)
        settings.SECRET_KEY = "another"
        settings.RECIPIENT_KEYS = []
        assert try_it(endpoint) is Result.FAILED
        assert receiver.got == []
        assert "cannot be decrypted" in the(endpoint).last_error


class TestAgain:
    def test_three_days_of_retries_have_one_id_and_one_body(self, receiver: Receiver) -> None:
        """The clock is moved by making what is due later due now; what was planned is added up."""
        endpoint = promised(receiver)
        receiver.answers = [Say(500, body=b"out of order")]
        planned = []
        for place in range(1 + len(DELAYS)):
            assert try_it(endpoint) is Result.FAILED
            delivery = the(endpoint)
            if place < len(DELAYS):
                planned.append(seconds_until_due(delivery))
                assert try_it(endpoint) is None, "it is not due yet"
                let_time_pass(delivery)
        assert len(receiver.got) == 10
        assert len({(got.webhook_id, got.body) for got in receiver.got}) == 1
        assert all(verified(endpoint, got) for got in receiver.got)
        for seconds, delay in zip(planned, DELAYS, strict=True):
            assert delay * (1 - JITTER) - 10 <= seconds <= delay * (1 + JITTER)
        assert 2.8 * DAY < sum(planned) < 3.5 * DAY
        delivery = the(endpoint)
        assert (delivery.state, delivery.tries, delivery.due_at) == ("failed", 10, None)
        assert (delivery.last_status, delivery.last_error) == (500, "It answered 500.")
        assert [one.number for one in delivery.attempts.order_by("number")] == list(range(1, 11))
        assert try_it(endpoint) is None

    def test_it_is_delivered_on_the_third_day(self, receiver: Receiver) -> None:
        endpoint = promised(receiver)
        receiver.answers = [*[Say(503) for _ in range(9)], Say(204)]
        while try_it(endpoint) is Result.FAILED:
            let_time_pass(the(endpoint))
        assert (the(endpoint).state, the(endpoint).tries) == ("delivered", 10)

    @pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500])
    def test_anything_but_2xx_is_tried_again_and_no_redirect_is_followed(
        self, receiver: Receiver, status: int
    ) -> None:
        endpoint = promised(receiver)
        receiver.answers = [Say(status, {"Location": f"{receiver.url}/elsewhere"})]
        assert try_it(endpoint) is Result.FAILED
        assert [got.path for got in receiver.got] == ["/hooks"]
        assert the(endpoint).state == "pending"

    def test_retry_after_makes_it_later_and_never_sooner(self, receiver: Receiver) -> None:
        endpoint = promised(receiver)
        receiver.answers = [Say(503, {"Retry-After": "3600"}), Say(503, {"Retry-After": "1"})]
        try_it(endpoint)
        assert 3_500 < seconds_until_due(the(endpoint)) <= 3_600
        let_time_pass(the(endpoint))
        try_it(endpoint)
        assert 200 < seconds_until_due(the(endpoint)) <= 330

    def test_410_disables_the_endpoint_and_withdraws_what_waits(self, receiver: Receiver) -> None:
        endpoint = promised(receiver, facts=3)
        receiver.answers = [Say(410)]
        assert try_it(endpoint) is Result.GONE
        assert try_it(endpoint) is None
        endpoint.refresh_from_db()
        assert (endpoint.disabled_at is not None, endpoint.disabled_why) == (
            *(True, "It answered 410 Gone."),
        )
        assert set(endpoint.deliveries.values_list("state", flat=True)) == {"disabled"}
        tell(9)
        assert endpoint.deliveries.count() == 3
        assert len(receiver.got) == 1

    def test_eight_410s_at_once_do_not_stand_in_each_others_way(self, receiver: Receiver) -> None:
        endpoint = promised(receiver, facts=8)
        together = threading.Barrier(8, timeout=30)
        receiver.answers = [Say(410, before=together.wait)]
        results: list[Result | None] = []

        def run() -> None:
            try:
                results.append(try_it(endpoint))
            finally:
                connection.close()

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert results == [Result.GONE] * 8
        assert set(endpoint.deliveries.values_list("state", "last_status")) == {("disabled", 410)}

    def test_a_promise_that_commits_after_its_endpoint_was_disabled_is_withdrawn(
        self, receiver: Receiver
    ) -> None:
        endpoint = promised(receiver)
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
            disabled_at=datetime.now(UTC), disabled_why="by hand"
        )
        assert DeliverySweep()() == 0
        assert the(endpoint).state == "disabled"
        assert receiver.got == []


class TestSlowAndBroken:
    def test_a_slow_drip_ends_in_time(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wire, "TOTAL_SECONDS", 0.6)
        endpoint = promised(receiver)
        receiver.answers = [Say(drip=0.02)]
        began = time.monotonic()
        assert try_it(endpoint) is Result.FAILED
        assert time.monotonic() - began < 10
        assert the(endpoint).last_error == "No answer within 0.6 s."

    def test_an_endless_body_is_not_read_to_its_end(self, receiver: Receiver) -> None:
        endpoint = promised(receiver)
        receiver.answers = [Say(200, body=b"\\0x" * 5_000_000)]
        assert try_it(endpoint) is Result.DELIVERED
        attempt = the(endpoint).attempts.get()
        assert len(attempt.answer) == wire.MOST_CHARACTERS

    def test_nobody_listens(self, receiver: Receiver) -> None:
        endpoint = promised(receiver)
        receiver.close()
        assert try_it(endpoint) is Result.FAILED
        assert the(endpoint).last_error.startswith("No connection")

    def test_no_connection_to_the_database_is_held_while_an_endpoint_thinks(
        self, receiver: Receiver
    ) -> None:
        endpoint = promised(receiver)
        held: list[bool] = []
        mine = connections["default"]  # this thread's, seen from the receiver's
        receiver.answers = [Say(before=lambda: held.append(mine.connection is not None))]
        try_it(endpoint)
        assert held == [False]

    def test_one_slow_endpoint_holds_up_nobody(self, receiver: Receiver) -> None:
        quick = Receiver()
        open_it = threading.Event()
        receiver.answers = [Say(500, before=lambda: open_it.wait(30))]
        slow = [make_endpoint(receiver.url, "payout.paid") for _ in range(3)]
        fast = make_endpoint(quick.url, "refund.failed")
        for version in range(20):
            tell(version)
            promise(event_type="refund.failed", subject="refund:1", version=version, data={})
        pool = ThreadPoolExecutor(sweep.THREADS)
        sweeping = DeliverySweep()
        try:
            sweeping(pool)
            quick.wait_for(20)
            assert sweeping(pool) <= sweep.MOST_LANES
            assert len(receiver.got) <= 3 * sweep.MOST_LANES
        finally:
            open_it.set()
            pool.shutdown()
            quick.close()
        assert set(fast.deliveries.values_list("state", flat=True)) == {"delivered"}
        # Each of its lanes ended with the first failure, and one is all it gets now.
        assert all(one.deliveries.filter(tries__gt=0).count() <= sweep.MOST_LANES for one in slow)
        assert sweeping._troubled == {one.pk for one in slow}


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("", 5),
        ("7", 7),
        ("0", 5),
        ("-3", 5),
        ("soon", 5),
        ("999999999999", DAY),
        ("Fri, 27 Nov 2026 13:00:00 GMT", 3_600),
        ("Fri, 27 Nov 2020 13:00:00 GMT", 5),
        ("Fri, 99 Nov 2026 13:00:00 GMT", 5),
        ("Fri, 27 Nov 2026 13:00:00 +99999999999999", 5),
        ("Fri, 27 Nov 99999999999999999999 13:00:00 GMT", 5),
    ],
)
def test_what_retry_after_may_say(retry_after: str, seconds: float) -> None:
    now = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
    delay = next_delay(0, retry_after, now=now)
    assert delay is not None
    assert seconds * (1 - JITTER) <= delay <= seconds * (1 + JITTER)


def test_nothing_waits_at_a_disabled_endpoint(receiver: Receiver) -> None:
    endpoint = promised(receiver, facts=2)
    assert disable(endpoint.pk, why="by hand")
    assert not disable(endpoint.pk, why="again")
    assert set(endpoint.deliveries.values_list("state", "due_at")) == {("disabled", None)}
