"""Steps that tests take by hand where a worker, a lease or a webhook would: without sleeping, without mocks."""

from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from audit.models import Entry
from guard.idempotency import JOB_SCOPE
from guard.models import IdempotencyRecord
from tests.factories import ALICE, make_booking
from tests.sandbox_process import SandboxProcess
from transfers.claim import Claim, claim_due
from transfers.models import Booking, RailEvent, Transfer, TransferReversal
from transfers.selectors import get_transfer, transfers_of
from transfers.services.pay_crew import pay_crew
from transfers.services.work_transfer import work_transfer


def enqueue(*accounts: str, **values: Any) -> tuple[Booking, list[Transfer]]:
    """A booking with everybody enqueued and nobody paid."""
    booking = make_booking(*accounts, **values)
    pay_crew(reference=booking.reference, actor=ALICE)
    return booking, list(transfers_of(booking).order_by("id"))


def enqueue_one(account: str = "acct_1ok", **values: Any) -> Transfer:
    """One person's transfer, pending."""
    (transfer,) = enqueue(account, **values)[1]
    return transfer


def lease_over(transfer: Transfer) -> None:
    """The worker that held it is gone, or its next check is due: now. A job's lock ends with the lease or before."""
    IdempotencyRecord.objects.filter(scope=JOB_SCOPE).update(
        locked_until=Now() - timedelta(seconds=1)
    )
    Transfer.objects.filter(pk=transfer.pk).update(due_at=Now() - timedelta(seconds=1))


def reversal_due(reversal: TransferReversal) -> None:
    """The same for a reversal."""
    TransferReversal.objects.filter(pk=reversal.pk).update(due_at=Now() - timedelta(seconds=1))


def work(transfer: Transfer) -> Transfer:
    """One turn of a worker; the transfer as it is then."""
    work_transfer(transfer_id=transfer.pk)
    return get_transfer(transfer.pk)


def work_when_due(transfer: Transfer) -> Transfer:
    """The next turn of a worker, whenever that would be."""
    lease_over(transfer)
    return work(transfer)


def paid(account: str = "acct_1ok", **values: Any) -> Transfer:
    """One person who has been paid."""
    transfer = work(enqueue_one(account, **values))
    assert transfer.status == "success"
    return transfer


def actions(transfer: Transfer) -> list[str]:
    """What the audit log says happened, in order."""
    entries = Entry.objects.filter(subject=f"transfer:{transfer.pk}").order_by("seq")
    return [
        entry.action.removeprefix("transfer.")
        + ("" if entry.outcome in ("won", "noted") else f" {entry.outcome}")
        for entry in entries
    ]


def attempts(transfer: Transfer) -> list[tuple[int, str, int]]:
    """Number, outcome and how often it was sent, of each attempt."""
    return [(a.number, a.outcome, a.send_count) for a in transfer.attempts.order_by("number")]


def moved(sandbox: SandboxProcess) -> int:
    """Movements in the sandbox's books; never more than one for a debt, and no key for two requests."""
    totals = sandbox.totals()
    assert totals["paid_more_than_once"] == []
    assert totals["key_conflicts"] == 0
    return int(totals["movements"])


def events() -> list[RailEvent]:
    return list(RailEvent.objects.order_by("id"))


def take_up(transfer: Transfer) -> Claim:
    lease_over(transfer)
    claimed = claim_due(get_transfer(transfer.pk), actor=ALICE)
    assert claimed is not None
    return claimed
