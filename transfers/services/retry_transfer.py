"""Another attempt after a proven failure; never from an outcome that nobody knows."""

from django.db import transaction

from audit.actor import Actor
from guard.door import Conflict, Illegal, change_status, refuse
from guard.errors import Conflicted, IllegalTransition, Refused
from guard.statement import SecondsFromNow
from transfers.models import CrewMember, Finding, SourceType, Transfer, TransferStatus
from transfers.selectors import get_transfer
from transfers.sources import source_of
from transfers.wake import wake_after_commit


class OutcomeUnknown(Refused):
    """Money may have moved; a retry could pay twice."""

    code = "outcome_unknown"
    title = "Nobody knows yet whether this was paid"


class ObligationLive(Refused):
    """The earlier try is not proven dead, or a new one is under way already."""

    code = "obligation_live"
    title = "This is being paid already"


def retry_transfer(*, transfer_id: int, actor: Actor, version: int | None = None) -> Transfer:
    """Failed -> pending, with the payee's present account; workers are woken after the commit. Own transaction.

    The next attempt gets a new number and so a new key: the rail keeps the old answer under the old one. Raises
    NotFound, OutcomeUnknown and ObligationLive (409), IllegalTransition (422, also where a source decides),
    Conflicted (409: somebody was faster).
    """
    transfer = get_transfer(transfer_id)
    _refuse_while_live(transfer, actor)
    _refuse_if_its_source_decides(transfer, actor)
    with transaction.atomic():
        result = change_status(
            Transfer,
            transfer_id,
            believed=transfer.status,
            to=TransferStatus.PENDING,
            version=version,
            actor=actor,
            reason="retry",
            changes={"due_at": SecondsFromNow(0), "destination": _present_destination(transfer)},
        )
        wake_after_commit([transfer_id])
    if isinstance(result, Illegal):
        raise result.error()
    if isinstance(result, Conflict):
        raise result.error(Conflicted)
    return get_transfer(transfer_id)


def _refuse_while_live(transfer: Transfer, actor: Actor) -> None:
    error: Refused
    if transfer.outcome_unknown:
        error = OutcomeUnknown(
            "The rail has not said what became of the last attempt. It is asked again by itself; "
            "do not pay this by hand.",
            next_check_at=transfer.due_at,
        )
    elif transfer.status in (TransferStatus.PENDING, TransferStatus.PROCESSING):
        error = ObligationLive(f"It is {transfer.status} now.", current_status=transfer.status)
    elif _is_disputed(transfer):
        error = ObligationLive(
            "The rail shows a movement for it although it failed here. Resolve the finding first.",
            current_status=transfer.status,
        )
    else:
        return
    refuse(
        Transfer,
        transfer.pk,
        to=TransferStatus.PENDING,
        actor=actor,
        outcome="conflict",
        reason=error.code,
        status=transfer.status,
    )
    raise error


def _is_disputed(transfer: Transfer) -> bool:
    """A failure that the rail's books contradict is not proven."""
    findings = Finding.objects.filter(subject=f"transfer:{transfer.pk}", state="open")
    return transfer.status == TransferStatus.FAILED and findings.exists()


def _refuse_if_its_source_decides(transfer: Transfer, actor: Actor) -> None:
    """A payout request is decided about anew before it is sent anew; its own retry leads there."""
    if source_of(transfer) is None:
        return
    refuse(
        Transfer,
        transfer.pk,
        to=TransferStatus.PENDING,
        actor=actor,
        outcome="illegal",
        reason="its source decides",
        status=transfer.status,
    )
    source = f"{transfer.source_type} {transfer.source_reference}"
    raise IllegalTransition(
        f"{source} decides whether this is tried again: retry that.",
        **{"from": transfer.status, "to": TransferStatus.PENDING.value, "allowed": []},
    )


def _present_destination(transfer: Transfer) -> str:
    if transfer.source_type != SourceType.BOOKING:
        return transfer.destination
    member = CrewMember.objects.get(booking_id=transfer.source_id, user_id=transfer.user_id)
    return member.stripe_account
