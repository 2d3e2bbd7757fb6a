"""`Payment`: a receipt, or the part of one that was still missing, applied to a session."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from checkout.models.receipt import Receipt
from checkout.models.session import CheckoutSession
from checkout.triggers import PaymentFits
from guard.triggers import NeverEmptied
from money import Money


class Payment(models.Model):
    """One per receipt, never more on a session than it asks for, never changed."""

    receipt = models.OneToOneField(Receipt, on_delete=models.PROTECT, related_name="payment")
    session = models.ForeignKey(CheckoutSession, on_delete=models.PROTECT, related_name="payments")
    amount_minor = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="payment_amount_is_positive"
            ),
        )
        triggers = (
            PaymentFits(name="payment_fits_its_session"),
            pgtrigger.Protect(
                name="payment_never_changes", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            NeverEmptied(name="payment_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"payment {self.pk} of session {self.session_id}"

    @property
    def amount(self) -> Money:
        """What it pays, in the receipt's asset, which is the session's."""
        return Money(self.amount_minor, self.receipt.currency)
