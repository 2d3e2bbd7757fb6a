"""Unfold's callbacks from settings: who sees which entry of the sidebar, and which Stripe this is."""

from django.conf import settings
from django.http import HttpRequest

from transfers.console.gate import sees


def environment(request: HttpRequest) -> list[str] | None:
    """A label in the header unless this talks to the real Stripe: nobody shall mistake one for the other."""
    if settings.STRIPE_API_BASE.rstrip("/") == "https://api.stripe.com":
        live = settings.STRIPE_API_KEY.startswith(("sk_live_", "rk_live_"))
        return None if live else ["Stripe test mode", "info"]
    return ["Sandbox, no real money", "warning"]


def sees_bookings(request: HttpRequest) -> bool:
    """Bookings."""
    return sees(request, "booking.read")


def sees_transfers(request: HttpRequest) -> bool:
    """Transfers."""
    return sees(request, "transfer.read")


def sees_payouts(request: HttpRequest) -> bool:
    """Payout requests."""
    return sees(request, "payout.read")


def sees_commissions(request: HttpRequest) -> bool:
    """Affiliates' commissions."""
    return sees(request, "commission.read")


def sees_checkout(request: HttpRequest) -> bool:
    """Sessions, incoming payments, refunds and the reconciler."""
    return sees(request, "checkout.read")


def sees_findings(request: HttpRequest) -> bool:
    """Findings."""
    return sees(request, "finding.read")


def sees_rail_events(request: HttpRequest) -> bool:
    """Rail events."""
    return sees(request, "webhook.read")


def sees_audit(request: HttpRequest) -> bool:
    """The audit log and its seals."""
    return sees(request, "audit.read")


def sees_access(request: HttpRequest) -> bool:
    """People, roles and tokens."""
    return sees(request, "access.read")
