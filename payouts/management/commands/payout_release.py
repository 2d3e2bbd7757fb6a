"""`manage.py payout_release PAYOUT --outcome moved|not_moved`: two people decide what the rail does not tell.

The first --apply proposes, the --apply of another person confirms. Without --apply it changes nothing.
"""

from argparse import ArgumentParser
from typing import Any

from audit.actor import Actor
from payouts.management.by_person import PersonCommand
from payouts.selectors import open_release
from payouts.services.release_payout import release_payout, transfer_to_release
from transfers.models import ReleaseDecision, ReleaseState
from transfers.services.propose_release import checked_reference


class Command(PersonCommand):
    """Thin over `release_payout`."""

    help = "Decide an unknown outcome, by two different people. A dry run unless --apply."
    capability = "payout.review"
    may_not = "review payouts"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--outcome", required=True, choices=ReleaseDecision.values)
        parser.add_argument(
            "--rail-reference", default="", help="For money that moved: the payment at the rail."
        )

    def preview(self, payout_id: int, options: dict[str, Any]) -> None:
        transfer = transfer_to_release(payout_id)
        checked_reference(transfer, options["outcome"], options["rail_reference"])
        proposed = open_release(transfer)
        if proposed is None:
            self.stdout.write(f"Would propose: {ReleaseDecision(options['outcome']).label}.")
        else:
            said = proposed.get_decision_display()
            self.stdout.write(
                f"{proposed.proposed_by} proposed: {said} (“{proposed.proposed_reason}”). "
                "Another person would confirm it by saying the same."
            )
        self.stdout.write("Nothing was changed.")

    def apply(self, payout_id: int, options: dict[str, Any], *, reason: str, actor: Actor) -> None:
        release = release_payout(
            payout_id=payout_id,
            decision=options["outcome"],
            reason=reason,
            actor=actor,
            rail_reference=options["rail_reference"],
        )
        if release.state == ReleaseState.CONFIRMED:
            self.stdout.write(
                f"{release.get_decision_display()}: decided by {release.proposed_by} and {release.closed_by}."
            )
        else:
            self.stdout.write(
                f"Proposed by {release.proposed_by}: {release.get_decision_display()}. It waits for a second person."
            )
