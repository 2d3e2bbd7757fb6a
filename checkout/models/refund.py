"""`Refund`: money that came in goes back to who sent it."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django_fsm import FSMField, transition

from checkout.models.dispute import Dispute
from checkout.models.session import CheckoutSession
from checkout.promises import REFUND_PROMISES
from guard.guarded_model import GuardedModel
from guard.triggers import NeverDeleted, NeverEmptied, OnlyDeclaredSteps
from money import Money

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from checkout.models.hold import Hold


class RefundStatus(models.TextChoices):
    """`failed` is proven: nothing moved, and what it held is free again."""

    REQUESTED = "requested", "Requested"
    APPROVED = "approved", "Approved"
    PROCESSING = "processing", "Processing"
    REFUNDED = "refunded", "Refunded"
    FAILED = "failed", "Failed"
    REJECTED = "rejected", "Rejected"


class Refund(GuardedModel):
    """One payment back to one payer. What it takes from which receipt is in its holds, from the request on."""

    subject_type = "refund"

    session = models.ForeignKey(
        CheckoutSession, null=True, on_delete=models.PROTECT, related_name="refunds"
    )
    dispute = models.ForeignKey(
        Dispute, null=True, on_delete=models.PROTECT, related_name="refunds"
    )
    destination = models.CharField(max_length=69, help_text="Who sent the money.")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=70)
    reason = models.TextField()
    status = FSMField(
        max_length=16, choices=RefundStatus, default=RefundStatus.REQUESTED, protected=True
    )
    version = models.PositiveIntegerField(default=1, db_default=1)
    requested_by = models.CharField(max_length=150)
    requested_by_id = models.BigIntegerField(null=True)
    reviewed_by = models.CharField(max_length=150, blank=True, db_default="")
    reviewed_by_id = models.BigIntegerField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    review_note = models.TextField(blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    holds: "RelatedManager[Hold]"

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="refund_amount_is_positive"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=("approved", "processing", "refunded"))
                | Q(requested_by_id__isnull=True)
                | ~Q(requested_by_id=F("reviewed_by_id")),
                name="refund_is_not_approved_by_its_maker",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("requested", "rejected")) | Q(reviewed_by_id__isnull=False),
                name="approved_refund_names_its_reviewer",
            ),
        )
        indexes = (
            models.Index(fields=("status", "id"), name="refund_by_status"),
            models.Index(fields=("session", "id"), name="refund_by_session"),
        )
        triggers = (
            OnlyDeclaredSteps(name="refund_status_steps"),
            REFUND_PROMISES,
            NeverDeleted(name="refund_is_not_deleted"),
            NeverEmptied(name="refund_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"refund {self.pk}: {self.amount}"

    @property
    def amount(self) -> Money:
        """What goes back."""
        return Money(self.amount_minor, self.currency)

    @transition(field=status, source="requested", target="approved")
    def approve(self) -> None:
        """Another person said yes; its transfer is committed with the decision."""

    @transition(field=status, source="requested", target="rejected")
    def reject(self) -> None:
        """Somebody said no; what it held is free again."""

    @transition(field=status, source="approved", target="processing")
    def process(self) -> None:
        """A worker claimed its transfer."""

    @transition(field=status, source="processing", target="refunded")
    def finish(self) -> None:
        """The ledger proves that the money went back."""

    @transition(field=status, source="processing", target="failed")
    def fail(self) -> None:
        """It is proven that nothing moved."""
