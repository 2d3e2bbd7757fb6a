"""`Approval` and `ApprovalLimit`: who approved how much when, and how much one person may approve in a day.

Both belong to the database: the trigger `ApprovalRules` counts and writes them in the statement that approves,
whoever runs it, so that the limit holds for a shell as well as for the console.
"""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from audit.triggers import AppendOnly
from guard.triggers import NeverDeleted, NeverEmptied
from payouts.models.payout_request import PayoutRequest


class Approval(models.Model):
    """One approval, counted against its reviewer for 24 hours even if it is cancelled later."""

    payout = models.ForeignKey(PayoutRequest, on_delete=models.PROTECT, related_name="approvals")
    reviewer_id = models.BigIntegerField()
    base_minor = models.BigIntegerField(help_text="In the base currency's minor units.")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ("view",)
        indexes = (models.Index(fields=("reviewer_id", "at"), name="approval_by_reviewer"),)
        triggers = (
            AppendOnly(
                name="approval_is_never_changed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            NeverEmptied(name="approval_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"approval {self.pk} of payout {self.payout_id}"


class ApprovalLimit(models.Model):
    """The setting APPROVAL_LIMIT as the database knows it: one row, kept equal by `approve_payout`.

    Without the row nothing can be approved in SQL.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    currency = models.CharField(max_length=3)
    limit_minor = models.BigIntegerField()

    class Meta:
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(condition=Q(id=1), name="there_is_one_approval_limit"),
        )
        triggers = (
            NeverDeleted(name="approval_limit_is_not_deleted"),
            NeverEmptied(name="approval_limit_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.limit_minor} {self.currency} a day"
