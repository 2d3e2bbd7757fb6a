"""`manage.py payout_reissue PAYOUT --iban IBAN`: ask again, to another account, once the first is proven dead.

Without --apply it changes nothing. A second run finds the successor and changes nothing either.
"""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from access.policy import may
from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Refused
from payouts.models import PayoutRequest
from payouts.recipients import check_recipient
from payouts.selectors import get_payout
from payouts.services.reissue_payout import reason_not_to_reissue, reissue_payout


class Command(BaseCommand):
    """Thin over `reissue_payout`: the successor waits in the queue for its own approval."""

    help = "Reissue a payout that is proven dead, to another IBAN. A dry run unless --apply."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("payout", type=int)
        parser.add_argument("--iban", required=True)
        parser.add_argument(
            "--holder", required=True, help="The account's holder, as the bank knows them."
        )
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--dry-run", action="store_true", help="Say what would happen (default).")
        mode.add_argument("--apply", action="store_true", help="Do it.")
        parser.add_argument("--actor", default="", help="Who does it; needs payout.create.")
        parser.add_argument("--reason", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        details = {
            "type": "iban",
            "iban": options["iban"],
            "account_holder": options["holder"],
        }
        try:
            self._run(options, details)
        except Refused as refused:
            raise CommandError(f"{refused.code}: {refused.detail}") from refused

    def _run(self, options: dict[str, Any], details: dict[str, str]) -> None:
        payout = get_payout(options["payout"])
        checked = check_recipient(details)
        successor = (
            PayoutRequest.objects.filter(supersedes=payout).select_related("recipient").first()
        )
        if successor is not None and successor.recipient.details() == checked.details:
            self.stdout.write(f"Already reissued as payout {successor.pk}, {successor.status}.")
            return
        if not options["apply"]:
            refused = reason_not_to_reissue(payout)
            if refused is not None:
                raise refused
            self.stdout.write(f"Would reissue {payout} to other details; nothing was changed.")
            return
        actor = _actor(options["actor"], payout.pk)
        if not options["reason"].strip():
            raise CommandError("--apply needs --reason.")
        made = reissue_payout(
            payout_id=payout.pk, recipient=details, reason=options["reason"].strip(), actor=actor
        )
        self.stdout.write(f"Reissued as payout {made.pk}: it waits for its own approval.")


def _actor(username: str, payout_id: int) -> Actor:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError("--apply needs --actor, an active user.")
    actor = Actor("user", user.get_username(), user_id=user.pk)
    if not may(user, "payout.create"):
        subject = f"payout:{payout_id}"
        record(Note(subject, "payout.create", actor, outcome="denied", reason="permission_denied"))
        raise CommandError(f"permission_denied: {username} may not ask for payouts.")
    return actor
