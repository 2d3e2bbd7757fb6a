"""What cancelling a payout at its rail would do next: read from our rows and the rail's books, changes nothing.

The same plan is the dry run on a terminal, the preview on a page, and what `cancel_payout_transfer` carries out.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from audit.models import Entry
from payouts.models import PayoutRequest, PayoutStatus
from payouts.selectors import get_payout, returned_of, transfer_of
from rails.answers import Movement, Seen, Unreachable
from rails.wise_values import CANCELLED, SENT
from transfers.census import can_withdraw, take_census
from transfers.drivers.protocol import Census
from transfers.drivers.registry import driver_for
from transfers.models import Transfer, TransferStatus
from transfers.pace import TurnTooFar
from transfers.services.confirm_transfer import PATIENCE_SECONDS, RailUnavailable

_UNDECIDED: Final = "bounced_back"
_DEAD: Final = (TransferStatus.FAILED, TransferStatus.CANCELLED)
_BACK: Final = (TransferStatus.RETURNED, TransferStatus.REVERSED)


class Step(StrEnum):
    """One step; the last three end a run."""

    WITHDRAW = "withdraw"
    STOP = "stop"
    TAKE_BACK = "take_back"
    SETTLE = "settle"
    REVIEW_AGAIN = "review_again"
    REJECT = "reject"
    SUCCEED = "succeed"
    WAIT = "wait"
    REFUSED = "refused"
    DONE = "done"

    @property
    def is_end(self) -> bool:
        """Is there nothing to do now?"""
        return self in (Step.WAIT, Step.REFUSED, Step.DONE)


@dataclass(frozen=True, slots=True)
class Plan:
    """`text` for people; `reference`: the payment at the rail that it is about; `evidence`: what was read there."""

    step: Step
    text: str
    reference: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


def plan_cancel(payout_id: int) -> Plan:
    """The next step for this payout. HTTP reads where money may be at the rail, so not in a transaction.

    Raises NotFound, RailUnavailable (503: without the rail's books nothing is promised), NotStoppable (409).
    """
    payout = get_payout(payout_id)
    successor = getattr(payout, "superseded_by", None)
    if successor is not None:
        return Plan(Step.DONE, f"It was reissued as payout {successor.pk}: that one is decided.")
    transfer = transfer_of(payout_id)
    if transfer is None:
        return _without_transfer(payout)
    if transfer.status == TransferStatus.PENDING:
        return Plan(
            Step.WITHDRAW,
            "Its transfer was not sent yet: it is withdrawn here, and nothing was ordered at the rail.",
        )
    if transfer.status in (TransferStatus.PROCESSING, TransferStatus.SUCCESS):
        return _under_way(transfer)
    return _over(payout, transfer)


def _under_way(transfer: Transfer) -> Plan:
    if not can_withdraw(transfer.rail):
        rail = transfer.get_rail_display()
        return Plan(Step.REFUSED, f"{rail} takes no payment back: only the payee can return it.")
    if transfer.status == TransferStatus.PROCESSING:
        return _on_its_way(transfer)
    return _paid(transfer)


def _without_transfer(payout: PayoutRequest) -> Plan:
    if payout.status == PayoutStatus.REQUESTED:
        return Plan(Step.DONE, "It waits for a decision, and nothing was ever ordered for it.")
    found = _census(payout, None)
    at_rail = _at_rail(found)
    if at_rail is not None:
        return at_rail
    if found.found:
        return Plan(Step.SUCCEED, _SUCCESSOR, evidence=found.evidence)
    return Plan(
        Step.DONE,
        f"It is {payout.status}, nothing was ordered for it here, and the rail has no payment for it.",
        evidence=found.evidence,
    )


_SUCCESSOR: Final = (
    "Nothing of it is left at the rail: a successor waits in the queue, "
    "and the payee's KYC is looked at again."
)


def _on_its_way(transfer: Transfer) -> Plan:
    attempt = transfer.attempts.filter(outcome__in=("live", "unknown")).first()
    reference = attempt.funding_reference if attempt is not None else ""
    if attempt is not None and "cancel" in attempt.progress:
        text = (
            "Its cancellation is ordered and the rail has not confirmed it. It is asked again now."
        )
    elif not reference:
        text = "The rail has no payment yet that could be funded: none is made for it any more."
    elif transfer.outcome_unknown:
        text = (
            f"Nobody knows yet whether {reference} was funded. It is looked up; if it was not, it is cancelled, and if "
            "it was, it counts as paid and is cancelled as far as the rail allows."
        )
    else:
        text = f"{reference} is not funded, as far as is known: it is cancelled at the rail."
    return Plan(Step.STOP, text, reference)


def _paid(transfer: Transfer) -> Plan:
    try:
        seen = driver_for(transfer.rail).look_up(transfer, patience_seconds=PATIENCE_SECONDS)
    except TurnTooFar as later:
        raise RailUnavailable(f"{later}.", retry_after=later.seconds) from later
    if isinstance(seen, Unreachable):
        raise RailUnavailable(f"{transfer.rail} did not answer: {seen.reason}.", retry_after=5)
    if not seen.movements:
        return Plan(
            Step.REFUSED,
            f"{transfer.rail_reference} is not in the rail's books. Resolve that finding first.",
            transfer.rail_reference,
            seen.evidence,
        )
    return _by_state(seen.movements[0], seen)


def _by_state(movement: Movement, seen: Seen) -> Plan:
    reference = movement.reference
    if movement.has_returned and movement.returned_minor:
        return Plan(
            Step.SETTLE, f"{reference} is back: that is written down.", reference, seen.evidence
        )
    plan = _funded(reference, movement.state)
    if movement.has_returned:
        text = f"{reference} is back, and the rail does not say yet how much of it."
        plan = Plan(Step.WAIT, text, reference)
    return Plan(plan.step, plan.text, reference, seen.evidence)


def _funded(reference: str, state: str) -> Plan:
    """For a payment that has been funded and is not back."""
    if state == SENT:
        text = (
            f"{reference} was sent to the bank: the rail does not stop it any more. It comes back only if the bank "
            "returns it, or from the payee."
        )
        return Plan(Step.REFUSED, text, reference)
    if state in (CANCELLED, _UNDECIDED):
        text = f"{reference} is {state}: its money is not back yet. Run this again when it is."
        return Plan(Step.WAIT, text, reference)
    text = f"{reference} is funded and {state}: the rail is asked to cancel it. Then its refund is waited for."
    return Plan(Step.TAKE_BACK, text, reference)


def _census(payout: PayoutRequest, transfer: Transfer | None) -> Census:
    if not can_withdraw(payout.rail):
        # Its driver proves each attempt dead before it fails; there is nothing else to be found.
        return Census(
            [], {"asked": f"nothing: the books of {payout.rail} are not searched by debt"}
        )
    return take_census(
        rail=payout.rail, transfer=transfer, source_id=payout.pk, since=payout.created_at
    )


def _at_rail(found: Census) -> Plan | None:
    """What is still alive at the rail although nothing should be; None when nothing is."""
    for one in found.live:
        plan = _funded(one.reference, one.state)
        return Plan(plan.step, plan.text, one.reference, found.evidence)
    for one in found.open:
        text = f"{one.reference} is at the rail and not funded: it is cancelled there."
        return Plan(Step.TAKE_BACK, text, one.reference, found.evidence)
    return None


def _over(payout: PayoutRequest, transfer: Transfer) -> Plan:
    found = _census(payout, transfer)
    at_rail = _at_rail(found)
    if at_rail is not None:
        return at_rail
    step, text = _next(payout, transfer)
    return Plan(step, text, transfer.rail_reference, found.evidence)


def _next(payout: PayoutRequest, transfer: Transfer) -> tuple[Step, str]:
    """Nothing is alive at the rail: where the request goes by its own table."""
    status = PayoutStatus(payout.status)
    if transfer.status in _BACK:
        return _came_back(status, transfer)
    if status == PayoutStatus.REJECTED:
        return Step.SUCCEED, _SUCCESSOR
    if status in (PayoutStatus.APPROVED, PayoutStatus.PROCESSING):
        return Step.WITHDRAW, f"Its transfer is {transfer.status}: the request follows."
    if status in (PayoutStatus.FAILED, PayoutStatus.CANCELLED):
        text = "Nothing of it is left at the rail: it goes back to the queue, and the payee's KYC is looked at again."
        return Step.REVIEW_AGAIN, text
    return Step.DONE, "It waits for a decision, and nothing of it is left at the rail."


def _came_back(status: PayoutStatus, transfer: Transfer) -> tuple[Step, str]:
    back = returned_of(transfer)
    if status == PayoutStatus.REQUESTED:
        # A request whose money moved once is never approved again: it ends, and its successor is decided.
        return Step.REJECT, f"{back} came back for it: it ends here, and a successor is decided."
    if status == PayoutStatus.PAID and not _was_taken_back(transfer):
        text = f"{back} came back by itself. Reissue it, into other details if these were wrong."
        return Step.DONE, text
    return Step.SUCCEED, f"{back} came back. {_SUCCESSOR}"


def _was_taken_back(transfer: Transfer) -> bool:
    entries = Entry.objects.filter(subject=f"transfer:{transfer.pk}")
    return entries.filter(action="transfer.take_back_ordered").exists()
