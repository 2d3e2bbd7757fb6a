"""Job keys: the work on a payout's transfer runs once, whoever was told of it and however often.

`payout-job:{payoutId}:dispatch` is a record in the table that the API's Idempotency-Key uses as well
(guard/idempotency.py): check and lock, complete with the result, or release.

    nobody has it              it is ours: the work runs
    it was completed           its result is handed out and nothing is done, for seven days
    somebody holds it          nothing is done
    its holder was killed      the lock ends with its lease and is taken over; the work asks the rail first

**How this and the lease on a transfer relate.** The transfer's row is the truth: its status, lease and fence, and the
attempt that was committed before anything left, decide what may be sent. The job record decides nothing that they do
not; it spares the work of finding out, and is the one place where a caller learns what came of a job. So it may be
lost at any moment. It is held for one turn of a worker, not until the payout is paid: a turn that ends without a
success gives it back, and the next turn finds the attempt and asks. A lock is taken before the claim, with the same
lease, so it never outlives the claim of a worker that died. Taken over from a worker that only was slow, it changes
nothing: that worker still holds the transfer's lease, or its fence is old. After seven days the record is gone and
the transfer still says that it is paid.

Only payouts have jobs: bookings' transfers take the same way without these two statements.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from django.conf import settings

from guard.idempotency import (
    JOB_KEEP_DAYS,
    JOB_SCOPE,
    InProgress,
    LeaseLost,
    Replay,
    Reused,
    Started,
    begin,
    complete,
    payout_job_key,
    release,
)
from transfers.models import SourceType, Transfer, TransferStatus

log = structlog.get_logger(__name__)

DISPATCH = "dispatch"
_DONE = (TransferStatus.SUCCESS, TransferStatus.REVERSED, TransferStatus.RETURNED)


@dataclass(frozen=True, slots=True)
class JobRun:
    """What became of a call: it ran, its result was known already, or somebody is at it."""

    outcome: Literal["ran", "cached", "in_flight"]
    result: dict[str, Any] | None = None


def has_job(transfer: Transfer) -> bool:
    """Is the work on it a payout's job?"""
    return transfer.source_type == SourceType.PAYOUT


def begin_job(transfer: Transfer) -> Started | JobRun:
    """Check and lock, committed before it returns. Not in a transaction."""
    key = payout_job_key(transfer.source_id, DISPATCH)
    fingerprint = str(transfer.debt_key)
    match begin(
        JOB_SCOPE,
        key,
        fingerprint,
        lease_seconds=settings.LEASE_SECONDS,
        keep_days=JOB_KEEP_DAYS,
    ):
        case Started() as started:
            return started
        case Replay(body=body):
            return JobRun("cached", json.loads(body))
        case InProgress() | Reused():
            return JobRun("in_flight")


def end_job(transfer_id: int, started: Started) -> dict[str, Any] | None:
    """Keep the result of a success, or give the key back; the result. Changes nothing under a lost lease."""
    transfer = Transfer.objects.get(pk=transfer_id)
    if transfer.status not in _DONE:
        release(started.record_id, started.fence)
        return None
    result = {
        "transfer": transfer.pk,
        "status": transfer.status,
        "rail": transfer.rail,
        "rail_reference": transfer.rail_reference,
    }
    try:
        complete(
            started.record_id,
            started.fence,
            status=200,
            headers={},
            body=json.dumps(result).encode(),
        )
    except LeaseLost:
        log.warning("transfers.job_lost", transfer=transfer_id, fence=started.fence)
    return result


def run_job(transfer: Transfer, work: Callable[[], None]) -> JobRun:
    """Do `work` under the payout's job key, or say why not. Not in a transaction."""
    started = begin_job(transfer)
    if isinstance(started, JobRun):
        return started
    result = None
    try:
        work()
    finally:
        result = end_job(transfer.pk, started)
    return JobRun("ran", result)
