"""What a transfer tells its payout request, inside the transfer's own transaction (transfers/sources.py).

Rows are locked in one order everywhere: payout, payee, transfer. So a worker asks `may_start` before it claims.
"""

from typing import Any

from django.conf import settings
from django.db import connection

from audit.actor import Actor
from guard.door import Won, change_in_place
from guard.errors import Conflicted
from guard.statement import SecondsFromNow
from money import Money
from payouts.change import change_payout
from payouts.models import PayoutRequest, PayoutStatus
from payouts.policy import within_drift
from payouts.selectors import facts_of, returned_of
from payouts.services.void_stale_approval import void_stale_approval
from transfers.models import Transfer, TransferStatus
from transfers.services.raise_finding import raise_finding

_STEPS = {
    TransferStatus.PROCESSING: (PayoutStatus.PROCESSING,),
    # Money moved or not is a fact, also for a payout that nobody saw being claimed.
    TransferStatus.SUCCESS: (PayoutStatus.PROCESSING, PayoutStatus.PAID),
    TransferStatus.FAILED: (PayoutStatus.PROCESSING, PayoutStatus.FAILED),
}
_DISPATCHED = (PayoutStatus.APPROVED, PayoutStatus.PROCESSING)


class PayoutSource:
    """Payout requests as a source of transfers."""

    def may_start(self, transfer: Transfer, *, actor: Actor) -> bool:
        """Is this payout still approved, for exactly what would be sent now? If not, it and its transfer are withdrawn.

        The payout's row is locked until the end of the transaction, and its payee's is shared: no cancellation, KYC
        decision or new bank details slip in before the claim is committed. False must be committed as well.
        """
        payout = _lock(transfer.source_id)
        now = facts_of(payout)
        if payout.status in _DISPATCHED and payout.approval_fingerprint == now.fingerprint():
            return True
        void_stale_approval(payout=payout, now=now, actor=actor)
        return False

    def transfer_changed(self, transfer: Transfer, *, to: str, actor: Actor, reason: str) -> None:
        """Follow the transfer. Raises Conflicted to undo a step that no decision covers."""
        if to in (TransferStatus.RETURNED, TransferStatus.REVERSED):
            _came_back(transfer, to=to, actor=actor, reason=reason)
        elif to in _STEPS:
            _follow(transfer, to=TransferStatus(to), actor=actor, reason=reason)
        elif to == TransferStatus.PENDING and _status(transfer) not in _DISPATCHED:
            raise Conflicted(
                "Retry the payout request instead: it is decided anew, then it is sent again."
            )

    def recipient_details(self, transfer: Transfer) -> dict[str, Any]:
        """The details with their `type`, in full. Raises RecipientUnreadable when no key fits."""
        payout = PayoutRequest.objects.select_related("recipient").get(pk=transfer.source_id)
        return {"type": payout.recipient.type, **payout.recipient.details()}

    def quote_refusal(self, transfer: Transfer, *, source: Money) -> str:
        """Why `source` must not leave for what was signed; empty when it may, or when no price was signed."""
        payout = PayoutRequest.objects.get(pk=transfer.source_id)
        if payout.quote is None:
            return ""
        signed = Money(payout.quote["source_minor"], payout.quote["source_currency"])
        if within_drift(signed, source, settings.QUOTE_MAX_DRIFT_PERCENT):
            return ""
        return f"It would cost {source} now, and {signed} was approved."


def _lock(payout_id: int) -> PayoutRequest:
    PayoutRequest.objects.select_for_update(no_key=True).get(pk=payout_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM payouts_payee AS payee JOIN payouts_payoutrequest AS payout ON payout.payee_id = payee.id "
            "WHERE payout.id = %s FOR SHARE OF payee",
            [payout_id],
        )
    # Read after both locks are held: what a committed change left behind is seen.
    return PayoutRequest.objects.select_related("payee", "recipient").get(pk=payout_id)


def _status(transfer: Transfer) -> str:
    return PayoutRequest.objects.values_list("status", flat=True).get(pk=transfer.source_id)


def _follow(transfer: Transfer, *, to: TransferStatus, actor: Actor, reason: str) -> None:
    payout = PayoutRequest.objects.select_for_update(no_key=True).get(pk=transfer.source_id)
    goal = _STEPS[to][-1]
    if payout.status == goal:
        return
    steps = _STEPS[to] if payout.status == PayoutStatus.APPROVED else _STEPS[to][-1:]
    believed = payout.status
    if believed not in _DISPATCHED:
        _disagree(payout, transfer, to=to, actor=actor)
        return
    for step in steps:
        result = change_payout(payout.pk, believed=believed, to=step, actor=actor, reason=reason)
        if not isinstance(result, Won):
            raise RuntimeError(f"payout {payout.pk} moved although its row was locked")
        believed = step


def _disagree(
    payout: PayoutRequest, transfer: Transfer, *, to: TransferStatus, actor: Actor
) -> None:
    """A start can be undone; what a rail proved cannot, so it becomes a finding."""
    if to == TransferStatus.PROCESSING:
        raise Conflicted(f"The payout is {payout.status}: nothing may leave for it.")
    if to == TransferStatus.FAILED:
        return
    raise_finding(
        subject=f"payout:{payout.pk}",
        kind="paid_although_not_approved",
        detail=f"Transfer {transfer.pk} moved money, but the payout is {payout.status}.",
        actor=actor,
        evidence={"transfer": transfer.pk, "payout_status": payout.status},
    )


def _came_back(transfer: Transfer, *, to: str, actor: Actor, reason: str) -> None:
    returned = returned_of(Transfer.objects.get(pk=transfer.pk))
    change_in_place(
        PayoutRequest,
        transfer.source_id,
        status=PayoutStatus.PAID,
        action=to,
        actor=actor,
        reason=reason,
        changes={"returned_at": SecondsFromNow(0)},
        snapshot={"returned": returned and str(returned), "transfer": transfer.pk},
    )
