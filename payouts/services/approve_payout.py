"""A reviewer says yes: the decision, its audit entry and its one transfer are one commit; nothing leaves before it."""

import uuid
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from audit.actor import Actor
from audit.record import Note, record
from guard.door import Result, Won, change_status
from guard.errors import NotFound, Refused
from guard.statement import MOVED_PK, Insert, SecondsFromNow
from guard.table import transition_table
from payouts.change import change_payout
from payouts.decision import (
    audit_refusal,
    known_status,
    lock_reviewer,
    person,
    raise_unless_won,
    refusal_by_database,
)
from payouts.errors import ApprovalStale, ObligationLive
from payouts.models import ApprovalLimit, PayoutRequest, PayoutStatus
from payouts.policy import Facts, Review, refusal_of
from payouts.selectors import (
    approval_limit,
    approved_in_window,
    facts_of,
    get_payout,
    is_disputed,
    replaced_by,
    transfer_of,
)
from transfers.models import SourceType, Transfer, TransferStatus
from transfers.wake import wake_after_commit

_TO = PayoutStatus.APPROVED
_REOPENED = (TransferStatus.FAILED, TransferStatus.CANCELLED)


def approve_payout(
    *,
    payout_id: int,
    actor: Actor,
    reason: str = "",
    expected_status: str | None = None,
    expected_version: int | None = None,
    seen_fingerprint: str | None = None,
) -> PayoutRequest:
    """Requested -> approved with its transfer; workers are woken after the commit. Own transaction.

    `seen_fingerprint`: what the reviewer's screen was made from (`facts_of`). Raises NotFound, IllegalTransition
    (422), AlreadyDecided (409, before any rule about the reviewer), ApprovalStale (409), ObligationLive (409),
    SelfApproval and ApprovalLimitExceeded (403), KycIncomplete (422). Every refusal is audited.
    """
    believed = known_status(expected_status, PayoutStatus.REQUESTED)
    with transaction.atomic():
        if actor.user_id is not None:
            lock_reviewer(actor.user_id)
        payout = _read(payout_id)
        result: Result | Refused | None = None
        facts = facts_of(payout)
        if _as_believed(payout, believed, expected_version):
            result = _refusal(payout, facts, seen_fingerprint, actor)
            # Whoever decided while the rules were being asked was first, and is what the caller is told.
            if result is not None and not _is_still(payout):
                result = None
            if result is not None:
                audit_refusal(result, payout_id, to=_TO, actor=actor)
        if result is None:
            result = _approve(payout, facts, believed, expected_version, reason, actor)
    raise_unless_won(payout_id, result, deciding=True)
    return get_payout(payout_id)


def _read(payout_id: int) -> PayoutRequest:
    payout = PayoutRequest.objects.select_related("payee", "recipient").filter(pk=payout_id).first()
    if payout is None:
        raise NotFound(f"There is no payout {payout_id}.")
    return payout


def _as_believed(payout: PayoutRequest, believed: str, version: int | None) -> bool:
    """Rules about the reviewer come only after the question whether there is still something to decide."""
    return (
        payout.status == believed
        and version in (None, payout.version)
        and transition_table(PayoutRequest).allows(believed, _TO)
    )


def _is_still(seen: PayoutRequest) -> bool:
    """Is the row as it was read, also after everybody who is changing it now? Locks it."""
    rows = PayoutRequest.objects.select_for_update(no_key=True)
    return rows.filter(pk=seen.pk, status=seen.status, version=seen.version).exists()


def _refusal(
    payout: PayoutRequest, facts: Facts, seen_fingerprint: str | None, actor: Actor
) -> Refused | None:
    limit = approval_limit()
    _tell_database(limit.currency, limit.minor)
    review = Review(
        reviewer_id=actor.user_id,
        created_by_id=payout.created_by_id,
        kyc=payout.payee.status,
        base_minor=payout.base_minor,
        used_minor=0 if actor.user_id is None else approved_in_window(actor.user_id),
        limit=limit,
    )
    refused = refusal_of(review)
    if refused is None and seen_fingerprint not in (None, facts.fingerprint()):
        refused = ApprovalStale(
            "The payee, the bank details or the numbers changed since you looked."
        )
    return refused or _still_owed(payout)


def _still_owed(payout: PayoutRequest) -> Refused | None:
    """An earlier round's transfer must be proven dead before it is sent once more."""
    transfer = transfer_of(payout.pk)
    if transfer is not None and transfer.status not in _REOPENED:
        return ObligationLive(f"Its transfer is {transfer.status}.", transfer=transfer.pk)
    if is_disputed(payout.pk, transfer):
        return ObligationLive(
            f"The rail's books differ about payout {payout.pk}: resolve its findings first.",
            transfer=transfer and transfer.pk,
        )
    for earlier in replaced_by(payout):
        if is_disputed(earlier, transfer_of(earlier)):
            # Such as money that had come back and left again: both would be paid.
            return ObligationLive(
                f"The rail's books differ about payout {earlier}, which this one replaces: resolve its findings first.",
                supersedes=earlier,
            )
    return None


def _tell_database(currency: str, minor: int) -> None:
    """Keep the row that the trigger reads equal to the setting; usually it is, and nothing is locked."""
    wanted = {"currency": currency, "limit_minor": minor}
    if not ApprovalLimit.objects.filter(pk=1, **wanted).exists():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO payouts_approvallimit (id, currency, limit_minor) VALUES (1, %s, %s) "
                "ON CONFLICT (id) DO UPDATE SET currency = excluded.currency, limit_minor = excluded.limit_minor",
                [currency, minor],
            )


def _approve(
    payout: PayoutRequest,
    facts: Facts,
    believed: str,
    version: int | None,
    reason: str,
    actor: Actor,
) -> Result | Refused:
    earlier = transfer_of(payout.pk)
    try:
        with transaction.atomic():
            result = change_payout(
                payout.pk,
                believed=believed,
                to=_TO,
                version=version,
                actor=actor,
                reason=reason,
                changes={
                    "reviewed_by": person(actor),
                    "reviewed_by_id": actor.user_id,
                    "reviewed_at": SecondsFromNow(0),
                    "reason": reason,
                    "approval_fingerprint": facts.fingerprint(),
                    "claimed_by": "",
                    "claimed_until": None,
                },
                causes=[] if earlier else [Insert(Transfer, _new_transfer(payout))],
                snapshot=_snapshot(payout, facts),
            )
            if isinstance(result, Won):
                _order(payout, earlier, actor)
    except IntegrityError as error:
        # A rule that held when it was checked, and no longer when the row was written.
        return audit_refusal(refusal_by_database(error), payout.pk, to=_TO, actor=actor)
    return result


def _new_transfer(payout: PayoutRequest) -> dict[str, Any]:
    # One that was decided against in between has no transfer: then the money of the one before it matters.
    transfers = (transfer_of(earlier) for earlier in replaced_by(payout))
    superseded = next((one for one in transfers if one is not None), None)
    return {
        "debt_key": uuid.uuid4(),
        "source_type": SourceType.PAYOUT,
        "source_id": MOVED_PK,
        "source_reference": str(payout.pk),
        "user_id": "",
        "payee_name": payout.payee.name,
        "amount_minor": payout.amount_minor,
        "currency": payout.currency,
        "rail": payout.rail,
        # Where it goes is fetched, decrypted, at the moment of the call.
        "destination": f"recipient:{payout.recipient_id}",
        "status": TransferStatus.PENDING,
        "supersedes": superseded.pk if superseded else None,
    }


def _snapshot(payout: PayoutRequest, facts: Facts) -> dict[str, Any]:
    return {
        "amount": str(payout.amount),
        "payee": payout.payee.external_id,
        "recipient": payout.recipient.masked,
        "recipient_id": payout.recipient_id,
        "newest_recipient_id": facts.newest_recipient,
        "quote": payout.quote,
        "base_minor": payout.base_minor,
        "base_currency": settings.BASE_CURRENCY,
        "fingerprint": facts.fingerprint(),
    }


def _order(payout: PayoutRequest, earlier: Transfer | None, actor: Actor) -> None:
    """Audit the new transfer, or send the one of an earlier round back to work; wake workers after the commit."""
    if earlier is None:
        transfer = transfer_of(payout.pk)
        assert transfer is not None  # noqa: S101 - inserted by the statement before
        snapshot = {"payout": payout.pk, "amount": str(payout.amount), "rail": payout.rail}
        note = Note(
            f"transfer:{transfer.pk}",
            "transfer.pending",
            actor,
            outcome="won",
            new_status=TransferStatus.PENDING,
            snapshot=snapshot,
        )
        record(note)
        wake_after_commit([transfer.pk])
        return
    reopened = change_status(
        Transfer,
        earlier.pk,
        believed=earlier.status,
        to=TransferStatus.PENDING,
        actor=actor,
        reason="approved again",
        changes={"due_at": SecondsFromNow(0), "failure_code": "", "failure_message": ""},
    )
    if not isinstance(reopened, Won):
        raise RuntimeError(f"transfer {earlier.pk} moved while its payout was being approved")
    wake_after_commit([earlier.pk])
