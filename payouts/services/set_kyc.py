"""What a check of the payee came to."""

from django.db import transaction

from audit.actor import Actor
from guard.belief import require_version
from guard.door import Conflict, Illegal, Result, change_in_place, change_status
from guard.errors import Conflicted
from guard.statement import SecondsFromNow
from payouts.decision import person
from payouts.models import Payee
from payouts.selectors import get_payee


def set_kyc(
    *,
    external_id: str,
    status: str,
    actor: Actor,
    note: str = "",
    expected_version: int | None = None,
) -> Payee:
    """Set the KYC status; the same one again is a new check of the same result. Own transaction.

    From now on approvals see it, and money that was approved before does not leave unless it is still approved.
    Raises NotFound, IllegalTransition (422), Conflicted (409).
    """
    payee = get_payee(external_id)
    with transaction.atomic():
        result = _set(payee, status, note, expected_version, actor)
    if isinstance(result, Illegal):
        raise result.error()
    if isinstance(result, Conflict):
        raise result.error(Conflicted)
    if result is None:
        require_version(get_payee(external_id), expected_version)
        raise Conflicted("Somebody else checked this payee at the same moment.")
    return get_payee(external_id)


def _set(payee: Payee, status: str, note: str, version: int | None, actor: Actor) -> Result | None:
    changes = {
        "kyc_checked_by": person(actor),
        "kyc_checked_at": SecondsFromNow(0),
        "kyc_note": note,
    }
    if status == payee.status:
        return change_in_place(
            Payee,
            payee.pk,
            status=status,
            version=version,
            action="checked_again",
            actor=actor,
            reason=note,
            changes=changes,
        )
    return change_status(
        Payee,
        payee.pk,
        believed=payee.status,
        to=status,
        version=version,
        actor=actor,
        reason=note,
        changes=changes,
    )
