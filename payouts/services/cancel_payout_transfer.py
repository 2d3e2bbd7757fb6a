"""Get a payout out of its rail again, as far as the rail allows, and back to a reviewer."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from audit.actor import Actor
from audit.models import Entry
from audit.record import Note, record
from guard.errors import Conflicted, Invalid
from payouts.cancel_plan import Plan, Step, plan_cancel
from payouts.models import PayoutRequest, PayoutStatus
from payouts.selectors import get_payout, open_findings, transfer_of
from payouts.services.cancel_payout import cancel_payout, cancel_transfer
from payouts.services.reissue_payout import reissue_payout
from payouts.services.reject_payout import reject_payout
from payouts.services.retry_payout import retry_payout
from payouts.services.review_kyc_again import review_kyc_again
from payouts.services.set_payout_status import set_payout_status
from transfers.models import TransferStatus
from transfers.services.confirm_transfer import confirm_transfer
from transfers.services.raise_finding import raise_finding
from transfers.services.resolve_finding import resolve_finding
from transfers.services.stop_transfer import stop_transfer
from transfers.services.take_back import take_back

# Withdraw or stop, look, take back, settle, reject, succeed; each at most once in a run.
_MOST_STEPS = 8
_ORDERED = "payout.cancel_at_rail"
# What is over once nothing of the debt is left at the rail.
_SETTLED_BY_ABSENCE = (
    "moved_although_not_processing",
    "moved_twice",
    "paid_although_not_approved",
    "cancelled_although_sent",
)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What was done, a sentence each, and the request that waits for a decision now, if one does."""

    said: list[str]
    step: Step
    payout: PayoutRequest


def cancel_payout_transfer(*, payout_id: int, reason: str, actor: Actor) -> Cancelled:
    """Carry out `plan_cancel` step by step until nothing can be done now. Twice does no harm. Not in a transaction.

    Nothing sent: withdrawn. Unfunded at the rail: cancelled there, proven dead, failed -> requested. Funded: cancelled
    if the rail allows; the refund is waited for, and the next run goes on. A payout that was paid stays so, and one
    that was rejected ends so: their successor waits in `requested`. Before anything of it the payee's KYC is to be
    checked again. Raises NotFound, Invalid (422), RailUnavailable (503), and 409s: Conflicted, CallUnderWay,
    NotStoppable.
    """
    if not reason.strip():
        raise Invalid("Say why.", field="reason", code="required")
    said: list[str] = []
    for _ in range(_MOST_STEPS):
        plan = plan_cancel(payout_id)
        if plan.step.is_end:
            said.append(plan.text)
            return Cancelled(said, plan.step, _waiting_now(payout_id))
        if not said:
            _ordered(payout_id, plan, reason.strip(), actor)
        said.append(plan.text)
        _STEPS[plan.step](payout_id, plan, reason.strip(), actor)
        if plan.step is Step.STOP and _is_still_on_its_way(payout_id):
            text = "The rail has not confirmed that it is cancelled. It is asked again by itself."
            return Cancelled([*said, text], Step.WAIT, get_payout(payout_id))
    raise Conflicted("It keeps changing: look at it and try again.")


def _ordered(payout_id: int, plan: Plan, reason: str, actor: Actor) -> None:
    payout = get_payout(payout_id)
    if not _is_ordered_already(payout_id):
        review_kyc_again(payee_id=payout.payee_id, reason=reason, actor=actor)
    record(
        Note(
            f"payout:{payout_id}",
            _ORDERED,
            actor,
            prior_status=payout.status,
            new_status=payout.status,
            reason=reason,
            snapshot={"step": plan.step.value, "plan": plan.text, **plan.evidence},
        )
    )


def _is_ordered_already(payout_id: int) -> bool:
    """Since its last approval: a later run only goes on, and does not undo a check of the payee made since."""
    entries = Entry.objects.filter(subject=f"payout:{payout_id}").order_by("-seq")
    wanted = Q(action="payout.approved", outcome="won") | Q(action=_ORDERED)
    newest = entries.filter(wanted).first()
    return newest is not None and newest.action == _ORDERED


def _waiting_now(payout_id: int) -> PayoutRequest:
    payout = get_payout(payout_id)
    successor: PayoutRequest | None = getattr(payout, "superseded_by", None)
    return payout if successor is None else get_payout(successor.pk)


def _is_still_on_its_way(payout_id: int) -> bool:
    transfer = transfer_of(payout_id)
    return transfer is not None and transfer.status == TransferStatus.PROCESSING


def _withdraw(payout_id: int, _plan: Plan, reason: str, actor: Actor) -> None:
    status = get_payout(payout_id).status
    if status == PayoutStatus.APPROVED:
        cancel_payout(payout_id=payout_id, actor=actor, reason=reason, expected_status=status)
        return
    with transaction.atomic():
        cancel_transfer(payout_id, actor=actor, reason=reason)
    if status == PayoutStatus.PROCESSING:
        set_payout_status(
            payout_id=payout_id,
            status=PayoutStatus.FAILED,
            actor=actor,
            reason=reason,
            expected_status=status,
        )


def _stop(payout_id: int, _plan: Plan, reason: str, actor: Actor) -> None:
    transfer = transfer_of(payout_id)
    if transfer is not None:
        stop_transfer(transfer_id=transfer.pk, reason=reason, actor=actor)


def _take_back(payout_id: int, plan: Plan, reason: str, actor: Actor) -> None:
    payout, transfer = get_payout(payout_id), transfer_of(payout_id)
    if transfer is None or transfer.status != TransferStatus.SUCCESS:
        # Nobody may approve it again while this is out.
        raise_finding(
            subject=f"transfer:{transfer.pk}" if transfer else f"payout:{payout_id}",
            kind="cancelled_although_sent",
            detail=f"{plan.reference} is at the rail, but the payout is {payout.status}.",
            actor=actor,
            evidence={**plan.evidence, "payout_status": payout.status},
        )
    take_back(
        rail=payout.rail,
        subject=f"transfer:{transfer.pk}" if transfer else f"payout:{payout_id}",
        reference=plan.reference,
        reason=reason,
        actor=actor,
    )
    if transfer is not None and transfer.status == TransferStatus.SUCCESS:
        confirm_transfer(transfer_id=transfer.pk, actor=actor)


def _settle(payout_id: int, _plan: Plan, _reason: str, actor: Actor) -> None:
    transfer = transfer_of(payout_id)
    if transfer is not None:
        confirm_transfer(transfer_id=transfer.pk, actor=actor)


def _review_again(payout_id: int, plan: Plan, reason: str, actor: Actor) -> None:
    _resolve(payout_id, plan, actor)
    status = get_payout(payout_id).status
    retry_payout(payout_id=payout_id, actor=actor, reason=reason, expected_status=status)


def _reject(payout_id: int, _plan: Plan, reason: str, actor: Actor) -> None:
    reject_payout(payout_id=payout_id, actor=actor, reason=reason)


def _succeed(payout_id: int, plan: Plan, reason: str, actor: Actor) -> None:
    _resolve(payout_id, plan, actor)
    reissue_payout(payout_id=payout_id, recipient=None, reason=reason, actor=actor)


def _resolve(payout_id: int, plan: Plan, actor: Actor) -> None:
    note = f"Nothing of it is left at the rail: {plan.evidence.get('transfers', plan.evidence)}"
    for finding in open_findings(payout_id, _SETTLED_BY_ABSENCE):
        resolve_finding(
            finding_id=finding.pk, resolution="fixed_at_rail", note=note[:2_000], actor=actor
        )


_STEPS = {
    Step.WITHDRAW: _withdraw,
    Step.STOP: _stop,
    Step.TAKE_BACK: _take_back,
    Step.SETTLE: _settle,
    Step.REVIEW_AGAIN: _review_again,
    Step.REJECT: _reject,
    Step.SUCCEED: _succeed,
}
