"""The site as an app: what it says about rooms that know nothing of each other."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "payouts_site"

    def ready(self) -> None:
        # Models can be imported only now that every app is loaded.
        from access.regions import Scoped, hold_to_regions, subjects_seen  # noqa: PLC0415
        from webhooks.models import WebhookDelivery  # noqa: PLC0415

        hold_to_regions(
            Scoped(
                WebhookDelivery,
                lambda regions: subjects_seen(regions, ("payout", "transfer")),
                "webhook_delivery",
                "delivery_id",
            )
        )
