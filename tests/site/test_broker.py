"""Another broker: RabbitMQ that is silent or gone, and, where AMQP_URL names one, a real one."""

import os
import time

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from payouts_site import broker, celery_app
from payouts_site.dev import embedded
from tests.cast import integrator
from tests.chaos.watch import wait_until_settled
from tests.factories import make_booking
from tests.stack import BlackHole, Stack
from transfers import wake


@pytest.mark.parametrize("state", ["gone", "silent"])
def test_a_rabbit_that_does_not_answer_costs_a_request_a_second_at_most(
    state: str, settings: Settings
) -> None:
    hole = BlackHole()
    port = (
        hole.url.rpartition(":")[2].partition("/")[0] if state == "silent" else embedded.free_port()
    )
    settings.BROKER_URL = f"amqp://guest:guest@127.0.0.1:{port}//"
    before = wake.wake_failures._value.get()
    celery_app.conf.update(broker_url=settings.BROKER_URL)
    try:
        began = time.monotonic()
        wake.wake([1, 2, 3])
        assert time.monotonic() - began < 2.5
        assert wake.wake_failures._value.get() == before + 1
        with pytest.raises((OSError, TimeoutError)):
            broker.ping()
    finally:
        celery_app.conf.update(broker_url="memory://")
        hole.close()


@pytest.mark.django_db
def test_readiness_asks_the_broker_that_is_configured(client: Client, settings: Settings) -> None:
    settings.BROKER_URL = f"amqp://guest:guest@127.0.0.1:{embedded.free_port()}//"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["broker"].startswith("failed")


if os.environ.get("AMQP_URL"):

    @pytest.mark.django_db(transaction=True)
    def test_a_crew_is_paid_through_a_real_rabbit() -> None:
        """Woken by the message: the sweep is far too rare to be what paid them."""
        with Stack(
            environment={"BROKER_URL": os.environ["AMQP_URL"], "SWEEP_INTERVAL_SECONDS": "600"}
        ) as stack:
            caller = integrator(stack.web_url)
            caller.get("bookings")
            time.sleep(2)  # the sweep at the worker's start
            booking = make_booking("acct_1a", "acct_1b")
            assert caller.pay_all(booking.reference).status == 202
            wait_until_settled(stack, booking, 10)
            assert stack.sandbox.totals()["movements"] == 2
