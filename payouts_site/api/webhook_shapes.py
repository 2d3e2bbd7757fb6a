"""What the webhook calls take and answer."""

from typing import Any

from rest_framework import serializers

from payouts_site.webhooks.services.rotate_secret import MOST_OVERLAP_HOURS, OVERLAP_HOURS
from transfers.api.documents import Document, moment
from transfers.api.requests import StrictSerializer, Text
from webhooks.addresses import MOST_CHARACTERS
from webhooks.events import EVENT_TYPES
from webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint

ENDPOINT_STATUSES = ("enabled", "disabled")
EVENTS = [(one, one) for one in EVENT_TYPES]


class NewEndpoint(StrictSerializer):
    """Where to, and what about."""

    url = Text(max_length=MOST_CHARACTERS, help_text="https, port 443 or from 1024 on.")
    events: "serializers.ListField" = serializers.ListField(
        child=serializers.ChoiceField(choices=EVENTS), allow_empty=False, max_length=50
    )


class Rotation(StrictSerializer):
    """For how long the old secret signs as well."""

    overlap_hours = serializers.IntegerField(
        min_value=0,
        max_value=MOST_OVERLAP_HOURS,
        required=False,
        default=OVERLAP_HOURS,
        help_text="0 ends the old secret at once.",
    )


class DeliveryFilters(StrictSerializer):
    """`?endpoint=&state=&subject=`"""

    endpoint = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    state = serializers.ChoiceField(choices=DeliveryState.choices, required=False)
    subject = Text(max_length=64, required=False, help_text="Such as payout:47828.")


class EndpointShown(serializers.Serializer[Any]):
    """An address that is told."""

    id = serializers.IntegerField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(choices=EVENTS))
    enabled = serializers.BooleanField()
    status = serializers.ChoiceField(choices=ENDPOINT_STATUSES)
    version = serializers.IntegerField(help_text="One more with every change; the ETag.")
    disabled_at = serializers.DateTimeField(allow_null=True)
    disabled_reason = serializers.CharField(allow_null=True)
    old_secret_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then messages are signed with the old secret as well."
    )
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()

    class Meta:
        ref_name = "WebhookEndpoint"


class EndpointWithSecret(EndpointShown):
    """The only answer that shows the secret."""

    secret = serializers.CharField(help_text="whsec_…; keep it, it is not shown again.")

    class Meta:
        ref_name = "WebhookEndpointWithSecret"


class TryShown(serializers.Serializer[Any]):
    """One request to the endpoint. Neither answer nor error: nobody knows whether it arrived."""

    number = serializers.IntegerField()
    sent_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    status = serializers.IntegerField(allow_null=True, help_text="The endpoint's HTTP status.")
    answer = serializers.CharField(allow_null=True, help_text="The beginning of its body.")
    error = serializers.CharField(allow_null=True)

    class Meta:
        ref_name = "WebhookTry"


class DeliveryShown(serializers.Serializer[Any]):
    """One event for one endpoint."""

    id = serializers.IntegerField()
    webhook_id = serializers.CharField(help_text="The header webhook-id of every try.")
    endpoint = serializers.IntegerField()
    event_type = serializers.ChoiceField(choices=EVENTS)
    subject = serializers.CharField(help_text="Such as payout:47828.")
    subject_version = serializers.IntegerField()
    state = serializers.ChoiceField(choices=DeliveryState.choices)
    status = serializers.ChoiceField(choices=DeliveryState.choices, help_text="As `state`.")
    version = serializers.IntegerField(help_text="One more with every change; the ETag.")
    tries = serializers.IntegerField()
    next_try_at = serializers.DateTimeField(allow_null=True)
    last_status = serializers.IntegerField(allow_null=True)
    last_error = serializers.CharField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    class Meta:
        ref_name = "WebhookDelivery"


class DeliveryDetailShown(DeliveryShown):
    """The same with what was sent and answered."""

    payload = serializers.CharField(help_text="The body of every try, to the byte.")
    attempts = TryShown(many=True, help_text="Newest first.")

    class Meta:
        ref_name = "WebhookDeliveryDetail"


def endpoint_document(endpoint: WebhookEndpoint) -> Document:
    """An endpoint without its secrets."""
    return {
        "id": endpoint.pk,
        "url": endpoint.url,
        "events": endpoint.events,
        "enabled": endpoint.disabled_at is None,
        "status": endpoint.status,
        "version": endpoint.version,
        "disabled_at": moment(endpoint.disabled_at),
        "disabled_reason": endpoint.disabled_why or None,
        "old_secret_until": moment(endpoint.old_secret_until),
        "created_by": endpoint.owner,
        "created_at": moment(endpoint.created_at),
    }


def delivery_document(delivery: WebhookDelivery) -> Document:
    """A delivery as lists show it."""
    return {
        "id": delivery.pk,
        "webhook_id": delivery.webhook_id,
        "endpoint": delivery.endpoint_id,
        "event_type": delivery.event_type,
        "subject": delivery.subject,
        "subject_version": delivery.version,
        "state": delivery.state,
        "status": delivery.state,
        "version": delivery.revision,
        "tries": delivery.tries,
        "next_try_at": moment(delivery.due_at),
        "last_status": delivery.last_status,
        "last_error": delivery.last_error or None,
        "delivered_at": moment(delivery.delivered_at),
        "created_at": moment(delivery.created_at),
    }


def delivery_detail_document(delivery: WebhookDelivery) -> Document:
    """With its payload and its tries, as `get_delivery` reads them."""
    attempts = [
        {
            "number": one.number,
            "sent_at": moment(one.sent_at),
            "ended_at": moment(one.ended_at),
            "status": one.http_status,
            "answer": one.answer or None,
            "error": one.error or None,
        }
        for one in delivery.attempts.all()
    ]
    return {**delivery_document(delivery), "payload": delivery.payload, "attempts": attempts}
