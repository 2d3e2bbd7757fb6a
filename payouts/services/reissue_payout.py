"""Pay somebody after all, to other details, once the first payout is proven dead. It is decided anew."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from audit.actor import Actor
from guard.belief import require_version
from guard.errors import NotFound, Refused
from payouts.commissions import hand_over
from payouts.decision import audit_refusal, refusal_by_database
from payouts.errors import ObligationLive
from payouts.models import PayoutRequest, PayoutStatus
from payouts.policy import is_proven_dead
from payouts.recipients import CheckedRecipient
from payouts.selectors import get_payout, is_disputed, newest_recipient, transfer_of
from payouts.services.add_recipient import keep_recipient
from payouts.services.create_payout import ask, check_request


def reissue_payout(
    *,
    payout_id: int,
    recipient: Mapping[str, Any] | None,
    reason: str,
    actor: Actor,
    expected_version: int | None = None,
) -> PayoutRequest:
    """A successor in `requested` for the same payee, amount and rail, linked by `supersedes`. Own transaction.

    `recipient`: other details; None = the payee's newest of the same type, as they are.
    Dead is: rejected, cancelled or failed with no transfer that could arrive, or paid and wholly back. One successor
    at most, by a unique column; the first never comes back to life after it (trigger `NotSuperseded`). Raises
    NotFound, Invalid (422), ObligationLive (409), Conflicted (409: another version than `expected_version`).
    """
    earlier = get_payout(payout_id)
    checked = None
    if recipient is not None:
        checked = check_request(earlier.amount, earlier.rail, recipient)
    with transaction.atomic():
        result = _reissue(payout_id, checked, reason, actor, expected_version)
    if isinstance(result, Refused):
        raise result
    return get_payout(result.pk)


def _reissue(
    payout_id: int,
    checked: CheckedRecipient | None,
    reason: str,
    actor: Actor,
    expected_version: int | None,
) -> PayoutRequest | Refused:
    earlier = (
        PayoutRequest.objects.select_for_update(no_key=True, of=("self",))
        .select_related("payee", "recipient")
        .filter(pk=payout_id)
        .first()
    )
    if earlier is None:
        raise NotFound(f"There is no payout {payout_id}.")
    require_version(earlier, expected_version)
    refused = reason_not_to_reissue(earlier)
    if refused is None:
        try:
            with transaction.atomic():
                where = (
                    keep_recipient(earlier.payee_id, checked, actor=actor)
                    if checked
                    else newest_recipient(earlier.payee_id, earlier.recipient.type)
                )
                successor = ask(
                    earlier.payee,
                    where or earlier.recipient,
                    earlier.amount,
                    earlier.rail,
                    actor=actor,
                    supersedes=earlier,
                    reason=reason,
                )
                hand_over(earlier, successor, actor=actor)
                return successor
        except IntegrityError as error:
            refused = refusal_by_database(error)
        except ObligationLive as error:
            refused = error
    return audit_refusal(refused, payout_id, to=PayoutStatus.REQUESTED, actor=actor)


def reason_not_to_reissue(earlier: PayoutRequest) -> Refused | None:
    """Why it cannot be replaced now; None when it is proven dead and nothing replaced it. Reads only."""
    successor = PayoutRequest.objects.filter(supersedes=earlier).first()
    if successor is not None:
        return ObligationLive(
            f"It was reissued as payout {successor.pk}, which is {successor.status}.",
            superseded_by=successor.pk,
            current_status=earlier.status,
        )
    transfer = transfer_of(earlier.pk)
    if is_disputed(earlier.pk, transfer):
        return ObligationLive(
            f"The rail's books differ about payout {earlier.pk}: resolve its findings first.",
            current_status=earlier.status,
            transfer_status=transfer.status if transfer else None,
        )
    if is_proven_dead(earlier.status, transfer.status if transfer else None):
        return None
    at_rail = f" and its transfer is {transfer.status}" if transfer else ""
    return ObligationLive(
        f"It is {earlier.status}{at_rail}: it could still be paid.",
        current_status=earlier.status,
        transfer_status=transfer.status if transfer else None,
    )
