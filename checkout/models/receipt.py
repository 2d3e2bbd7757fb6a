"""`Receipt`: one incoming operation, whatever it pays."""

from typing import TYPE_CHECKING

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django_fsm import FSMField, transition

from checkout.models.session import CheckoutSession
from checkout.triggers import ReceiptIsFixed
from guard.guarded_model import GuardedModel
from guard.triggers import NeverEmptied, OnlyDeclaredSteps
from money import Money

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from checkout.models.hold import Hold


class ReceiptState(models.TextChoices):
    """What became of the money."""

    APPLIED = "applied", "Pays a session"
    SURPLUS = "surplus", "Surplus"
    UNMATCHED = "unmatched", "Unmatched"
    FAILED = "failed", "Failed on the ledger"


class Receipt(GuardedModel):
    """Unique on transaction hash and operation index, so that nothing counts twice, whoever brings it.

    The facts never change. `status` is called `state` outside. `held_minor`: how much of it refunds and disputes
    have taken, kept by the database from the rows of `Hold`; never more than came in.
    """

    subject_type = "receipt"

    tx_hash = models.CharField(max_length=64)
    operation_index = models.PositiveSmallIntegerField()
    operation_id = models.BigIntegerField(help_text="The rail's own number, ascending.")
    kind = models.CharField(max_length=40)
    account = models.CharField(max_length=56)
    sender = models.CharField(max_length=69)
    amount_minor = models.BigIntegerField(help_text="Stroops.")
    currency = models.CharField(max_length=70)
    memo_type = models.CharField(max_length=8, blank=True)
    memo = models.CharField(max_length=64, blank=True)
    muxed_id = models.CharField(max_length=20, blank=True, help_text="An unsigned 64-bit number.")
    closed_at = models.DateTimeField(help_text="When its ledger closed.")
    session = models.ForeignKey(
        CheckoutSession, null=True, on_delete=models.PROTECT, related_name="receipts"
    )
    status = FSMField(
        max_length=16, choices=ReceiptState, default=ReceiptState.UNMATCHED, protected=True
    )
    reason = models.CharField(max_length=32, blank=True, db_default="")
    version = models.PositiveIntegerField(default=1, db_default=1)
    held_minor = models.BigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    holds: "RelatedManager[Hold]"

    class Meta:
        verbose_name = "incoming payment"
        constraints = (
            models.UniqueConstraint(
                fields=("tx_hash", "operation_index"), name="one_receipt_per_operation"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0), name="receipt_amount_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(held_minor__gte=0) & Q(held_minor__lte=F("amount_minor")),
                name="receipt_gives_back_at_most_what_came_in",
            ),
            models.CheckConstraint(
                condition=~Q(status="applied") | Q(session__isnull=False),
                name="applied_receipt_names_its_session",
            ),
            models.CheckConstraint(
                condition=~Q(status="failed") | Q(held_minor=0),
                name="failed_receipt_gives_nothing_back",
            ),
        )
        indexes = (
            models.Index(fields=("status", "id"), name="receipt_by_state"),
            models.Index(fields=("session", "id"), name="receipt_by_session"),
        )
        triggers = (
            OnlyDeclaredSteps(name="receipt_status_steps"),
            ReceiptIsFixed(name="receipt_is_fixed", operation=pgtrigger.Update | pgtrigger.Delete),
            NeverEmptied(name="receipt_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.amount} in {self.tx_hash[:8]}…/{self.operation_index}"

    @property
    def amount(self) -> Money:
        """What came in."""
        return Money(self.amount_minor, self.currency)

    @property
    def left_minor(self) -> int:
        """What no refund and no dispute has taken yet."""
        return 0 if self.status == ReceiptState.FAILED else self.amount_minor - self.held_minor

    @transition(field=status, source=["unmatched", "surplus"], target="applied")
    def apply(self) -> None:
        """It pays a session after all: topped up, applied by a person, or missing from a paid session."""

    @transition(field=status, source="unmatched", target="surplus")
    def leave_over(self) -> None:
        """A part of a session that expired."""
