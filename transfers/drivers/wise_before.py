"""Before a later attempt makes anything at Wise: is what an earlier one was to fund really dead? Wise reference, 10.8.

An attempt fails by itself only when that is proven. One that people gave up may turn out to be funded, and what came
back may have left again; the attempts of all debts that this one replaces count as well.
"""

from typing import Any

from django.db.models import Q

from audit.actor import Actor
from rails.answers import Unreachable
from rails.wise_values import RETURNED_STATES
from transfers.claim import Claim
from transfers.drivers.wise_look import look
from transfers.drivers.wise_steps import wait
from transfers.models import TransferAttempt
from transfers.policy import EARLIER_MOVED
from transfers.replaced import replaced_by
from transfers.services.raise_finding import raise_finding
from transfers.services.record_answer import record_failed


def nothing_moved_before(claim: Claim, actor: Actor) -> bool:
    """May this attempt begin? If not, that is recorded: it waits for Wise's answer, or it fails and moves nothing."""
    transfer, attempt = claim.transfer, claim.attempt
    if attempt.progress.keys() - {"waiting"}:
        return True
    if attempt.number == 1 and transfer.supersedes_id is None:
        return True
    earlier = TransferAttempt.objects.filter(
        Q(transfer=transfer, number__lt=attempt.number) | Q(transfer__in=replaced_by(transfer))
    ).exclude(funding_reference="")
    for reference in earlier.values_list("funding_reference", flat=True):
        seen = look(reference)
        if isinstance(seen, Unreachable):
            wait(claim, seen, actor)
            return False
        if seen.is_funded and seen.status not in RETURNED_STATES:
            _is_alive(claim, reference, seen.evidence, actor)
            return False
    return True


def _is_alive(claim: Claim, reference: str, evidence: dict[str, Any], actor: Actor) -> None:
    raise_finding(
        subject=f"transfer:{claim.transfer.pk}",
        kind="moved_although_not_processing",
        detail=f"Wise holds {reference} for this debt, which an earlier attempt had given up.",
        actor=actor,
        evidence={**evidence, "movement": reference},
    )
    record_failed(
        claim,
        EARLIER_MOVED,
        f"Wise shows {reference} of an earlier attempt as paid, so this one sent nothing.",
        evidence,
        actor=actor,
    )
