"""Who lost a race, which steps were refused, and where a payout and its rail disagree. Reads only.

The audit log is read from its newest end by time (index `audit_by_time`).
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from audit.models import Entry, Outcome

_SUBJECTS = ("payout:", "transfer:")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One audit entry of somebody who was refused."""

    at: str
    subject: str
    wanted: str
    actor: str
    reason: str

    def line(self) -> str:
        """For a terminal."""
        why = f": {self.reason}" if self.reason else ""
        return f"{self.at} {self.subject} {self.wanted} by {self.actor}{why}"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A payout and what its transfer, or a finding, says about it."""

    payout_id: int
    status: str
    says: str
    command: str

    def line(self) -> str:
        """For a terminal."""
        return f"payout:{self.payout_id} is {self.status}, {self.says}. {self.command}"


def refusals(days: int) -> tuple[list[Refusal], list[Refusal]]:
    """Lost races, then refused steps, of the last `days` days about payouts and transfers, oldest first."""
    since = timezone.now() - timedelta(days=days)
    races: list[Refusal] = []
    refused: list[Refusal] = []
    rows = Entry.objects.filter(
        at__gte=since, outcome__in=(Outcome.CONFLICT, Outcome.ILLEGAL, Outcome.DENIED)
    )
    for entry in rows.order_by("at", "id").iterator():
        if not entry.subject.startswith(_SUBJECTS):
            continue
        step = f"{entry.prior_status or '?'} -> {entry.new_status or entry.action}"
        one = Refusal(f"{entry.at:%F %T}", entry.subject, step, entry.actor_name, entry.reason)
        (races if entry.outcome == Outcome.CONFLICT else refused).append(one)
    return races, refused


# What a transfer may be while its payout is in that status.
_AGREES = """
    (payout.status = 'requested' AND coalesce(transfer.status, 'none') IN ('none', 'failed', 'cancelled'))
    OR (payout.status = 'rejected' AND coalesce(transfer.status, 'none') IN ('none', 'failed', 'cancelled'))
    OR (payout.status = 'cancelled' AND transfer.status IN ('cancelled', 'failed'))
    OR (payout.status = 'approved' AND transfer.status = 'pending')
    OR (payout.status = 'processing' AND transfer.status IN ('pending', 'processing'))
    OR (payout.status = 'paid' AND transfer.status IN ('success', 'reversed', 'returned'))
    OR (payout.status = 'failed' AND transfer.status IN ('failed', 'cancelled'))
    OR (payout.status IN ('rejected', 'cancelled', 'failed') AND transfer.status IN ('reversed', 'returned')
        AND EXISTS (SELECT FROM payouts_payoutrequest successor WHERE successor.supersedes_id = payout.id))
"""
# Nothing may be out for them: whatever is, a person gets it back.
_UNDECIDED = ("requested", "rejected", "cancelled", "failed")
_DOUBLED = ("moved_twice", "approved_twice")


def disagreements() -> list[Disagreement]:
    """Payouts whose transfer's status does not fit theirs, and open findings about a payout or its transfer."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT payout.id, payout.status, coalesce(transfer.status, 'missing'), transfer.id, finding.id, finding.kind
            FROM payouts_payoutrequest payout
            LEFT JOIN transfers_transfer transfer
                ON transfer.source_type = 'payout' AND transfer.source_id = payout.id AND transfer.user_id = ''
            LEFT JOIN transfers_finding finding ON finding.state = 'open'
                AND finding.subject IN ('payout:' || payout.id, 'transfer:' || transfer.id)
            WHERE finding.id IS NOT NULL OR ({_AGREES}) IS NOT TRUE
            ORDER BY payout.id, finding.id
            """
        )
        return [_disagreement(*row) for row in cursor.fetchall()]


def _disagreement(
    payout: int, status: str, says: str, transfer: int | None, finding: int | None, kind: str | None
) -> Disagreement:
    about = f"its transfer {transfer} is {says}" if transfer else "it has no transfer"
    if finding is not None:
        about += f", finding {finding}: {kind}"
        if kind in _DOUBLED:
            return Disagreement(payout, status, about, f"manage.py payout_confirm {payout}")
        return Disagreement(payout, status, about, f"POST findings/{finding}/resolve")
    if transfer and status in _UNDECIDED:
        return Disagreement(payout, status, about, f"manage.py payout_cancel_transfer {payout}")
    ask = f"POST transfers/{transfer}/confirm" if transfer else f"GET payouts/{payout}/timeline"
    return Disagreement(payout, status, about, ask)
