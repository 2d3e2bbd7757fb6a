"""`manage.py rotate_api_token TOKEN`: a new secret, alone on the last line, once; the old one works a while longer."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from access.actors import actor_for_command
from access.tokens import NoToken, rotate_token

DEFAULT_OVERLAP_HOURS = 24
LONGEST_OVERLAP_HOURS = 24 * 30


class Command(BaseCommand):
    """TOKEN is the number that the console's list and `create_api_token`'s audit entry show."""

    help = "Give a token a successor with the same user, name and scopes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("token", type=int)
        parser.add_argument(
            "--overlap-hours",
            type=float,
            default=DEFAULT_OVERLAP_HOURS,
            help="How long the old secret works besides the new one (default %(default)s, 0: not at all).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        hours = options["overlap_hours"]
        if not 0 <= hours <= LONGEST_OVERLAP_HOURS:
            raise CommandError(f"--overlap-hours is 0 to {LONGEST_OVERLAP_HOURS}.")
        try:
            token, secret = rotate_token(
                token_id=options["token"],
                overlap=timedelta(hours=hours),
                actor=actor_for_command("rotate_api_token"),
            )
        except NoToken as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"Token {token.pk}, valid until {token.expiry:%Y-%m-%d}; the old secret works for {hours:g} h. "
            "It is shown only now:"
        )
        self.stdout.write(secret)
