"""Ask for some or all of a paid transfer back."""

from django.db import transaction
from django.db.models import Sum

from audit.actor import Actor
from audit.record import Note, record
from guard.belief import require_version
from guard.door import Illegal, refuse
from guard.errors import Invalid, NotFound
from guard.table import transition_table
from money import Money
from rails.stripe_units import NotPayable, to_wire
from transfers.models import Rail, Transfer, TransferReversal, TransferStatus
from transfers.selectors import get_transfer
from transfers.switches import refuse_while_paused
from transfers.wake import REVERSAL_TASK, wake_after_commit


def reverse_transfer(
    *,
    transfer_id: int,
    reason: str,
    actor: Actor,
    amount: Money | None = None,
    expected_version: int | None = None,
) -> Transfer:
    """Write down a reversal (default: all that is left) for the workers to carry out. Own transaction.

    Reversals that are asked for or done never add up to more than the transfer: the transfer's row is locked while
    they are summed. Raises NotFound, IllegalTransition (422) unless it is paid, Invalid (422), RailPaused (503),
    Conflicted (409: another version than `expected_version`).
    """
    with transaction.atomic():
        transfer = Transfer.objects.select_for_update(no_key=True).filter(pk=transfer_id).first()
        if transfer is None:
            raise NotFound(f"There is no transfer {transfer_id}.")
        require_version(transfer, expected_version)
        if transfer.rail != Rail.STRIPE:
            raise Invalid(
                f"{transfer.get_rail_display()} cannot take a payment back.",
                field="rail",
                code="not_reversible",
            )
        is_paid = transfer.status == TransferStatus.SUCCESS
        if is_paid:
            refuse_while_paused(transfer.rail)
            reversal = _write_down(transfer, amount, reason, actor)
            wake_after_commit([reversal.pk], task=REVERSAL_TASK)
        else:
            refuse(
                Transfer,
                transfer_id,
                to=TransferStatus.REVERSED,
                actor=actor,
                outcome="illegal",
                reason=reason,
                status=transfer.status,
            )
    if not is_paid:
        allowed = transition_table(Transfer).allowed_from(transfer.status)
        raise Illegal(transfer.status, TransferStatus.REVERSED, allowed).error()
    return get_transfer(transfer_id)


def _write_down(
    transfer: Transfer, amount: Money | None, reason: str, actor: Actor
) -> TransferReversal:
    left = transfer.amount - Money(_asked_for(transfer), transfer.currency)
    amount = amount or left
    if amount.currency != transfer.currency:
        raise Invalid(
            f"This transfer is in {transfer.currency}.", field="amount", code="currency_mismatch"
        )
    if amount.minor <= 0 or left < amount:
        raise Invalid(f"{left} can still be reversed.", field="amount", code="exceeds_transfer")
    try:
        to_wire(amount.minor, amount.currency)
    except NotPayable as error:
        raise Invalid(str(error), field="amount", code=error.code) from error
    reversal = TransferReversal.objects.create(
        transfer=transfer,
        idempotency_key=f"rev-{transfer.debt_key}-{transfer.reversals.count() + 1}",
        amount_minor=amount.minor,
        reason=reason,
        requested_by=actor.name,
    )
    record(
        Note(
            f"transfer:{transfer.pk}",
            "transfer.reversal_requested",
            actor,
            prior_status=transfer.status,
            new_status=transfer.status,
            reason=reason,
            snapshot={"reversal": reversal.pk, "amount": str(amount)},
        )
    )
    return reversal


def _asked_for(transfer: Transfer) -> int:
    """Minor units that are reversed already or may still be: what the rail told us of counts as well."""
    rows = transfer.reversals.exclude(outcome="failed")
    ours: int = rows.aggregate(total=Sum("amount_minor"))["total"] or 0
    return max(ours, transfer.reversed_minor)
