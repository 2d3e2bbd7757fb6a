"""`manage.py stellar_channels [--dry-run]`: the accounts that let several Stellar transactions be under way at once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.actor import Actor
from guard.errors import Refused
from money import Money
from transfers.services.open_channels import open_channels


class Command(BaseCommand):
    """Lists them, and makes those that are missing."""

    help = (
        "Create and fund the channel accounts of STELLAR_CHANNELS from the treasury, 5 XLM each. Repeatable: what "
        "exists is left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Report only.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            channels = open_channels(
                actor=Actor("command", "stellar_channels"), dry_run=options["dry_run"]
            )
        except Refused as refused:
            raise CommandError(refused.detail) from refused
        for channel in channels:
            held = "missing" if channel.stroops is None else str(Money(channel.stroops, "XLM"))
            self.stdout.write(f"{channel.account}  {held}{'  created' if channel.created else ''}")
