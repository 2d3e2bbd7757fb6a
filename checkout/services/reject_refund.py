"""Somebody says no to a refund; what it held is free again."""

from django.db import transaction

from audit.actor import Actor
from checkout.decision import audit_refusal, known_status, raise_unless_won
from checkout.errors import NotNeeded
from checkout.holds import release
from checkout.models import Refund, RefundStatus
from checkout.people import person
from checkout.selectors import get_refund
from guard.door import Result, Won, change_status
from guard.errors import Refused
from guard.statement import SecondsFromNow


def reject_refund(
    *,
    refund_id: int,
    actor: Actor,
    reason: str = "",
    expected_status: str | None = None,
    expected_version: int | None = None,
) -> Refund:
    """Requested -> rejected, for good; who asked may take it back as well. Own transaction.

    The refund of a lost dispute is owed and cannot be rejected. Raises NotFound, AlreadyDecided and NotNeeded (409),
    IllegalTransition (422).
    """
    believed = known_status(expected_status, RefundStatus.REQUESTED, RefundStatus.values)
    with transaction.atomic():
        refund = get_refund(refund_id)
        result: Result | Refused
        if refund.dispute_id is not None:
            error = NotNeeded(f"Dispute {refund.dispute_id} was lost: this is owed.")
            result = audit_refusal(error, Refund, refund_id, to=RefundStatus.REJECTED, actor=actor)
        else:
            result = change_status(
                Refund,
                refund_id,
                believed=believed,
                to=RefundStatus.REJECTED,
                version=expected_version,
                actor=actor,
                reason=reason,
                changes={
                    "reviewed_by": person(actor),
                    "reviewed_by_id": actor.user_id,
                    "reviewed_at": SecondsFromNow(0),
                    "review_note": reason,
                },
            )
            if isinstance(result, Won):
                release(refund.holds.all())
    raise_unless_won(Refund, refund_id, result, RefundStatus.APPROVED, RefundStatus.REJECTED)
    return get_refund(refund_id)
