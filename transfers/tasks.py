"""Celery tasks: ids in, one service call each, nothing out. Losing, doubling or reordering them changes nothing."""

from celery import shared_task

from transfers.services.read_balance import read_balance
from transfers.sweep import work_on
from transfers.wake import EVENT_TASK, REVERSAL_TASK, TRANSFER_TASK


@shared_task(name=TRANSFER_TASK)
def work_transfers(ids: list[int]) -> None:
    """Work on transfers."""
    work_on("transfers_transfer", ids)


@shared_task(name=REVERSAL_TASK)
def work_reversals(ids: list[int]) -> None:
    """Work on reversals."""
    work_on("transfers_transferreversal", ids)


@shared_task(name=EVENT_TASK)
def apply_rail_events(ids: list[int]) -> None:
    """Apply stored rail events."""
    work_on("transfers_railevent", ids)


@shared_task(name="transfers.read_balances")
def read_balances() -> None:
    """Ask the rails what is there, for the overview."""
    read_balance()
