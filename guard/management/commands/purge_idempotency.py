"""`manage.py purge_idempotency`: delete expired idempotency records in short transactions."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from guard.idempotency import purge_expired


class Command(BaseCommand):
    """Bounded: each batch is its own transaction, and the number of batches is limited."""

    help = "Delete expired idempotency records, in batches."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=1000, help="Rows in one transaction.")
        parser.add_argument("--max-batches", type=int, default=1000)

    def handle(self, *args: Any, **options: Any) -> None:
        batch: int = options["batch"]
        if batch < 1:
            raise CommandError("--batch must be at least 1.")
        deleted = 0
        for _ in range(options["max_batches"]):
            gone = purge_expired(batch)
            deleted += gone
            if gone < batch:
                break
        self.stdout.write(f"{deleted} expired record(s) deleted.")
