"""`manage.py payout_confirm PAYOUT`: two approvals, one idempotency key: prove one payment at the rail, and close.

Without --apply it reads the rail's books, says what they prove and changes nothing.
"""

from typing import Any

from audit.actor import Actor
from payouts.management.by_person import PersonCommand
from payouts.one_payment import look_for_one
from payouts.services.confirm_payout import confirm_payout


class Command(PersonCommand):
    """Thin over `confirm_payout`."""

    help = (
        "Prove that there is exactly one payment at the rail, and close. A dry run unless --apply."
    )
    capability = "payout.review"
    may_not = "review payouts"

    def preview(self, payout_id: int, options: dict[str, Any]) -> None:
        proof = look_for_one(payout_id)
        self.stdout.write(proof.text)
        if proof.findings:
            named = ", ".join(str(pk) for pk in proof.findings)
            self.stdout.write(f"Open findings that this would answer: {named}.")
        self.stdout.write("Nothing was changed.")

    def apply(self, payout_id: int, options: dict[str, Any], *, reason: str, actor: Actor) -> None:
        before = look_for_one(payout_id).closed_by
        proof = confirm_payout(payout_id=payout_id, reason=reason, actor=actor)
        self.stdout.write(proof.text)
        self.stdout.write(f"Confirmed by {proof.closed_by}{' already' if before else ''}.")
