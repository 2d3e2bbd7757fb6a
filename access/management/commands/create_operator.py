"""`manage.py create_operator USERNAME --role ROLE --password-env VAR`: a user with exactly one role."""

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction

from access.actors import actor_for_command
from access.policy import assign_role
from access.roles import Role
from audit.record import Note, record


class Command(BaseCommand):
    """Creates the user; never changes one that exists."""

    help = "Create a user with a role. The password comes from an environment variable, not from the command line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--role", required=True, choices=[role.value for role in Role])
        parser.add_argument("--password-env", required=True, metavar="VAR")
        parser.add_argument("--email", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        username: str = options["username"]
        password = os.environ.get(options["password_env"], "")
        if not password:
            raise CommandError(f"{options['password_env']} is not set or empty.")
        user = User(username=username, email=options["email"])
        self._check(user, password)
        user.set_password(password)
        try:
            with transaction.atomic():
                user.save(force_insert=True)
                assign_role(user, Role(options["role"]))
                note = Note(
                    subject=f"user:{user.pk}",
                    action="user.created",
                    actor=actor_for_command("create_operator"),
                    snapshot={"username": username, "roles": [options["role"]]},
                )
                record(note)
        except IntegrityError:
            raise CommandError(
                f"A user {username!r} exists already; nothing was changed."
            ) from None
        self.stdout.write(f"{username} is now {options['role']}.")

    def _check(self, user: User, password: str) -> None:
        try:
            user.clean_fields(exclude=["password"])
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from None
        try:
            validate_password(password, user)
        except ValidationError as error:
            message = " ".join(error.messages)
            if not settings.DEBUG:
                raise CommandError(message) from None
            self.stderr.write(f"Accepted in development only: {message}")
