"""Deliveries that were promised, and the time that passes for them."""

from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now

from tests.webhooks.endpoints import make_endpoint
from tests.webhooks.receiver import Receiver
from webhooks.deliver import Result, deliver_next
from webhooks.models import WebhookDelivery, WebhookEndpoint
from webhooks.promise import promise


def tell(version: int = 1) -> None:
    promise(
        event_type="payout.paid", subject="payout:1", version=version, data={"id": 1, "name": "Zoë"}
    )


def promised(receiver: Receiver, *, facts: int = 1, path: str = "") -> WebhookEndpoint:
    endpoint = make_endpoint(receiver.url + path)
    for version in range(1, facts + 1):
        tell(version)
    return endpoint


def the(endpoint: WebhookEndpoint) -> WebhookDelivery:
    return endpoint.deliveries.get()


def try_it(endpoint: WebhookEndpoint) -> Result | None:
    return deliver_next(endpoint_id=endpoint.pk)


def seconds_until_due(delivery: WebhookDelivery) -> float:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM due_at - clock_timestamp()) FROM webhooks_webhookdelivery WHERE id = %s",
            [delivery.pk],
        )
        return float(cursor.fetchone()[0])


def let_time_pass(delivery: WebhookDelivery) -> None:
    """Whatever is due some day is due now."""
    rows = WebhookDelivery.objects.filter(pk=delivery.pk, due_at__isnull=False)
    rows.update(due_at=Now() - timedelta(seconds=1))
