"""Two people decide what became of a payout whose outcome the rail does not tell."""

from audit.actor import Actor
from guard.errors import Conflicted
from payouts.selectors import get_payout, open_release, transfer_of
from transfers.models import Release, Transfer
from transfers.release_rules import require_unknown
from transfers.services.confirm_release import confirm_release
from transfers.services.propose_release import checked_reference, propose_release


def release_payout(
    *, payout_id: int, decision: str, reason: str, actor: Actor, rail_reference: str = ""
) -> Release:
    """The first person proposes; another one who says the same confirms, and it counts. Not in a transaction.

    `decision`: moved or not_moved. The same person again changes nothing. Raises NotFound, Conflicted (409), and what
    `propose_release` and `confirm_release` raise.
    """
    transfer = transfer_to_release(payout_id)
    reference = checked_reference(transfer, decision, rail_reference)
    proposed = open_release(transfer)
    said_same = proposed is not None and (proposed.decision, proposed.rail_reference) == (
        decision,
        reference,
    )
    if proposed is not None and said_same and proposed.proposed_by_id != actor.user_id:
        return confirm_release(release_id=proposed.pk, reason=reason, actor=actor)
    return propose_release(
        transfer_id=transfer.pk,
        decision=decision,
        reason=reason,
        actor=actor,
        rail_reference=rail_reference,
    )


def transfer_to_release(payout_id: int) -> Transfer:
    """Its transfer, if nobody knows what became of it. Raises NotFound, Conflicted (409)."""
    payout, transfer = get_payout(payout_id), transfer_of(payout_id)
    if transfer is None:
        raise Conflicted(f"It is {payout.status} and was never sent: there is nothing to release.")
    require_unknown(transfer)
    return transfer
