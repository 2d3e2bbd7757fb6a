"""Two people decide what became of a transfer whose outcome the rail does not tell."""

from audit.actor import Actor
from transfers.models import Release, ReleaseState
from transfers.release_rules import require_unknown
from transfers.selectors import get_transfer
from transfers.services.confirm_release import confirm_release
from transfers.services.propose_release import checked_reference, propose_release


def release_transfer(
    *, transfer_id: int, decision: str, reason: str, actor: Actor, rail_reference: str = ""
) -> Release:
    """The first person proposes; another one who says the same confirms, and it counts. Not in a transaction.

    `decision`: moved or not_moved. The same person again changes nothing. Raises NotFound, Conflicted (409), and what
    `propose_release` and `confirm_release` raise.
    """
    transfer = get_transfer(transfer_id)
    require_unknown(transfer)
    reference = checked_reference(transfer, decision, rail_reference)
    proposed = transfer.releases.filter(state=ReleaseState.PROPOSED).first()
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
