"""`TransferReversal`: taking back some or all of a transfer that arrived. An operation of its own, with its own key."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from guard.triggers import NeverDeleted, NeverEmptied
from transfers.models.attempt import AttemptOutcome
from transfers.models.transfer import Transfer


class TransferReversal(models.Model):
    """A reversal is sent under a key made from its own row: two partial reversals are two operations."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="reversals")
    idempotency_key = models.CharField(max_length=255, unique=True)
    amount_minor = models.BigIntegerField()
    reason = models.TextField()
    requested_by = models.CharField(max_length=150)
    outcome = models.CharField(max_length=16, choices=AttemptOutcome, default=AttemptOutcome.LIVE)
    send_count = models.PositiveIntegerField(default=0, db_default=0)
    first_sent_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, db_default=Now())
    fence = models.PositiveIntegerField(default=0, db_default=0)
    rail_reference = models.CharField(max_length=128, blank=True, db_default="")
    failure_code = models.CharField(max_length=64, blank=True, db_default="")
    failure_message = models.TextField(blank=True, db_default="")
    evidence = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    created_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "reversal"
        constraints = (
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="reversal_amount_is_positive"
            ),
        )
        indexes = (
            models.Index(
                fields=("due_at",), condition=Q(due_at__isnull=False), name="reversal_due"
            ),
        )
        triggers = (
            NeverDeleted(name="reversal_is_not_deleted"),
            NeverEmptied(name="reversal_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"reversal {self.pk} of transfer {self.transfer_id}"
