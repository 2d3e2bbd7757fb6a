"""`manage.py payout_reissue PAYOUT --iban IBAN`: ask again, to another account, once the first is proven dead.

Without --apply it changes nothing. A second run finds the successor and changes nothing either.
"""

from argparse import ArgumentParser
from typing import Any

from audit.actor import Actor
from payouts.management.by_person import PersonCommand
from payouts.models import PayoutRequest
from payouts.recipients import check_recipient
from payouts.selectors import get_payout
from payouts.services.reissue_payout import reason_not_to_reissue, reissue_payout


class Command(PersonCommand):
    """Thin over `reissue_payout`: the successor waits in the queue for its own approval."""

    help = "Reissue a payout that is proven dead, to another IBAN. A dry run unless --apply."
    capability = "payout.create"
    may_not = "ask for payouts"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--iban", required=True)
        parser.add_argument(
            "--holder",
            default="",
            help="The account's holder, as the bank knows them. Default: as in the first payout's details.",
        )

    def preview(self, payout_id: int, options: dict[str, Any]) -> None:
        payout = get_payout(payout_id)
        if self._is_done(payout, options):
            return
        refused = reason_not_to_reissue(payout)
        if refused is not None:
            raise refused
        self.stdout.write(f"Would reissue {payout} to other details; nothing was changed.")

    def apply(self, payout_id: int, options: dict[str, Any], *, reason: str, actor: Actor) -> None:
        payout = get_payout(payout_id)
        if self._is_done(payout, options):
            return
        made = reissue_payout(
            payout_id=payout.pk, recipient=_details(payout, options), reason=reason, actor=actor
        )
        self.stdout.write(f"Reissued as payout {made.pk}: it waits for its own approval.")

    def _is_done(self, payout: PayoutRequest, options: dict[str, Any]) -> bool:
        """Is there a successor to exactly these details? Raises Invalid for details that are none."""
        checked = check_recipient(_details(payout, options))
        successor = (
            PayoutRequest.objects.filter(supersedes=payout).select_related("recipient").first()
        )
        if successor is None or successor.recipient.details() != checked.details:
            return False
        self.stdout.write(f"Already reissued as payout {successor.pk}, {successor.status}.")
        return True


def _details(payout: PayoutRequest, options: dict[str, Any]) -> dict[str, str]:
    # Most often the same person has another account. A Stellar address has no holder: then it must be told.
    holder = options["holder"] or str(payout.recipient.details().get("account_holder", ""))
    return {"type": "iban", "iban": options["iban"], "account_holder": holder}
