"""`Transfer`: one debt to one payee, whatever the rail and however many tries it takes."""

import uuid
from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django_fsm import FSMField, transition

from guard.guarded_model import GuardedModel
from guard.triggers import NeverEmptied, OnlyDeclaredSteps
from money import Money
from transfers.promises import TRANSFER_PROMISES
from transfers.triggers import CountIntoBooking, DebtIsFixed, ReleasedByTwo

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from transfers.models.attempt import TransferAttempt
    from transfers.models.release import Release
    from transfers.models.reversal import TransferReversal


class TransferStatus(models.TextChoices):
    """What people see. An outcome that nobody knows stays processing, with `outcome_unknown`."""

    PENDING = "pending", "Pending"
    PROCESSING = "processing", "Processing"
    SUCCESS = "success", "Paid"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    REVERSED = "reversed", "Reversed"
    RETURNED = "returned", "Returned"


class SourceType(models.TextChoices):
    """Why the money is owed."""

    BOOKING = "booking", "Booking"
    PAYOUT = "payout", "Payout request"
    REFUND = "refund", "Refund"


class Rail(models.TextChoices):
    """A way money moves."""

    STRIPE = "stripe", "Stripe"
    WISE = "wise", "Wise"
    STELLAR = "stellar", "Stellar"


class Transfer(GuardedModel):
    """One debt. Its amount, currency and payee never change; its status changes only through the guard.

    `due_at` is when work on it is due: now for a pending one; the end of the worker's lease while a worker holds it;
    the next check for an unknown outcome; NULL when nothing is left to do. `fence` goes up with every claim, and an
    answer is recorded only under the fence of the claim that asked.
    """

    subject_type = "transfer"

    debt_key = models.UUIDField(
        unique=True,
        default=uuid.uuid4,
        editable=False,
        help_text="Names this debt at the rail; a row id could come back after a restore.",
    )
    source_type = models.CharField(max_length=16, choices=SourceType)
    source_id = models.BigIntegerField()
    source_reference = models.CharField(max_length=64)
    user_id = models.CharField(max_length=64, blank=True, help_text="The person on the booking.")
    payee_name = models.CharField(max_length=200)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=70)
    rail = models.CharField(max_length=16, choices=Rail)
    destination = models.CharField(max_length=128)

    status = FSMField(
        max_length=16, choices=TransferStatus, default=TransferStatus.PENDING, protected=True
    )
    version = models.PositiveIntegerField(default=1, db_default=1)
    outcome_unknown = models.BooleanField(default=False, db_default=False)
    failure_code = models.CharField(max_length=64, blank=True, db_default="")
    failure_message = models.TextField(blank=True, db_default="")
    rail_reference = models.CharField(max_length=128, blank=True, db_default="")
    reversed_minor = models.BigIntegerField(default=0, db_default=0)
    returned_minor = models.BigIntegerField(
        default=0, db_default=0, help_text="What came back by itself, in `returned_currency`."
    )
    returned_currency = models.CharField(max_length=70, blank=True, db_default="")
    attempt_count = models.PositiveIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField(null=True, db_default=Now())
    fence = models.PositiveIntegerField(default=0, db_default=0)
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    attempts: "RelatedManager[TransferAttempt]"
    reversals: "RelatedManager[TransferReversal]"
    releases: "RelatedManager[Release]"

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("source_type", "source_id", "user_id"), name="one_transfer_per_debt"
            ),
            models.UniqueConstraint(
                fields=("rail", "rail_reference"),
                condition=~Q(rail_reference=""),
                name="one_transfer_per_rail_reference",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="transfer_amount_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(reversed_minor__gte=0)
                & Q(reversed_minor__lte=models.F("amount_minor")),
                name="transfer_reverses_at_most_its_amount",
            ),
            models.CheckConstraint(
                condition=Q(returned_minor=0, returned_currency="")
                | (Q(returned_minor__gt=0) & ~Q(returned_currency="")),
                name="returned_amount_names_its_currency",
            ),
            models.CheckConstraint(
                condition=Q(outcome_unknown=False) | Q(status="processing"),
                name="unknown_outcome_is_still_processing",
            ),
            models.CheckConstraint(
                condition=~Q(status="success") | ~Q(rail_reference=""),
                name="paid_transfer_names_its_movement",
            ),
        )
        indexes = (
            models.Index(
                fields=("due_at",), condition=Q(due_at__isnull=False), name="transfer_due"
            ),
            models.Index(fields=("status", "id"), name="transfer_by_status"),
            models.Index(fields=("rail", "id"), name="transfer_by_rail"),
            # What `istartswith` and `iexact` compile to, in any collation.
            models.Index(
                OpClass(Upper("source_reference"), name="text_pattern_ops"),
                name="transfer_search_reference",
            ),
            models.Index(
                OpClass(Upper("payee_name"), name="text_pattern_ops"),
                name="transfer_search_payee",
            ),
            models.Index(
                fields=("updated_at",), condition=Q(outcome_unknown=True), name="transfer_unknown"
            ),
        )
        triggers = (
            OnlyDeclaredSteps(name="transfer_status_steps"),
            DebtIsFixed(name="transfer_debt_is_fixed"),
            ReleasedByTwo(name="transfer_is_released_by_two_people"),
            *CountIntoBooking.all_events(),
            TRANSFER_PROMISES,
            NeverEmptied(name="transfer_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.payee_name}: {self.amount}"

    @property
    def amount(self) -> Money:
        """What is owed."""
        return Money(self.amount_minor, self.currency)

    @property
    def returned(self) -> Money | None:
        """What came back, in the currency it left in; fees may have been kept by a bank on the way."""
        return Money(self.returned_minor, self.returned_currency) if self.returned_minor else None

    @transition(field=status, source="pending", target="processing")
    def start(self) -> None:
        """A worker claimed it; from here on money may move."""

    @transition(field=status, source="processing", target="success")
    def succeed(self) -> None:
        """The rail proved that the money moved."""

    @transition(field=status, source="processing", target="failed")
    def fail(self) -> None:
        """It is proven that no money moved."""

    @transition(field=status, source="failed", target="pending")
    def retry(self) -> None:
        """A person asked for another attempt after a proven failure."""

    @transition(field=status, source="pending", target="cancelled")
    def cancel(self) -> None:
        """Its source was cancelled before anything left."""

    @transition(field=status, source="cancelled", target="pending")
    def reopen(self) -> None:
        """Its source was approved again."""

    @transition(field=status, source="success", target="reversed")
    def reverse(self) -> None:
        """We took all of it back."""

    @transition(field=status, source="success", target="returned")
    def mark_returned(self) -> None:
        """It came back by itself."""
