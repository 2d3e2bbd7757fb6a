"""What Wise's books say about one transfer: its state, whether it is funded, and what came back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rails.answers import LookUp, Movement, Seen, Unreachable
from rails.wise_values import CANCELLED, FUNDED_STATES, RETURNED_STATES, WAITING, WiseTransfer
from rails.wise_webhooks import notice_of
from transfers.drivers.protocol import Census, Found
from transfers.drivers.wise_steps import RAIL, turn
from transfers.models import Transfer, TransferAttempt
from transfers.rail_access import wise_rail
from transfers.selectors import rail_events_about

# A person waits for the answer.
PATIENCE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class WiseLook:
    """Two reads: the transfer, then its completed payments. `transfer` is None when Wise does not know it."""

    transfer: WiseTransfer | None
    payments: int
    evidence: dict[str, Any]

    @property
    def status(self) -> str:
        """Wise's word for its state."""
        return self.transfer.status if self.transfer is not None else "not found"

    @property
    def is_funded(self) -> bool:
        """Proof that money left the balance. A cancelled one may have been funded before: its payments say so."""
        return self.payments > 0 or self.status in FUNDED_STATES

    @property
    def is_waiting(self) -> bool:
        """Certainly not funded at this moment, and it still can be."""
        return not self.payments and self.status == WAITING

    @property
    def is_dead(self) -> bool:
        """Certainly not funded, and it cannot be any more."""
        return not self.payments and self.status == CANCELLED


def look(reference: str, patience_seconds: float | None = None) -> WiseLook | Unreachable:
    """Read one transfer and its payments, in that order: a payment in between is seen by the second."""
    turn(patience_seconds)
    read = wise_rail().read(reference)
    if isinstance(read, Unreachable):
        return read
    if read.value is None:
        asked = {"looked_at": reference, "status": "not found", "asked": [read.evidence["asked"]]}
        return WiseLook(None, 0, asked)
    turn(patience_seconds)
    payments = wise_rail().payments(reference)
    if isinstance(payments, Unreachable):
        return payments
    evidence = {
        "looked_at": reference,
        "status": read.value.status,
        "payments": payments.value,
        "asked": [read.evidence["asked"], payments.evidence["asked"]],
    }
    return WiseLook(read.value, payments.value, evidence)


def movement_of(transfer: WiseTransfer) -> Movement:
    """The transfer as a movement; only for one that is funded."""
    return Movement(
        reference=transfer.id,
        amount_minor=transfer.target_minor,
        currency=transfer.target_currency,
        destination=transfer.target_account,
        group=transfer.ctid,
        state=transfer.status,
    )


def look_up(transfer: Transfer, patience_seconds: float | None = None) -> LookUp:
    """What is proven about the newest fundable transfer of this debt: one movement, or none. Raises TurnTooFar."""
    attempt = transfer.attempts.exclude(funding_reference="").order_by("-number").first()
    if attempt is None:
        return Seen([], {"asked": "nothing: there is no transfer at Wise that may be funded"})
    seen = look(attempt.funding_reference, patience_seconds)
    if isinstance(seen, Unreachable):
        return seen
    # What was proven to be funded stays so when it is cancelled later: its money is on the way back.
    was_funded = transfer.rail_reference == attempt.funding_reference and seen.status == CANCELLED
    if seen.transfer is None or not (seen.is_funded or was_funded):
        return Seen([], seen.evidence)
    if seen.status not in RETURNED_STATES:
        return Seen([movement_of(seen.transfer)], seen.evidence)
    return _returned(seen.transfer, attempt, seen.evidence, patience_seconds)


def census(keys: list[str], debt_reference: str, *, since: datetime) -> Census | Unreachable:
    """Every transfer under these customerTransactionIds or this reference, each with its payments. Raises TurnTooFar.

    Where it was funded and then cancelled, its money is on the way back, but not back.
    """
    listed = wise_rail().find_debt(
        set(keys),
        debt_reference,
        since=since,
        before_page=lambda: turn(PATIENCE_SECONDS),
    )
    if isinstance(listed, Unreachable):
        return listed
    found: list[Found] = []
    evidence: dict[str, Any] = {**listed.evidence, "transfers": []}
    for transfer in listed.value:
        seen = look(transfer.id, PATIENCE_SECONDS)
        if isinstance(seen, Unreachable):
            return seen
        found.append(_found(transfer, seen))
        evidence["transfers"].append(
            {"id": transfer.id, "status": seen.status, "payments": seen.payments}
        )
    return Census(found, evidence)


def _found(transfer: WiseTransfer, seen: WiseLook) -> Found:
    return Found(
        reference=transfer.id,
        key=transfer.ctid,
        state=seen.status,
        moved=seen.is_funded,
        back=seen.status in RETURNED_STATES,
        dead=seen.is_dead,
    )


def _returned(
    transfer: WiseTransfer,
    attempt: TransferAttempt,
    evidence: dict[str, Any],
    patience_seconds: float | None,
) -> LookUp:
    """Refunds may be partial, and the transfer does not say so: the statement does, or the refund's own notice."""
    currency = transfer.source_currency
    by_statement = wise_rail().returned(
        transfer.id,
        currency=currency,
        since=attempt.first_sent_at,
        before_call=lambda: turn(patience_seconds),
    )
    amount = None if isinstance(by_statement, Unreachable) else by_statement.value
    source = "statement"
    if amount is None:
        amount, currency = _noticed_refund(transfer)
        source = "notice"
    ours = movement_of(transfer)
    movement = Movement(
        reference=ours.reference,
        amount_minor=ours.amount_minor,
        currency=ours.currency,
        destination=ours.destination,
        group=ours.group,
        state=ours.state,
        has_returned=True,
        returned_minor=max(amount or 0, 0),
        returned_currency=currency,
    )
    return Seen([movement], {**evidence, "returned_minor": amount, "amount_from": source})


def _noticed_refund(transfer: WiseTransfer) -> tuple[int | None, str]:
    for event in rail_events_about(RAIL, transfer.id):
        notice = notice_of(event.payload)
        if event.type == "transfers#refund" and notice.refund_minor is not None:
            return notice.refund_minor, notice.refund_currency
    return None, transfer.source_currency
