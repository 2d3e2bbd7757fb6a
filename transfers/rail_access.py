"""The adapters of this process, configured from settings. One per rail, shared by its threads."""

from functools import cache

from django.conf import settings

from guard.errors import Refused
from rails.stripe import StripeRail


class RailNotConfigured(Refused):
    """No credentials for this rail; nothing was sent."""

    code = "rail_paused"
    http_status = 503
    title = "The rail is not available"


@cache
def stripe_rail() -> StripeRail:
    """The Stripe adapter. Raises RailNotConfigured without STRIPE_API_KEY."""
    if not settings.STRIPE_API_KEY:
        raise RailNotConfigured(
            "Stripe is not configured: set STRIPE_API_KEY.", reason="no credentials"
        )
    return StripeRail(
        api_key=settings.STRIPE_API_KEY,
        api_base=settings.STRIPE_API_BASE,
        timeout_seconds=settings.RAIL_TIMEOUT_SECONDS,
    )
