"""A dispute ends: won, and its money is free again; lost, and its money goes back."""

from itertools import groupby

from django.db import transaction

from audit.actor import Actor
from checkout.decision import known_status, raise_unless_won
from checkout.holds import lock_session, release
from checkout.models import Dispute, DisputeStatus, Hold
from checkout.people import person
from checkout.selectors import get_dispute
from checkout.services.create_refund import can_be_paid, write_refund
from guard.door import Won, change_status
from guard.statement import SecondsFromNow
from money import Money
from transfers.services.raise_finding import raise_finding


def resolve_dispute(
    *,
    dispute_id: int,
    outcome: str,
    actor: Actor,
    note: str = "",
    expected_status: str | None = None,
    expected_version: int | None = None,
) -> Dispute:
    """Open -> won | lost. Lost: exactly what the dispute held becomes a refund for each payer, which another person
    approves; a contract that paid cannot be sent to, which is a finding. Own transaction, session locked first. Raises
    NotFound, AlreadyDecided (409), IllegalTransition (422).
    """
    believed = known_status(expected_status, DisputeStatus.OPEN, DisputeStatus.values)
    with transaction.atomic():
        lock_session(get_dispute(dispute_id).session_id)
        result = change_status(
            Dispute,
            dispute_id,
            believed=believed,
            to=outcome,
            version=expected_version,
            actor=actor,
            reason=note,
            changes={
                "resolved_by": person(actor),
                "resolved_at": SecondsFromNow(0),
                "note": note,
            },
        )
        if isinstance(result, Won):
            dispute = get_dispute(dispute_id)
            holds = list(dispute.holds.select_related("receipt").filter(released=False))
            if outcome == DisputeStatus.WON:
                release(holds)
            else:
                _give_back(dispute, holds, actor)
    raise_unless_won(Dispute, dispute_id, result, DisputeStatus.WON, DisputeStatus.LOST)
    return get_dispute(dispute_id)


def _give_back(dispute: Dispute, holds: list[Hold], actor: Actor) -> None:
    order = sorted(holds, key=lambda one: one.receipt.sender)
    for sender, rows in groupby(order, key=lambda one: one.receipt.sender):
        of_payer = list(rows)
        money = Money(sum(one.amount_minor for one in of_payer), dispute.currency)
        if not can_be_paid(sender):
            raise_finding(
                subject=f"receipt:{of_payer[0].receipt_id}",
                kind="give_back_by_hand",
                detail=f"A contract paid {money}, and dispute {dispute.pk} was lost. Nothing can be sent to it from "
                "here: it stays held; give it back by hand, and say how when you resolve this.",
                actor=actor,
                evidence={"sender": sender, "amount": str(money)},
            )
            continue
        refund = write_refund(
            [one.receipt for one in of_payer],
            money,
            f"dispute {dispute.pk} was lost",
            actor,
            session=dispute.session,
            dispute=dispute,
            held_by_dispute=True,
        )
        # The same hold, so that the money is promised without a moment in between.
        for hold in of_payer:
            Hold.objects.filter(pk=hold.pk, refund=None).update(refund=refund)
