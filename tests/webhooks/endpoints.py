"""Endpoints and what was promised to them."""

import json
from typing import Any

from webhooks.events import EVENT_TYPES
from webhooks.models import WebhookDelivery, WebhookEndpoint
from webhooks.secrets import encrypt, new_secret


def make_endpoint(url: str = "https://shop.example/hooks", *events: str) -> WebhookEndpoint:
    """An endpoint that wants these events, or all there are."""
    return WebhookEndpoint.objects.create(
        url=url,
        events=list(events or EVENT_TYPES),
        secret=encrypt(new_secret()),
        owner="shop",
        owner_id=7,
    )


def told(endpoint: WebhookEndpoint) -> list[str]:
    """Types of what was promised to it, in order."""
    return [delivery.event_type for delivery in endpoint.deliveries.order_by("id")]


def data_of(delivery: WebhookDelivery) -> dict[str, Any]:
    """The object inside its payload."""
    data: dict[str, Any] = json.loads(delivery.payload)["data"]
    return data
