"""Commands about what leaves, in a person's name and with a reason."""

from abc import ABC, abstractmethod
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from access.policy import may
from access.roles import Capability
from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Refused


class NamedCommand(BaseCommand, ABC):
    """`act` does it through one service, which may raise Refused."""

    capability: Capability
    needs_reason = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--actor", required=True, help=f"Who does it; needs {self.capability}.")
        if self.needs_reason:
            parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        actor = self._actor(options["actor"])
        try:
            self.act(options, actor)
        except Refused as refused:
            raise CommandError(f"{refused.code}: {refused.detail}") from refused

    @abstractmethod
    def act(self, options: dict[str, Any], actor: Actor) -> None:
        """Do it, and say what was done."""

    def _actor(self, username: str) -> Actor:
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError("--actor must be an active user.")
        actor = Actor("user", user.get_username(), user_id=user.pk)
        if not may(user, self.capability):
            denied = Note(
                f"user:{user.pk}",
                self.capability,
                actor,
                outcome="denied",
                reason="permission_denied",
            )
            record(denied)
            raise CommandError(f"permission_denied: {username} lacks {self.capability}.")
        return actor
