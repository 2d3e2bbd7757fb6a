"""A commission that was paid is owed back, once. It takes no money by itself: the debt is written down."""

from django.db import transaction

from audit.actor import Actor
from guard.statement import MOVED_PK, Insert
from payouts.commissions import get_commission, move, raise_unless_moved
from payouts.decision import person
from payouts.models import Commission, CommissionClawback, CommissionStatus


def claw_back_commission(
    *, commission_id: int, reason: str, actor: Actor, expected_version: int | None = None
) -> Commission:
    """Paid -> clawed back with its one `CommissionClawback` of the whole amount. Own transaction.

    Once: by the step, and by a unique column for whoever does not come through here. Raises NotFound,
    IllegalTransition (422: it is not paid), Conflicted (409).
    """
    commission = get_commission(commission_id)
    debt = Insert(
        CommissionClawback,
        {
            "commission": MOVED_PK,
            "amount_minor": commission.amount_minor,
            "currency": commission.currency,
            "reason": reason,
            "created_by": person(actor),
        },
    )
    with transaction.atomic():
        result = move(
            commission_id,
            CommissionStatus.CLAWED_BACK,
            believed=commission.status,
            version=expected_version,
            actor=actor,
            reason=reason,
            causes=[debt],
            snapshot={"amount": str(commission.amount), "payout": commission.live_payout_id},
        )
    raise_unless_moved(result)
    return get_commission(commission_id)
