"""A payout request's status changes here: the guard's door, and its commissions hear of it in the same transaction."""

from typing import Any

from django.db import transaction

from audit.actor import Actor
from guard.door import Result, Won, change_status
from payouts.commissions import follow
from payouts.models import PayoutRequest


def change_payout(
    payout_id: int, *, believed: str, to: str, actor: Actor, reason: str = "", **door: Any
) -> Result:
    """`change_status` for a payout request (same keywords, same results), then its commissions follow if it won.

    One transaction, its own unless the caller has one open. Raises ObligationLive (409), which undoes the change,
    when the request was asked for again and a commission of it is meanwhile paid by another.
    """
    with transaction.atomic():
        result = change_status(
            PayoutRequest,
            payout_id,
            believed=believed,
            to=to,
            actor=actor,
            reason=reason,
            **door,
        )
        if isinstance(result, Won):
            follow(payout_id, to, actor=actor, reason=reason)
        return result
