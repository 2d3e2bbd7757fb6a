"""What belongs to a region here: a payout request to the one it was made in, the rest to its payee's."""

from django.db.models import Q

from access.regions import Regions, Scoped, hold_to_regions
from guard.errors import NotFound, PermissionDenied
from payouts.models import Commission, Payee, PayoutRequest


def register() -> None:
    """Called when the app is ready."""
    hold_to_regions(Scoped(PayoutRequest, _own, "payout", "payout_id"))
    hold_to_regions(Scoped(Payee, _own, "payee", "external_id", lookup="external_id"))
    hold_to_regions(
        Scoped(
            Commission,
            lambda regions: Q(payee__region__in=regions),
            "commission",
            "commission_id",
        )
    )


def _own(regions: frozenset[str]) -> Q:
    return Q(region__in=regions)


def check_region(region: str, regions: Regions, *, known: str = "") -> None:
    """Raises NotFound for a payee (`known`) of another region, PermissionDenied (403) for a new one there."""
    if regions is None or region in regions:
        return
    if known:
        raise NotFound(f"There is no payee {known}.")
    raise PermissionDenied(f"You work for {', '.join(sorted(regions))}, and this is {region}.")
