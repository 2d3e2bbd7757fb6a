"""Two people decide what became of a payout whose outcome the rail does not tell."""

from audit.actor import Actor
from guard.errors import Conflicted
from payouts.selectors import get_payout, transfer_of
from transfers.models import Release, Transfer
from transfers.release_rules import require_unknown
from transfers.services.release_transfer import release_transfer


def release_payout(
    *, payout_id: int, decision: str, reason: str, actor: Actor, rail_reference: str = ""
) -> Release:
    """The first person proposes; another one who says the same confirms, and it counts. Not in a transaction.

    `decision`: moved or not_moved. The same person again changes nothing. Raises NotFound, Conflicted (409), and what
    `propose_release` and `confirm_release` raise.
    """
    return release_transfer(
        transfer_id=transfer_to_release(payout_id).pk,
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
