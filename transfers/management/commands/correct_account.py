"""`manage.py correct_account BOOKING PERSON ACCOUNT --actor NAME --reason WHY`: where one person's pay goes."""

from argparse import ArgumentParser
from typing import Any

from audit.actor import Actor
from transfers.management.by_name import NamedCommand
from transfers.services.correct_account import correct_account


class Command(NamedCommand):
    """Thin over `correct_account`."""

    help = "Name another Stripe account for a person of a booking who is not paid; then press Retry or Pay All."
    capability = "booking.create"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("booking", help="The booking's reference.")
        parser.add_argument("person", help="The person's user id on it.")
        parser.add_argument("account", help="Such as acct_1032D82eZ.")
        super().add_arguments(parser)

    def act(self, options: dict[str, Any], actor: Actor) -> None:
        member = correct_account(
            reference=options["booking"],
            user_id=options["person"],
            stripe_account=options["account"],
            reason=options["reason"],
            actor=actor,
        )
        self.stdout.write(f"{member.name} is paid to {member.stripe_account} from now on.")
