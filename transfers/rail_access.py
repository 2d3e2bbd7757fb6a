"""The adapters of this process, configured from settings. One per rail, shared by its threads."""

from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings

from guard.errors import Refused
from rails.stripe import StripeRail
from rails.wise import WiseRail

if TYPE_CHECKING:
    from rails.horizon import HorizonRail
    from rails.stellar_tx import Treasury


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


@cache
def horizon_rail() -> "HorizonRail":
    """The Horizon adapter. Raises RailNotConfigured without HORIZON_URL and STELLAR_NETWORK_PASSPHRASE."""
    from rails.horizon import HorizonRail  # noqa: PLC0415 - loading it takes a second, and few processes need it

    if not settings.HORIZON_URL or not settings.STELLAR_NETWORK_PASSPHRASE:
        raise RailNotConfigured(
            "Stellar is not configured: set HORIZON_URL and STELLAR_NETWORK_PASSPHRASE.",
            reason="no address",
        )
    return HorizonRail(
        url=settings.HORIZON_URL,
        network_passphrase=settings.STELLAR_NETWORK_PASSPHRASE,
        timeout_seconds=settings.RAIL_TIMEOUT_SECONDS,
    )


@cache
def stellar_treasury() -> "Treasury":
    """What signs Stellar payments. Raises RailNotConfigured without a usable STELLAR_TREASURY_SECRET."""
    from rails.stellar_tx import Treasury  # noqa: PLC0415 - loading it takes a second, and few processes need it

    try:
        return Treasury(
            secret=settings.STELLAR_TREASURY_SECRET,
            network_passphrase=settings.STELLAR_NETWORK_PASSPHRASE,
            channels=settings.STELLAR_CHANNELS,
            channel_secrets=settings.STELLAR_CHANNEL_SECRETS,
        )
    except ValueError:
        # Not chained: the library's message may repeat the secret.
        raise RailNotConfigured(
            "Stellar cannot pay: STELLAR_TREASURY_SECRET or STELLAR_CHANNEL_SECRETS hold no secret key.",
            reason="no credentials",
        ) from None
