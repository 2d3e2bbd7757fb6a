"""The console's pages about rooms that know neither it nor each other. Importing them registers them."""

from payouts_site.webhooks.deliveries_admin import WebhookDeliveryAdmin
from payouts_site.webhooks.endpoints_admin import WebhookEndpointAdmin

__all__ = ["WebhookDeliveryAdmin", "WebhookEndpointAdmin"]
