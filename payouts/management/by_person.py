"""Commands that change something in a person's name: dry unless told, and only if that person may."""

from abc import ABC, abstractmethod
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from access.policy import may
from access.regions import hidden_subject, regions_of
from access.roles import Capability
from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Refused


class PersonCommand(BaseCommand, ABC):
    """`preview` says what would happen; `apply` does it, through a service. Both may raise Refused."""

    capability: Capability
    may_not: str

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("payout", type=int)
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--dry-run", action="store_true", help="Say what would happen (default).")
        mode.add_argument("--apply", action="store_true", help="Do it.")
        parser.add_argument("--actor", default="", help=f"Who does it; needs {self.capability}.")
        parser.add_argument("--reason", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if not options["apply"]:
                self.preview(options["payout"], options)
                return
            actor = self._actor(options["actor"], options["payout"])
            reason = options["reason"].strip()
            if not reason:
                raise CommandError("--apply needs --reason.")
            self.apply(options["payout"], options, reason=reason, actor=actor)
        except Refused as refused:
            raise CommandError(f"{refused.code}: {refused.detail}") from refused

    @abstractmethod
    def preview(self, payout_id: int, options: dict[str, Any]) -> None:
        """Say what would happen; change nothing."""

    @abstractmethod
    def apply(self, payout_id: int, options: dict[str, Any], *, reason: str, actor: Actor) -> None:
        """Do it, and say what was done."""

    def _actor(self, username: str, payout_id: int) -> Actor:
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError("--apply needs --actor, an active user.")
        actor = Actor("user", user.get_username(), user_id=user.pk)
        subject = f"payout:{payout_id}"
        refusal = reason = ""
        if not may(user, self.capability):
            reason = "permission_denied"
            refusal = f"permission_denied: {username} may not {self.may_not}."
        elif hidden_subject(subject, regions_of(user)):
            reason = "other_region"
            refusal = f"not_found: There is no payout {payout_id}."
        if refusal:
            record(Note(subject, self.capability, actor, outcome="denied", reason=reason))
            raise CommandError(refusal)
        return actor
