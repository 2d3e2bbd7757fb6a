"""The work on one transfer, whoever learned that it is due: a message, the sweep, a test.

    1 claim   conditional UPDATE with lease and fence, the attempt with key and exact request, committed
    2 call    the rail, with timeouts well below the lease and no database connection held
    3 record  under the fence: succeeded, failed (proven) or unknown

Killed anywhere, the lease ends and the next worker finds the attempt. It then asks the rail first, and sends the
identical request again only where the rail's own rules make that safe. What exactly that means is the business of the
rail's driver (transfers/drivers); a rail that needs several calls commits each step before the next.
"""

from audit.actor import SWEEP, Actor
from transfers.claim import claim_due, claim_pending
from transfers.drivers.registry import driver_for
from transfers.jobs import JobRun, has_job, run_job
from transfers.models import Transfer, TransferStatus
from transfers.policy import is_watched
from transfers.prepared import read_transfer
from transfers.services.watch_transfer import watch_transfer


def work_transfer(*, transfer_id: int, actor: Actor = SWEEP) -> JobRun | None:
    """Do whatever is due on this transfer; nothing if nothing is, or if another worker has it. Not in a transaction.

    For a payout's transfer this is its job (transfers/jobs.py), and the answer says what came of it.
    """
    transfer, is_due, is_paused, is_held_back = read_transfer(transfer_id)
    if is_held_back:
        # The rail wants to be left alone for a while. It stays due, and no thread sleeps for it.
        return None
    is_open = transfer.status in (TransferStatus.PENDING, TransferStatus.PROCESSING)
    if not is_open and is_watched(transfer.rail):
        watch_transfer(transfer, actor=actor)
        return None
    if is_paused and transfer.status == TransferStatus.PENDING:
        # It waits for its rail. What is processing may have moved: that is asked about all the same.
        return None
    if has_job(transfer):
        return run_job(transfer, lambda: _dispatch(transfer, actor))
    # Told of it twice, by a message and by the sweep? The database's clock judges once more in the claim itself.
    if is_due or transfer.status == TransferStatus.PENDING:
        _dispatch(transfer, actor)
    return None


def _dispatch(transfer: Transfer, actor: Actor) -> None:
    if transfer.status == TransferStatus.PENDING:
        claim = claim_pending(transfer, actor=actor)
        if claim is not None:
            driver_for(transfer.rail).start(claim, actor)
    elif transfer.status == TransferStatus.PROCESSING:
        claim = claim_due(transfer, actor=actor)
        if claim is not None:
            driver_for(transfer.rail).take_up(claim, actor)
