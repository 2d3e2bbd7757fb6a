"""Scheduled: seal the audit log."""

from celery import shared_task
from django.db import OperationalError

from audit.seal import seal_entries


@shared_task(name="audit.seal")
def seal() -> None:
    """Seal what is committed; when writers hold the table for long, the next run covers it."""
    try:
        seal_entries()
    except OperationalError:
        return
