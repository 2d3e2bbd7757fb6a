"""`TransferAttempt`: one try on one rail, written with its key and exact request before the call."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from guard.triggers import NeverEmptied
from transfers.models.transfer import Transfer
from transfers.triggers import AttemptIsFixed


class AttemptOutcome(models.TextChoices):
    """What is known of a try. Only live and unknown ones may change."""

    LIVE = "live", "In flight"
    UNKNOWN = "unknown", "Unknown"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"


def rail_key(idempotency_key: str, funding_reference: str) -> str:
    """What the rail tells tries apart by: on Stellar, once it is signed, the transaction's hash and operation."""
    return funding_reference if ":" in funding_reference else idempotency_key


def waiting_for(outcome: str, progress: dict[str, Any]) -> dict[str, str]:
    """Code and message of what the rail waits for before money can move; empty when it waits for nothing."""
    if outcome not in (AttemptOutcome.LIVE, AttemptOutcome.UNKNOWN):
        return {}
    waiting: dict[str, str] = progress.get("waiting") or {}
    return waiting


class TransferAttempt(models.Model):
    """The idempotency key and the request never change; a resend is byte-identical.

    `answered` is false from the moment a send is committed until its answer is recorded: a live, unanswered attempt
    whose lease is over belonged to a worker that died, and may have moved money. `spent`: the rail replays a stored
    error for this key, so that sending it again cannot execute anything.

    `progress`: where a rail needs several calls, what is settled so far; each step is committed before the next call.
    `funding_reference`: the one object at the rail that this attempt may fund, committed before it is. Never bank
    details: neither here, nor in the request or the evidence.
    """

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveIntegerField()
    idempotency_key = models.CharField(max_length=255, unique=True)
    request = models.JSONField()
    outcome = models.CharField(
        max_length=16, choices=AttemptOutcome, default=AttemptOutcome.LIVE, db_default="live"
    )
    answered = models.BooleanField(default=False, db_default=False)
    spent = models.BooleanField(default=False, db_default=False)
    send_count = models.PositiveIntegerField(default=1, db_default=1)
    probe_count = models.PositiveIntegerField(default=0, db_default=0)
    first_sent_at = models.DateTimeField(db_default=Now())
    last_sent_at = models.DateTimeField(db_default=Now())
    last_probed_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    evidence = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    progress = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    funding_reference = models.CharField(max_length=128, blank=True, db_default="")

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("transfer", "number"), name="one_attempt_per_number"),
            models.UniqueConstraint(
                fields=("transfer",),
                condition=Q(outcome__in=("live", "unknown")),
                name="one_open_attempt_per_transfer",
            ),
            models.UniqueConstraint(
                fields=("transfer",),
                condition=Q(outcome="succeeded"),
                name="one_succeeded_attempt_per_transfer",
            ),
            models.UniqueConstraint(
                fields=("transfer",),
                condition=~Q(funding_reference="") & ~Q(outcome="failed"),
                name="one_fundable_movement_per_debt",
            ),
            models.UniqueConstraint(
                fields=("funding_reference",),
                condition=~Q(funding_reference=""),
                name="one_attempt_per_funding_reference",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=("live", "unknown"), resolved_at__isnull=True)
                | Q(outcome__in=("succeeded", "failed"), resolved_at__isnull=False),
                name="attempt_is_resolved_iff_its_outcome_is_known",
            ),
        )
        triggers = (
            AttemptIsFixed(name="attempt_is_fixed"),
            NeverEmptied(name="attempt_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"attempt {self.number} ({self.outcome})"

    @property
    def waiting_for(self) -> dict[str, str]:
        """What the function of this name says of it."""
        return waiting_for(self.outcome, self.progress)

    @property
    def rail_key(self) -> str:
        """What the rail tells tries apart by."""
        return rail_key(self.idempotency_key, self.funding_reference)

    @property
    def may_have_moved_money(self) -> bool:
        """Was it sent without a conclusive answer?"""
        return self.outcome == AttemptOutcome.UNKNOWN or (
            self.outcome == AttemptOutcome.LIVE and not self.answered
        )
