"""Look at a finished transfer once more: money that arrived may come back by itself for eight weeks."""

from django.conf import settings
from django.db import connection
from django.utils import timezone

from audit.actor import Actor
from rails.answers import LookUp, Seen, Unreachable
from transfers.claim import claim_to_watch
from transfers.drivers.registry import driver_for
from transfers.models import Transfer, TransferStatus
from transfers.policy import WATCH_EVERY, WATCH_FOR
from transfers.services.confirm_transfer import apply_look_up

# Between two looks while the rail is about to decide something.
_SOON_SECONDS = 3600.0
_UNSETTLED = ("bounced_back", "cancelled", "processing", "funds_converted")


def watch_transfer(transfer: Transfer, *, actor: Actor) -> None:
    """Read it from the rail and apply what it says; nothing if no look is due. Not in a transaction."""
    fence = claim_to_watch(transfer)
    if fence is None:
        return
    seen = driver_for(transfer.rail).look_up(transfer)
    if isinstance(seen, Seen):
        apply_look_up(transfer, seen, actor)
    _look_again(transfer, fence, seen)


def _look_again(transfer: Transfer, fence: int, seen: LookUp) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE transfers_transfer SET due_at = clock_timestamp() + make_interval(secs => %s::float8) "
            "WHERE id = %s AND fence = %s",
            [_seconds_until_next(transfer, seen), transfer.pk, fence],
        )


def _seconds_until_next(transfer: Transfer, seen: LookUp) -> float | None:
    """None: the watch is over."""
    if isinstance(seen, Unreachable):
        return max(settings.PROBE_DELAYS_SECONDS)
    now_returned = Transfer.objects.filter(pk=transfer.pk, status=TransferStatus.RETURNED).exists()
    unsettled = any(
        movement.state in _UNSETTLED or (movement.has_returned and not now_returned)
        for movement in seen.movements
    )
    if unsettled:
        # Also after the eight weeks: its money is on the way to somebody.
        return _SOON_SECONDS
    attempt = transfer.attempts.filter(outcome="succeeded").first()
    began = attempt.resolved_at if attempt is not None else None
    if began is None or timezone.now() - began > WATCH_FOR:
        return None
    return WATCH_EVERY.total_seconds()
