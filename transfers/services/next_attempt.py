"""Another attempt after one that is proven to have moved nothing through no fault of its payee: nobody is asked."""

from typing import Any

from django.db import transaction

from audit.actor import Actor
from guard.door import change_in_place
from guard.statement import SecondsFromNow, Update
from transfers.claim import Claim
from transfers.models import AttemptOutcome, Transfer, TransferAttempt, TransferStatus
from transfers.requests import plan_attempt
from transfers.services.record_answer import evidence_of_failure
from transfers.wake import wake_after_commit


def next_attempt(
    claim: Claim, reason: str, evidence: dict[str, Any], *, progress: dict[str, Any], actor: Actor
) -> bool:
    """Close the claim's attempt as failed and open the next, under its fence; still processing, due now.

    Only with proof in `evidence`: the old attempt must be dead. Nothing is sent by this. Own transaction; False when
    the fence was lost. Raises RailNotConfigured (503).
    """
    transfer = claim.transfer
    number = claim.attempt.number + 1
    plan = plan_attempt(transfer, number)
    with transaction.atomic():
        won = change_in_place(
            Transfer,
            transfer.pk,
            status=TransferStatus.PROCESSING,
            action="next_attempt",
            actor=actor,
            reason=reason,
            changes={
                "attempt_count": number,
                "outcome_unknown": False,
                "due_at": SecondsFromNow(0),
            },
            also={"fence": claim.fence, "attempt_count": claim.attempt.number},
            causes=[
                Update(TransferAttempt, claim.attempt.pk, evidence_of_failure(evidence)),
            ],
            snapshot={"attempt": number, "closed": claim.attempt.number, "reason": reason},
        )
        if won is None:
            return False
        TransferAttempt.objects.create(
            transfer=transfer,
            number=number,
            idempotency_key=plan.idempotency_key,
            request=plan.request,
            outcome=AttemptOutcome.LIVE,
            progress=progress,
            **plan.first_columns,
        )
        wake_after_commit([transfer.pk])
    return True
