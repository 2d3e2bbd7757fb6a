"""Claims: the right of one worker to act on one transfer until its lease is over.

Claiming and writing the attempt (its key and exact request) are one statement, committed before any call. `fence`
is what an answer must be recorded under; a worker that lost its lease holds a fence that no longer matches.
"""

import json
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from audit.actor import Actor
from guard.door import Won, change_in_place
from guard.statement import MOVED_PK, PASSED, Increment, Insert, SecondsFromNow, Update
from transfers.change import change_transfer
from transfers.models import AttemptOutcome, Transfer, TransferAttempt, TransferStatus
from transfers.prepared import read_attempt
from transfers.requests import AttemptPlan, build_request, plan_attempt
from transfers.sources import source_of
from transfers.switches import paused_condition

__all__ = [
    "Claim",
    "build_request",
    "call_until",
    "claim_due",
    "claim_now",
    "claim_pending",
    "claim_to_watch",
    "commit_resend",
    "commit_step",
    "is_in_flight",
    "write_attempt",
]


@dataclass(frozen=True, slots=True)
class Claim:
    """A transfer, its open attempt, and the fence under which this worker may record."""

    transfer: Transfer
    attempt: TransferAttempt
    fence: int
    call_until: float

    @property
    def in_flight(self) -> bool:
        """Had another worker committed a call that may move money, of which it cannot have the answer yet?"""
        return is_in_flight(self.attempt)

    @property
    def has_time_for_a_call(self) -> bool:
        """Would a call that starts now be over before the lease is, whatever the rail does?"""
        return time.monotonic() < self.call_until


def call_until() -> float:
    """Until when a call may start so that it is over before a lease taken now is. On this process' monotonic clock."""
    # Taken before the claim is committed, so that waiting for the database counts against it as well.
    return time.monotonic() + float(settings.LEASE_SECONDS - settings.RAIL_TIMEOUT_SECONDS)


def claim_pending(transfer: Transfer, *, actor: Actor) -> Claim | None:
    """Pending -> processing with a new attempt. Commits before it returns.

    None when another worker was faster, or when the source has withdrawn it (which is committed as well).
    """
    number = transfer.attempt_count + 1
    deadline = call_until()
    plan = plan_attempt(transfer, number)
    source = source_of(transfer)
    if source is None:
        won = write_attempt(transfer, number, plan, actor)
    else:
        with transaction.atomic():
            may = source.may_start(transfer, actor=actor)
            won = write_attempt(transfer, number, plan, actor) if may else None
    if won is None:
        return None
    return Claim(transfer, read_attempt(transfer.pk, number), won.row["fence"], deadline)


def write_attempt(transfer: Transfer, number: int, plan: AttemptPlan, actor: Actor) -> Won | None:
    """Pending -> processing with attempt `number`, in one statement; None when it was not as believed."""
    attempt = Insert(
        TransferAttempt,
        {
            "transfer": MOVED_PK,
            "number": number,
            "idempotency_key": plan.idempotency_key,
            "request": plan.request,
            **plan.first_columns,
        },
    )
    result = change_transfer(
        transfer,
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
        snapshot={"attempt": number, "idempotency_key": plan.idempotency_key},
        returning=("fence",),
        audit_loss=False,
    )
    return result if isinstance(result, Won) else None


def claim_due(transfer: Transfer, *, actor: Actor) -> Claim | None:
    """Take over a processing transfer whose lease is over or whose next check is due; None if somebody else did.

    A live attempt without an answer belonged to a worker that died: from here on its outcome counts as unknown.
    """
    attempt = transfer.attempts.filter(outcome__in=("live", "unknown")).first()
    if attempt is None:
        return None
    unknown = attempt.may_have_moved_money
    deadline = call_until()
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
    return Claim(transfer, attempt, won.row["fence"], deadline)


def is_in_flight(attempt: TransferAttempt) -> bool:
    """May a call that moves money be under way for it at this moment? It is over before a lease is."""
    age = timezone.now() - attempt.last_sent_at
    return not attempt.answered and age < timedelta(seconds=settings.LEASE_SECONDS)


def claim_now(transfer: Transfer, *, action: str, actor: Actor, reason: str) -> Claim | None:
    """Take a processing transfer over for a person, whenever it would be due; None if it moved meanwhile.

    From here on no worker with an older fence starts a call that moves money, because it commits each before it.
    One that had committed it a moment ago may still be calling: `Claim.in_flight`.
    """
    attempt = transfer.attempts.filter(outcome__in=("live", "unknown")).first()
    if attempt is None:
        return None
    unknown = attempt.may_have_moved_money and not is_in_flight(attempt)
    deadline = call_until()
    won = change_in_place(
        Transfer,
        transfer.pk,
        status=TransferStatus.PROCESSING,
        action=action,
        actor=actor,
        reason=reason,
        changes={
            "fence": Increment(),
            "due_at": SecondsFromNow(settings.LEASE_SECONDS),
            "outcome_unknown": unknown or transfer.outcome_unknown,
        },
        version=transfer.version,
        causes=[Update(TransferAttempt, attempt.pk, {"outcome": AttemptOutcome.UNKNOWN})]
        if unknown
        else (),
        snapshot={"attempt": attempt.number},
        returning=("fence",),
    )
    if won is None:
        return None
    attempt.refresh_from_db()
    return Claim(transfer, attempt, won.row["fence"], deadline)


def commit_resend(claim: Claim) -> Claim | None:
    """Write down that the identical request goes out once more, before it does.

    None when the lease was lost, or when the rail was paused.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE transfers_transferattempt AS attempt
            SET send_count = send_count + 1, last_sent_at = clock_timestamp(), answered = false
            FROM transfers_transfer AS transfer
            WHERE attempt.id = %s AND transfer.id = attempt.transfer_id AND transfer.fence = %s
                AND transfer.status = 'processing' AND transfer.due_at > clock_timestamp()
            """
            + f" AND NOT {paused_condition('transfer.rail')}",
            [claim.attempt.pk, claim.fence],
        )
        if cursor.rowcount != 1:
            return None
    attempt = TransferAttempt.objects.get(pk=claim.attempt.pk)
    return replace(claim, attempt=attempt)


_STEP = f"""
    WITH held AS (
        UPDATE transfers_transfer SET due_at = clock_timestamp() + make_interval(secs => %(lease)s)
        WHERE id = %(transfer)s AND status = 'processing' AND fence = %(fence)s
            AND due_at > clock_timestamp()
            AND NOT (%(sending)s AND {paused_condition("transfers_transfer.rail")})
        RETURNING id
    )
    UPDATE transfers_transferattempt AS attempt
    SET progress = %(progress)s::jsonb,
        funding_reference = coalesce(nullif(%(funding)s, ''), attempt.funding_reference),
        answered = NOT %(sending)s,
        send_count = attempt.send_count + %(sending)s::int,
        probe_count = CASE WHEN %(sending)s THEN 0 ELSE attempt.probe_count END,
        last_sent_at = CASE WHEN %(sending)s THEN clock_timestamp() ELSE attempt.last_sent_at END
    FROM held WHERE attempt.id = %(attempt)s AND attempt.transfer_id = held.id
"""


def commit_step(
    claim: Claim,
    progress: dict[str, Any],
    *,
    sending: bool = False,
    funding_reference: str = "",
) -> Claim | None:
    """Write down how far the attempt is, and hold the lease anew; None when it was lost. Commits before the next call.

    `sending`: the next call may move money, so that its outcome is unknown until an answer is recorded; None also
    when the rail is paused.
    `funding_reference`: the one object at the rail that this attempt may fund. Raises IntegrityError when another
    attempt of the debt holds one that is not proven dead.
    """
    deadline = call_until()
    with connection.cursor() as cursor:
        cursor.execute(
            _STEP,
            {
                "lease": settings.LEASE_SECONDS,
                "transfer": claim.transfer.pk,
                "fence": claim.fence,
                "progress": json.dumps(progress),
                "funding": funding_reference,
                "sending": sending,
                "attempt": claim.attempt.pk,
            },
        )
        if cursor.rowcount != 1:
            return None
    attempt = TransferAttempt.objects.get(pk=claim.attempt.pk)
    return replace(claim, attempt=attempt, call_until=deadline)


def claim_to_watch(transfer: Transfer) -> int | None:
    """The right to look at a finished transfer once more, until the lease is over: its fence, or None.

    Nothing that people see changes, so that neither version nor audit log say anything about it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE transfers_transfer
            SET fence = fence + 1, due_at = clock_timestamp() + make_interval(secs => %s)
            WHERE id = %s AND status IN ('success', 'returned') AND due_at <= clock_timestamp()
            RETURNING fence
            """,
            [settings.LEASE_SECONDS, transfer.pk],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])
