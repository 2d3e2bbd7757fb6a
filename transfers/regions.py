"""What belongs to a region here: transfers by what they pay, and what is said about them.

Bookings belong to none, nor do their transfers.
"""

from django.db.models import Exists, OuterRef, Q

from access.regions import Scoped, hold_to_regions, sources_seen, subjects_seen
from audit.models import Entry
from transfers.models import (
    Finding,
    Rail,
    RailEvent,
    SourceType,
    StellarEnvelope,
    StellarPayment,
    Transfer,
)

_ABOUT = ("payout", "transfer")


def register() -> None:
    """Called when the app is ready."""
    hold_to_regions(Scoped(Transfer, transfers_seen, "transfer", "transfer_id"))
    hold_to_regions(
        Scoped(Finding, lambda regions: subjects_seen(regions, _ABOUT), "finding", "finding_id")
    )
    hold_to_regions(Scoped(Entry, subjects_seen))
    hold_to_regions(Scoped(StellarEnvelope, _envelopes_seen, "stellarenvelope"))
    # The rails of payouts tell of all regions in one stream; what is about a payout is on its own timeline.
    hold_to_regions(Scoped(RailEvent, lambda regions: Q(rail=Rail.STRIPE)))


def transfers_seen(regions: frozenset[str]) -> Q:
    """Transfers of what these regions see, and of what belongs to no region."""
    return sources_seen(regions, SourceType.values)


def _envelopes_seen(regions: frozenset[str]) -> Q:
    """Transactions on Stellar, unless one of their payments is not seen."""
    seen = Transfer.objects.filter(transfers_seen(regions)).values("pk")
    payments = StellarPayment.objects.filter(envelope=OuterRef("pk"))
    return ~Q(Exists(payments.exclude(attempt__transfer__in=seen)))
