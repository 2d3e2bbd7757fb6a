"""A booking and the people who are owed money for it."""

from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now, Upper
from django_fsm import FSMField, transition

from guard.guarded_model import GuardedModel
from guard.triggers import NeverDeleted, NeverEmptied, OnlyDeclaredSteps
from money import Money

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class BookingStatus(models.TextChoices):
    """Where the job itself stands; being paid is told by `payment_state`."""

    SCHEDULED = "scheduled", "Scheduled"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"


class PaymentState(models.TextChoices):
    """Where a booking's pay stands as a whole."""

    UNPAID = "unpaid", "Unpaid"
    PROCESSING = "processing", "Processing"
    PARTIALLY_PAID = "partially_paid", "Partially paid"
    PAID = "paid", "Paid"
    ATTENTION = "attention", "Needs attention"


class Booking(GuardedModel):
    """A job with a crew. All of its amounts are in one currency.

    The counters are kept by the database in the transaction of every transfer's own change (transfers/triggers.py),
    so that lists and filters read one row per booking. `payment_state` is generated from them.
    """

    subject_type = "booking"

    reference = models.CharField(max_length=64, unique=True)
    customer_name = models.CharField(max_length=200)
    status = FSMField(
        max_length=16, choices=BookingStatus, default=BookingStatus.SCHEDULED, protected=True
    )
    version = models.PositiveIntegerField(default=1)
    currency = models.CharField(max_length=70)
    crew_count = models.PositiveIntegerField()
    total_minor = models.BigIntegerField()
    pending_count = models.IntegerField(db_default=0)
    processing_count = models.IntegerField(db_default=0)
    unknown_count = models.IntegerField(db_default=0)
    success_count = models.IntegerField(db_default=0)
    failed_count = models.IntegerField(db_default=0)
    undone_count = models.IntegerField(db_default=0, help_text="Reversed or returned.")
    paid_minor = models.BigIntegerField(db_default=0)
    payment_state = models.GeneratedField(
        expression=Case(
            When(
                Q(failed_count__gt=0) | Q(unknown_count__gt=0) | Q(undone_count__gt=0),
                then=Value(PaymentState.ATTENTION.value),
            ),
            When(success_count=F("crew_count"), then=Value(PaymentState.PAID.value)),
            When(
                Q(pending_count__gt=0) | Q(processing_count__gt=0),
                then=Value(PaymentState.PROCESSING.value),
            ),
            When(success_count__gt=0, then=Value(PaymentState.PARTIALLY_PAID.value)),
            default=Value(PaymentState.UNPAID.value),
        ),
        output_field=models.CharField(max_length=16, choices=PaymentState),
        db_persist=True,
    )
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    crew: "RelatedManager[CrewMember]"

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(crew_count__gte=1) & Q(total_minor__gt=0),
                name="booking_owes_somebody_something",
            ),
            models.CheckConstraint(
                condition=Q(paid_minor__gte=0) & Q(paid_minor__lte=F("total_minor")),
                name="booking_pays_at_most_its_total",
            ),
        )
        indexes = (
            models.Index(fields=("status", "id"), name="booking_by_status"),
            models.Index(fields=("payment_state", "id"), name="booking_by_payment_state"),
            models.Index(fields=("created_at", "id"), name="booking_by_age"),
            # What `istartswith` compiles to, in any collation.
            models.Index(
                OpClass(Upper("reference"), name="text_pattern_ops"),
                name="booking_search_reference",
            ),
            models.Index(
                OpClass(Upper("customer_name"), name="text_pattern_ops"),
                name="booking_search_customer",
            ),
        )
        triggers = (
            OnlyDeclaredSteps(name="booking_status_steps"),
            NeverDeleted(name="booking_is_not_deleted"),
            NeverEmptied(name="booking_is_not_truncated"),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def total(self) -> Money:
        """What the whole crew is owed."""
        return Money(self.total_minor, self.currency)

    @property
    def paid(self) -> Money:
        """What has reached people and stayed there."""
        return Money(self.paid_minor, self.currency)

    @property
    def remaining(self) -> Money:
        """What is still owed."""
        return self.total - self.paid

    @property
    def is_paid(self) -> bool:
        """The boolean that older clients read."""
        return bool(self.payment_state == PaymentState.PAID)

    @transition(field=status, source="scheduled", target="completed")
    def complete(self) -> None:
        """The job is done."""

    @transition(field=status, source="scheduled", target="cancelled")
    def cancel(self) -> None:
        """The job will not happen."""


class CrewMember(models.Model):
    """One person on one booking, what they are owed, and the connected account it goes to."""

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="crew")
    user_id = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=64)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=70)
    stripe_account = models.CharField(max_length=128)

    class Meta:
        verbose_name = "crew member"
        constraints = (
            models.UniqueConstraint(
                fields=("booking", "user_id"), name="one_crew_member_per_booking_and_person"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="crew_member_amount_is_positive"
            ),
        )
        triggers = (
            NeverDeleted(name="crew_member_is_not_deleted"),
            NeverEmptied(name="crew_member_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.role})"

    @property
    def amount(self) -> Money:
        """What this person is owed for this booking."""
        return Money(self.amount_minor, self.currency)
