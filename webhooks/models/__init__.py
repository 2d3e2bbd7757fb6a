"""Endpoints, what was promised to them, and each try to tell them."""

from webhooks.models.delivery import DeliveryState, WebhookDelivery
from webhooks.models.delivery_try import WebhookTry
from webhooks.models.endpoint import WebhookEndpoint

__all__ = ["DeliveryState", "WebhookDelivery", "WebhookEndpoint", "WebhookTry"]
