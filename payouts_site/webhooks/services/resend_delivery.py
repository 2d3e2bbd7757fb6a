"""Somebody wants a message to be sent once more, under the same id."""

from django.db import connection, transaction

from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Conflicted
from payouts_site.webhooks.selectors import get_delivery
from webhooks.models import WebhookDelivery

# Not while a worker's request is out: that one is under way, and its answer decides.
_RESEND = """
    UPDATE webhooks_webhookdelivery SET state = 'pending', step = 0, due_at = clock_timestamp()
    WHERE id = %s AND (state <> 'pending' OR due_at <= clock_timestamp() OR NOT EXISTS (
        SELECT FROM webhooks_webhooktry AS try
        WHERE try.delivery_id = webhooks_webhookdelivery.id
            AND try.number = webhooks_webhookdelivery.tries AND try.ended_at IS NULL))
"""


class EndpointDisabled(Conflicted):
    """Nothing is sent to a disabled endpoint."""

    title = "The endpoint is disabled"


def resend_delivery(
    *, delivery_id: int, owner_id: int | None, actor: Actor, expected_revision: int | None = None
) -> WebhookDelivery:
    """Due now, with a schedule that begins anew, whatever became of it before; same id, same bytes. Own transaction.

    Raises NotFound, EndpointDisabled (409), Conflicted (409: it is at another revision than `expected_revision`).
    """
    delivery = get_delivery(delivery_id, owner_id)
    if delivery.endpoint.disabled_at is not None:
        raise EndpointDisabled("Enable the endpoint first.", current_status="disabled")
    with transaction.atomic():
        _require_revision(delivery.pk, expected_revision)
        with connection.cursor() as cursor:
            cursor.execute(_RESEND, [delivery.pk])
        record(
            Note(
                f"webhook_delivery:{delivery.pk}",
                "webhook_delivery.resent",
                actor,
                snapshot={"webhook_id": delivery.webhook_id, "state": delivery.state},
            )
        )
    return get_delivery(delivery_id, owner_id)


def _require_revision(delivery_id: int, believed: int | None) -> None:
    if believed is None:
        return
    rows = WebhookDelivery.objects.select_for_update(no_key=True).filter(pk=delivery_id)
    revision, state = rows.values_list("revision", "state").get()
    if revision != believed:
        raise Conflicted(
            f"It is at version {revision}, not {believed}.",
            current_status=state,
            current_version=revision,
        )
