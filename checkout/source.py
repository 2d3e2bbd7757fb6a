"""What a transfer tells its refund, inside the transfer's own transaction (transfers/sources.py)."""

from typing import Any

from audit.actor import Actor
from checkout.holds import release
from checkout.models import Hold, Refund, RefundStatus
from guard.door import Won, change_status
from guard.errors import Conflicted
from transfers.models import Transfer, TransferStatus
from transfers.services.raise_finding import raise_finding

_STEPS = {
    TransferStatus.PROCESSING: (RefundStatus.PROCESSING,),
    # Money moved or not is a fact, also for a refund that nobody saw being claimed.
    TransferStatus.SUCCESS: (RefundStatus.PROCESSING, RefundStatus.REFUNDED),
    TransferStatus.FAILED: (RefundStatus.PROCESSING, RefundStatus.FAILED),
}
_DISPATCHED = (RefundStatus.APPROVED, RefundStatus.PROCESSING)


class RefundSource:
    """Refunds as a source of transfers."""

    def may_start(self, transfer: Transfer, *, actor: Actor) -> bool:
        """Is this refund approved? Its row is locked until the end of the transaction."""
        refund = Refund.objects.select_for_update(no_key=True).get(pk=transfer.source_id)
        return refund.status in _DISPATCHED

    def transfer_changed(self, transfer: Transfer, *, to: str, actor: Actor, reason: str) -> None:
        """Follow the transfer. Raises Conflicted to undo a step that no decision covers."""
        refund = Refund.objects.select_for_update(no_key=True).get(pk=transfer.source_id)
        if to == TransferStatus.PENDING:
            # What it held is free: the same money may be in another refund by now.
            raise Conflicted("Ask for a new refund instead: a failed one stays failed.")
        if to in _STEPS:
            _follow(refund, transfer, TransferStatus(to), actor=actor, reason=reason)
        elif to in (TransferStatus.RETURNED, TransferStatus.REVERSED, TransferStatus.CANCELLED):
            raise_finding(
                subject=f"refund:{refund.pk}",
                kind="refund_came_back",
                detail=f"Transfer {transfer.pk} is {to}; the refund is {refund.status}.",
                actor=actor,
                evidence={"transfer": transfer.pk, "to": to},
            )

    def recipient_details(self, transfer: Transfer) -> dict[str, Any]:
        """Who sent the money gets it, and is told of which of their transactions it is.

        A memo of type return is what Stellar has for that; it does not name a customer of an exchange, so an account
        that wants a memo gets nothing this way (`memo_required`).
        """
        first = (
            Hold.objects.filter(refund=transfer.source_id)
            .order_by("id")
            .select_related("receipt")[0]
        )
        return {
            "type": "stellar",
            "address": transfer.destination,
            "returns": first.receipt.tx_hash,
        }


def _follow(
    refund: Refund, transfer: Transfer, to: TransferStatus, *, actor: Actor, reason: str
) -> None:
    believed = refund.status
    for step in _STEPS[to]:
        if believed == step:
            continue
        if believed not in _DISPATCHED:
            _disagree(refund, transfer, to, actor=actor)
            return
        result = change_status(
            Refund, refund.pk, believed=believed, to=step, actor=actor, reason=reason
        )
        if not isinstance(result, Won):
            raise RuntimeError(f"refund {refund.pk} moved although its row was locked")
        believed = step
    if believed == RefundStatus.FAILED:
        release(refund.holds.all())


def _disagree(refund: Refund, transfer: Transfer, to: TransferStatus, *, actor: Actor) -> None:
    """A start can be undone; what the rail proved cannot, so it becomes a finding."""
    if to == TransferStatus.PROCESSING:
        raise Conflicted(f"The refund is {refund.status}: nothing may leave for it.")
    if to == TransferStatus.SUCCESS and refund.status != RefundStatus.REFUNDED:
        raise_finding(
            subject=f"refund:{refund.pk}",
            kind="refunded_although_not_approved",
            detail=f"Transfer {transfer.pk} moved money, but the refund is {refund.status}.",
            actor=actor,
            evidence={"transfer": transfer.pk, "refund_status": refund.status},
        )
