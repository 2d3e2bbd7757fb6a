"""Unfold's callbacks from settings: who sees which entry of the sidebar, and which rails move real money."""

from typing import Final

from django.conf import settings
from django.http import HttpRequest

from transfers.console.gate import sees

_REAL_STRIPE: Final = "https://api.stripe.com"
_REAL_WISE: Final = "https://api.wise.com"
_REAL_STELLAR: Final = "Public Global Stellar Network"


def environment(request: HttpRequest) -> list[str] | None:
    """A label in the header unless every rail is the real one: nobody shall mistake one for the other."""
    rails = _rails()
    unreal = [name for name, is_real in rails.items() if not is_real]
    if not unreal:
        return None
    real = [name for name, is_real in rails.items() if is_real]
    if not real:
        return [f"No real money: {', '.join(unreal)}", "warning"]
    return [f"No real money: {', '.join(unreal)}. Real: {', '.join(real)}", "danger"]


def _rails() -> dict[str, bool]:
    """Each configured rail, and whether it moves real money: not in a sandbox, a test mode or a test network."""
    key, found = settings.STRIPE_API_KEY, {}
    if key:
        live = key.startswith(("sk_live_", "rk_live_"))
        found["Stripe"] = live and settings.STRIPE_API_BASE.rstrip("/") == _REAL_STRIPE
    if settings.WISE_API_TOKEN and settings.WISE_PROFILE_ID:
        found["Wise"] = settings.WISE_API_BASE.rstrip("/") == _REAL_WISE
    if settings.HORIZON_URL:
        found["Stellar"] = _REAL_STELLAR in settings.STELLAR_NETWORK_PASSPHRASE
    return found


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
