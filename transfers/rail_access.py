"""The adapters of this process, configured from settings. One per rail, shared by its threads."""

from functools import cache

from django.conf import settings

from guard.errors import Refused
from rails.stripe import StripeRail
from rails.wise import WiseRail


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


@cache
def wise_rail() -> WiseRail:
    """The Wise adapter. Raises RailNotConfigured without WISE_API_TOKEN and WISE_PROFILE_ID."""
    if not settings.WISE_API_TOKEN or not settings.WISE_PROFILE_ID:
        raise RailNotConfigured(
            "Wise is not configured: set WISE_API_TOKEN and WISE_PROFILE_ID.",
            reason="no credentials",
        )
    return WiseRail(
        token=settings.WISE_API_TOKEN,
        api_base=settings.WISE_API_BASE,
        profile_id=settings.WISE_PROFILE_ID,
        family="calendar" if settings.WISE_API_FAMILY == "calendar" else "legacy",
        timeout_seconds=settings.RAIL_TIMEOUT_SECONDS,
    )
