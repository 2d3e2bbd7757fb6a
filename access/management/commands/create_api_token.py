"""`manage.py create_api_token USERNAME [--scope SCOPE]…`: prints the token, alone on the last line, once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from knox.settings import knox_settings

from access.actors import actor_for_command
from access.models import ApiToken
from access.policy import roles_of
from access.roles import SCOPES
from audit.record import Note, record


class Command(BaseCommand):
    """Creates a token for an active user who has a role."""

    help = "Create an API token. Without --scope it may do whatever its user's role may do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--scope", action="append", default=[], choices=SCOPES)
        parser.add_argument("--name", default="", help="What uses it; shown in the audit log.")
        parser.add_argument(
            "--days",
            type=int,
            default=knox_settings.TOKEN_TTL.days,
            help="Days until it expires (default %(default)s).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']!r}.")
        if not user.is_active or not roles_of(user):
            raise CommandError(
                f"{user.username} is inactive or has no role: a token could do nothing."
            )
        if options["days"] < 1:
            raise CommandError("--days must be at least 1.")
        scopes = sorted(set(options["scope"]))
        with transaction.atomic():
            token, secret = ApiToken.objects.create(
                user=user,
                expiry=timedelta(days=options["days"]),
                name=options["name"],
                scopes=scopes,
            )
            note = Note(
                subject=f"api_token:{token.pk}",
                action="token.created",
                actor=actor_for_command("create_api_token"),
                snapshot={"username": user.username, "name": options["name"], "scopes": scopes},
            )
            record(note)
        self.stdout.write(f"Valid until {token.expiry:%Y-%m-%d}. It is shown only now:")
        self.stdout.write(secret)
