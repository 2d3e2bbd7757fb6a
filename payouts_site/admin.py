"""The console's pages about rooms that know neither it nor each other. Importing them registers them."""

from django_celery_beat.admin import PeriodicTaskAdmin

from payouts_site.webhooks.deliveries_admin import WebhookDeliveryAdmin
from payouts_site.webhooks.endpoints_admin import WebhookEndpointAdmin

__all__ = ["WebhookDeliveryAdmin", "WebhookEndpointAdmin"]

# They ask for nothing by themselves: whoever may look at the schedule could have stopped it.
for name in PeriodicTaskAdmin.actions:
    getattr(PeriodicTaskAdmin, name).allowed_permissions = ("change",)
