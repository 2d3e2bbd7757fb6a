"""A transfer's status changes here: the guard's door, and its source hears of it in the same transaction."""

from typing import Any

from django.db import transaction

from audit.actor import Actor
from guard.door import Result, Won, change_status
from transfers.models import Transfer
from transfers.sources import source_of


def change_transfer(
    transfer: Transfer, *, believed: str, to: str, actor: Actor, reason: str = "", **door: Any
) -> Result:
    """`change_status` for a transfer (same keywords, same results), then the source's callback if it won.

    A booking registers no source: for its transfers this is the door's one statement and nothing else. With a source
    both are one transaction, its own unless the caller has one open; what the callback raises undoes the change.
    """
    source = source_of(transfer)
    if source is None:
        return change_status(
            Transfer, transfer.pk, believed=believed, to=to, actor=actor, reason=reason, **door
        )
    with transaction.atomic():
        result = change_status(
            Transfer, transfer.pk, believed=believed, to=to, actor=actor, reason=reason, **door
        )
        if isinstance(result, Won):
            fresh = Transfer.objects.get(pk=transfer.pk)
            source.transfer_changed(fresh, to=to, actor=actor, reason=reason)
        return result
