"""`Dispute`: somebody who paid says that the money is theirs."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django_fsm import FSMField, transition

from checkout.models.session import CheckoutSession
from guard.guarded_model import GuardedModel
from guard.triggers import NeverDeleted, NeverEmptied, OnlyDeclaredSteps
from money import Money

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from checkout.models.hold import Hold
    from checkout.models.refund import Refund


class DisputeStatus(models.TextChoices):
    """`won`: the money stays here. `lost`: it goes back."""

    OPEN = "open", "Open"
    WON = "won", "Won"
    LOST = "lost", "Lost"


class Dispute(GuardedModel):
    """While it is open it holds the money it is about, so that no refund pays the same money."""

    subject_type = "dispute"

    session = models.ForeignKey(CheckoutSession, on_delete=models.PROTECT, related_name="disputes")
    amount_minor = models.BigIntegerField(help_text="What it holds; 0 when all went back before.")
    currency = models.CharField(max_length=70)
    reason = models.TextField()
    status = FSMField(
        max_length=16, choices=DisputeStatus, default=DisputeStatus.OPEN, protected=True
    )
    version = models.PositiveIntegerField(default=1, db_default=1)
    opened_by = models.CharField(max_length=150)
    opened_by_id = models.BigIntegerField(null=True)
    resolved_by = models.CharField(max_length=150, blank=True, db_default="")
    resolved_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    holds: "RelatedManager[Hold]"
    refunds: "RelatedManager[Refund]"

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("session",), condition=Q(status="open"), name="one_open_dispute_per_session"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0), name="dispute_amount_is_not_negative"
            ),
        )
        indexes = (models.Index(fields=("session", "id"), name="dispute_by_session"),)
        triggers = (
            OnlyDeclaredSteps(name="dispute_status_steps"),
            NeverDeleted(name="dispute_is_not_deleted"),
            NeverEmptied(name="dispute_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"dispute {self.pk}: {self.amount}"

    @property
    def amount(self) -> Money:
        """What it is about."""
        return Money(self.amount_minor, self.currency)

    @transition(field=status, source="open", target="won")
    def win(self) -> None:
        """What it held is free again."""

    @transition(field=status, source="open", target="lost")
    def lose(self) -> None:
        """What it held goes back, as a refund that another person approves."""
