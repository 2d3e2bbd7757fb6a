"""Scheduled: forget the answers that nobody may ask for again."""

from typing import Final

from celery import shared_task

from guard.idempotency import purge_expired

BATCH: Final = 1_000
# A round is bounded; the next one goes on.
_MOST_BATCHES: Final = 200


@shared_task(name="guard.purge_idempotency")
def purge_idempotency() -> None:
    """Delete expired records, a transaction a batch. Two at once share the work."""
    for _ in range(_MOST_BATCHES):
        if purge_expired(BATCH) < BATCH:
            return
