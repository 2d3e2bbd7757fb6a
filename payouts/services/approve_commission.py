"""A commission is owed: from now on a payout request may include it."""

from django.db import transaction

from audit.actor import Actor
from payouts.commissions import get_commission, move, raise_unless_moved
from payouts.models import Commission, CommissionStatus


def approve_commission(
    *, commission_id: int, actor: Actor, reason: str = "", expected_version: int | None = None
) -> Commission:
    """Accrued -> approved; no money moves. Own transaction.

    Raises NotFound, IllegalTransition (422), Conflicted (409, with who was faster).
    """
    believed = get_commission(commission_id).status
    with transaction.atomic():
        result = move(
            commission_id,
            CommissionStatus.APPROVED,
            believed=believed,
            version=expected_version,
            actor=actor,
            reason=reason,
        )
    raise_unless_moved(result)
    return get_commission(commission_id)
