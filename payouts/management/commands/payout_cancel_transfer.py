"""`manage.py payout_cancel_transfer PAYOUT`: out of the rail again, as far as it allows, and back to a reviewer.

Without --apply it reads the rail's books, says what would happen and changes nothing. Run it again to go on: after a
refund arrived, or after the rail did not answer.
"""

from typing import Any

from django.core.management.base import CommandError

from audit.actor import Actor
from payouts.cancel_plan import Step, plan_cancel
from payouts.management.by_person import PersonCommand
from payouts.services.cancel_payout_transfer import cancel_payout_transfer


class Command(PersonCommand):
    """Thin over `cancel_payout_transfer`."""

    help = "Cancel a payout at its rail and bring the request back to review. A dry run unless --apply."
    capability = "payout.review"
    may_not = "review payouts"

    def preview(self, payout_id: int, options: dict[str, Any]) -> None:
        plan = plan_cancel(payout_id)
        would = "Nothing to do" if plan.step.is_end else f"Would {plan.step.replace('_', ' ')}"
        self.stdout.write(f"{would}: {plan.text}")
        self.stdout.write("Nothing was changed.")

    def apply(self, payout_id: int, options: dict[str, Any], *, reason: str, actor: Actor) -> None:
        done = cancel_payout_transfer(payout_id=payout_id, reason=reason, actor=actor)
        for sentence in done.said:
            self.stdout.write(sentence)
        if done.step is Step.REFUSED:
            raise CommandError("obligation_live: it cannot be cancelled at the rail.")
        self.stdout.write(f"Payout {done.payout.pk} is {done.payout.status}.")
