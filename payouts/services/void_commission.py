"""A commission is not owed after all. Once a payout request holds it, that request must end first."""

from django.db import transaction

from audit.actor import Actor
from payouts.commissions import get_commission, move, raise_unless_moved
from payouts.models import Commission, CommissionStatus


def void_commission(
    *, commission_id: int, actor: Actor, reason: str, expected_version: int | None = None
) -> Commission:
    """Accrued or approved -> voided, for good. Own transaction.

    Raises NotFound, IllegalTransition (422: it is in a payout request, paid, or ended), Conflicted (409).
    """
    believed = get_commission(commission_id).status
    with transaction.atomic():
        result = move(
            commission_id,
            CommissionStatus.VOIDED,
            believed=believed,
            version=expected_version,
            actor=actor,
            reason=reason,
        )
    raise_unless_moved(result)
    return get_commission(commission_id)
