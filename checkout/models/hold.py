"""`Hold`: a part of a receipt that a refund or a dispute has taken."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from checkout.models.dispute import Dispute
from checkout.models.receipt import Receipt
from checkout.models.refund import Refund
from checkout.triggers import HoldIsFixed, HoldsCount
from guard.triggers import NeverEmptied


class Hold(models.Model):
    """Money is promised once: `Receipt.held_minor` is the sum of what is not released, checked by the database."""

    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="holds")
    refund = models.ForeignKey(Refund, null=True, on_delete=models.PROTECT, related_name="holds")
    dispute = models.ForeignKey(Dispute, null=True, on_delete=models.PROTECT, related_name="holds")
    amount_minor = models.BigIntegerField()
    released = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="hold_is_positive"),
            models.CheckConstraint(
                condition=Q(refund__isnull=False) | Q(dispute__isnull=False),
                name="hold_belongs_to_a_refund_or_a_dispute",
            ),
        )
        triggers = (
            HoldsCount(name="holds_count", operation=pgtrigger.Insert | pgtrigger.Update),
            HoldIsFixed(name="hold_is_fixed", operation=pgtrigger.Update | pgtrigger.Delete),
            NeverEmptied(name="hold_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.amount_minor} of receipt {self.receipt_id}"
