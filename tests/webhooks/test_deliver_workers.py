"""Several workers and one delivery: claimed once, recorded under its fence, and found again after a kill."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.functions import Now

from tests.webhooks.promised import let_time_pass, promised, seconds_until_due, the, try_it
from tests.webhooks.receiver import Receiver, Say
from webhooks.deliver import Result
from webhooks.models import WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)


ROOT = Path(__file__).resolve().parents[2]


class TestTwoWorkers:
    def test_each_delivery_is_claimed_by_one_of_eight(self, receiver: Receiver) -> None:
        endpoint = promised(receiver, facts=40)
        barrier = threading.Barrier(8, timeout=30)

        def run() -> None:
            try:
                barrier.wait()
                while try_it(endpoint):
                    pass
            finally:
                connection.close()

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(receiver.got) == 40
        assert len({got.webhook_id for got in receiver.got}) == 40
        assert set(endpoint.deliveries.values_list("state", "tries")) == {("delivered", 1)}

    def test_a_late_failure_does_not_undo_what_another_worker_delivered(
        self, receiver: Receiver
    ) -> None:
        endpoint = promised(receiver)
        lease_lost = threading.Event()

        def take_over() -> None:
            if not lease_lost.is_set():
                lease_lost.set()
                let_time_pass(the(endpoint))
                assert try_it(endpoint) is Result.DELIVERED
                connection.close()

        receiver.answers = [Say(500, before=take_over), Say(200)]
        try_it(endpoint)
        delivery = the(endpoint)
        assert (delivery.state, delivery.tries) == ("delivered", 2)
        assert [one.http_status for one in delivery.attempts.order_by("number")] == [500, 200]

    def test_a_late_failure_changes_nothing_for_whoever_took_over(self, receiver: Receiver) -> None:
        endpoint = promised(receiver)

        def lose_the_lease() -> None:
            WebhookDelivery.objects.update(fence=99, due_at=Now() + timedelta(hours=1))
            connection.close()

        receiver.answers = [Say(500, before=lose_the_lease)]
        try_it(endpoint)
        delivery = the(endpoint)
        assert (delivery.state, delivery.step, delivery.last_status) == ("pending", 0, None)
        assert seconds_until_due(delivery) > 3_000

    def test_a_late_success_counts_although_the_lease_was_lost(self, receiver: Receiver) -> None:
        endpoint = promised(receiver)

        def lose_the_lease() -> None:
            WebhookDelivery.objects.update(fence=99, due_at=Now() + timedelta(hours=1))
            connection.close()

        receiver.answers = [Say(200, before=lose_the_lease)]
        try_it(endpoint)
        assert (the(endpoint).state, the(endpoint).due_at) == ("delivered", None)


def test_killed_between_sending_and_recording(receiver: Receiver) -> None:
    endpoint = promised(receiver)
    hold = threading.Event()
    receiver.answers = [Say(200, before=lambda: hold.wait(60)), Say(200)]
    environment = {
        **os.environ,
        "DATABASE_URL": _url_of_the_tests(),
        "WEBHOOK_PRIVATE_HOSTS": "127.0.0.1",
    }
    program = (
        "import django; django.setup(); "
        "from webhooks.deliver import deliver_next; "
        f"deliver_next(endpoint_id={endpoint.pk})"
    )
    worker = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=environment)
    try:
        receiver.wait_for(1, 60)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(30)
        hold.set()
    delivery = the(endpoint)
    assert (delivery.state, delivery.tries) == ("pending", 1)
    assert 0 < seconds_until_due(delivery) <= 60
    assert try_it(endpoint) is None, "the dead worker's lease is not over"
    let_time_pass(delivery)
    assert try_it(endpoint) is Result.DELIVERED
    first, second = receiver.got
    assert (first.webhook_id, first.body) == (second.webhook_id, second.body)
    unanswered, answered = delivery.attempts.order_by("number")
    assert (unanswered.ended_at, unanswered.http_status, answered.http_status) == (None, None, 200)


def _url_of_the_tests() -> str:
    url, _, options = os.environ["DATABASE_URL"].partition("?")
    name = connection.settings_dict["NAME"]
    return f"{url.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")
