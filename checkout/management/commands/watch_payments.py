"""`manage.py watch_payments [--once]`: read incoming payments without Celery."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from checkout.services.watch_account import accounts_watched, watch_account
from guard.errors import Refused


class Command(BaseCommand):
    """Every WATCH_INTERVAL_SECONDS until it is stopped, or once."""

    help = "Read incoming Stellar payments beyond the cursor and let them pay their sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="Catch up once and end.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError with --once when Horizon gave no answer."""
        if not accounts_watched():
            raise CommandError("Set STELLAR_RECEIVING_ACCOUNT.")
        while True:
            self._round(once=options["once"])
            if options["once"]:
                return
            time.sleep(settings.WATCH_INTERVAL_SECONDS)

    def _round(self, *, once: bool) -> None:
        for account in accounts_watched():
            try:
                found = watch_account(account=account)
            except Refused as refused:
                if once:
                    raise CommandError(refused.detail) from refused
                self.stderr.write(refused.detail)
                continue
            self.stdout.write(
                f"{account}: {found.read} operations read, {found.new} new, "
                f"{found.expired} sessions expired"
                + ("" if found.caught_up else "; more is waiting")
            )
