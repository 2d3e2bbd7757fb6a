"""Claims: the right of one worker to act on one transfer until its lease is over.

Claiming and writing the attempt (its key and exact request) are one statement, committed before any call. `fence`
is what an answer must be recorded under; a worker that lost its lease holds a fence that no longer matches.
"""

import time
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db import connection

from audit.actor import Actor
from guard.door import Won, change_in_place, change_status
from guard.statement import MOVED_PK, PASSED, Increment, Insert, SecondsFromNow, Update
from transfers.models import AttemptOutcome, Transfer, TransferAttempt, TransferStatus
from transfers.policy import attempt_key, transfer_group
from transfers.rail_access import stripe_rail


@dataclass(frozen=True, slots=True)
class Claim:
    """A transfer, its open attempt, and the fence under which this worker may record."""

    transfer: Transfer
    attempt: TransferAttempt
    fence: int
    call_until: float

    @property
    def has_time_for_a_call(self) -> bool:
        """Would a call that starts now be over before the lease is, whatever the rail does?"""
        return time.monotonic() < self.call_until


def _call_until() -> float:
    # Taken before the claim is committed, so that waiting for the database counts against it as well.
    return time.monotonic() + float(settings.LEASE_SECONDS - settings.RAIL_TIMEOUT_SECONDS)


def build_request(transfer: Transfer, number: int) -> dict[str, Any]:
    """The exact request of attempt `number`, as it will be stored, sent and, if need be, sent again."""
    return stripe_rail().build_request(
        amount_minor=transfer.amount_minor,
        currency=transfer.currency,
        destination=transfer.destination,
        group=transfer_group(transfer),
        metadata={
            "transfer": str(transfer.debt_key),
            "attempt": str(number),
            "source": f"{transfer.source_type}:{transfer.source_reference}",
            "person": transfer.user_id,
        },
    )


def claim_pending(transfer: Transfer, *, actor: Actor) -> Claim | None:
    """Pending -> processing with a new attempt; None when another worker was faster. Commits before it returns."""
    number = transfer.attempt_count + 1
    call_until = _call_until()
    attempt = Insert(
        TransferAttempt,
        {
            "transfer": MOVED_PK,
            "number": number,
            "idempotency_key": attempt_key(transfer, number),
            "request": build_request(transfer, number),
        },
    )
    result = change_status(
        Transfer,
        transfer.pk,
        believed=TransferStatus.PENDING,
        to=TransferStatus.PROCESSING,
        version=transfer.version,
        actor=actor,
        changes={
            "fence": Increment(),
            "due_at": SecondsFromNow(settings.LEASE_SECONDS),
            "attempt_count": number,
            "failure_code": "",
            "failure_message": "",
        },
        causes=[attempt],
        snapshot={"attempt": number, "idempotency_key": attempt_key(transfer, number)},
        returning=("fence",),
        audit_loss=False,
    )
    if not isinstance(result, Won):
        return None
    return Claim(transfer, transfer.attempts.get(number=number), result.row["fence"], call_until)


def claim_due(transfer: Transfer, *, actor: Actor) -> Claim | None:
    """Take over a processing transfer whose lease is over or whose next check is due; None if somebody else did.

    A live attempt without an answer belonged to a worker that died: from here on its outcome counts as unknown.
    """
    attempt = transfer.attempts.filter(outcome__in=("live", "unknown")).first()
    if attempt is None:
        return None
    unknown = attempt.may_have_moved_money
    call_until = _call_until()
    won = change_in_place(
        Transfer,
        transfer.pk,
        status=TransferStatus.PROCESSING,
        action="taken_up",
        actor=actor,
        reason="its outcome is unknown" if unknown else "the rail asked to wait",
        changes={
            "fence": Increment(),
            "due_at": SecondsFromNow(settings.LEASE_SECONDS),
            "outcome_unknown": unknown,
        },
        version=transfer.version,
        also={"due_at": PASSED},
        causes=[Update(TransferAttempt, attempt.pk, {"outcome": AttemptOutcome.UNKNOWN})]
        if unknown
        else (),
        snapshot={"attempt": attempt.number},
        returning=("fence",),
    )
    if won is None:
        return None
    attempt.refresh_from_db()
    return Claim(transfer, attempt, won.row["fence"], call_until)


def commit_resend(claim: Claim) -> Claim | None:
    """Write down that the identical request goes out once more, before it does; None when the lease was lost."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE transfers_transferattempt AS attempt
            SET send_count = send_count + 1, last_sent_at = clock_timestamp(), answered = false
            FROM transfers_transfer AS transfer
            WHERE attempt.id = %s AND transfer.id = attempt.transfer_id AND transfer.fence = %s
                AND transfer.status = 'processing' AND transfer.due_at > clock_timestamp()
            """,
            [claim.attempt.pk, claim.fence],
        )
        if cursor.rowcount != 1:
            return None
    attempt = TransferAttempt.objects.get(pk=claim.attempt.pk)
    return replace(claim, attempt=attempt)
