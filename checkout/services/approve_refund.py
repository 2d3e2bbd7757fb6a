"""Another person says yes to a refund: the decision and its one transfer are one commit."""

import uuid
from typing import Any

from django.db import transaction

from audit.actor import Actor
from audit.record import Note, record
from checkout.decision import audit_refusal, known_status, raise_unless_won
from checkout.errors import SelfApproval
from checkout.models import Refund, RefundStatus
from checkout.people import person
from checkout.selectors import get_refund
from guard.door import Result, Won, change_status
from guard.errors import PermissionDenied, Refused
from guard.statement import MOVED_PK, Insert, SecondsFromNow
from transfers.models import Rail, SourceType, Transfer, TransferStatus
from transfers.wake import wake_after_commit


def approve_refund(
    *,
    refund_id: int,
    actor: Actor,
    reason: str = "",
    expected_status: str | None = None,
    expected_version: int | None = None,
) -> Refund:
    """Requested -> approved with its transfer on the rail it came in by; workers are woken after the commit.

    Who asked may not approve, and only a person may. Own transaction. Raises NotFound, SelfApproval and
    PermissionDenied (403), AlreadyDecided (409), IllegalTransition (422); every refusal is audited.
    """
    believed = known_status(expected_status, RefundStatus.REQUESTED, RefundStatus.values)
    with transaction.atomic():
        refund = get_refund(refund_id)
        undecided = refund.status == believed == RefundStatus.REQUESTED
        refused = _refusal(refund, actor) if undecided else None
        result: Result | Refused
        if refused is None:
            result = _approve(refund, believed, expected_version, reason, actor)
        else:
            to = RefundStatus.APPROVED
            result = audit_refusal(refused, Refund, refund_id, to=to, actor=actor)
    raise_unless_won(Refund, refund_id, result, RefundStatus.APPROVED, RefundStatus.REJECTED)
    return get_refund(refund_id)


def _refusal(refund: Refund, actor: Actor) -> Refused | None:
    if actor.user_id is None:
        return PermissionDenied("A person approves refunds.")
    if actor.user_id == refund.requested_by_id:
        return SelfApproval("You asked for this refund: another person approves it.")
    return None


def _approve(
    refund: Refund, believed: str, version: int | None, reason: str, actor: Actor
) -> Result:
    result = change_status(
        Refund,
        refund.pk,
        believed=believed,
        to=RefundStatus.APPROVED,
        version=version,
        actor=actor,
        reason=reason,
        changes={
            "reviewed_by": person(actor),
            "reviewed_by_id": actor.user_id,
            "reviewed_at": SecondsFromNow(0),
            "review_note": reason,
        },
        causes=[Insert(Transfer, _new_transfer(refund))],
        snapshot={"amount": str(refund.amount), "destination": refund.destination},
    )
    if isinstance(result, Won):
        _order(refund, actor)
    return result


def _new_transfer(refund: Refund) -> dict[str, Any]:
    return {
        "debt_key": uuid.uuid4(),
        "source_type": SourceType.REFUND,
        "source_id": MOVED_PK,
        "source_reference": str(refund.pk),
        "user_id": "",
        "payee_name": f"{refund.destination[:4]}…{refund.destination[-4:]}",
        "amount_minor": refund.amount_minor,
        "currency": refund.currency,
        "rail": Rail.STELLAR,
        "destination": refund.destination,
        "status": TransferStatus.PENDING,
    }


def _order(refund: Refund, actor: Actor) -> None:
    pk = Transfer.objects.values_list("pk", flat=True).get(
        source_type=SourceType.REFUND, source_id=refund.pk
    )
    record(
        Note(
            f"transfer:{pk}",
            "transfer.pending",
            actor,
            outcome="won",
            new_status=TransferStatus.PENDING,
            snapshot={"refund": refund.pk, "amount": str(refund.amount), "rail": Rail.STELLAR},
        )
    )
    wake_after_commit([pk])
