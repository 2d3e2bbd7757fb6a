"""`Commission`: what an affiliate earned, and the one payout request that pays it."""

from typing import TYPE_CHECKING

import pgtrigger
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django_fsm import FSMField, transition

from audit.triggers import AppendOnly
from guard.guarded_model import GuardedModel
from guard.triggers import NeverEmptied, OnlyDeclaredSteps
from money import Money
from payouts.commission_triggers import (
    CommissionFitsItsInclusion,
    CommissionIsFixed,
    InclusionIsFixed,
    InclusionIsOfThePayee,
    InclusionsAddUp,
)
from payouts.models.payee import Payee
from payouts.models.payout_request import PayoutRequest

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class CommissionStatus(models.TextChoices):
    """Where a commission stands; what its payout request does is told to it (payouts/change.py)."""

    ACCRUED = "accrued", "Accrued"
    APPROVED = "approved", "Approved"
    INCLUDED = "included", "In a payout"
    PAID = "paid", "Paid"
    VOIDED = "voided", "Voided"
    CLAWED_BACK = "clawed_back", "Clawed back"


class Commission(GuardedModel):
    """Something that was earned once, under the integrator's own name for it."""

    subject_type = "commission"

    reference = models.CharField(max_length=64, unique=True)
    payee = models.ForeignKey(Payee, on_delete=models.PROTECT, related_name="commissions")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=70)
    earned_for = models.CharField(max_length=200, blank=True, db_default="")
    status = FSMField(
        max_length=16, choices=CommissionStatus, default=CommissionStatus.ACCRUED, protected=True
    )
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_by = models.CharField(max_length=150)
    decided_by = models.CharField(max_length=150, blank=True, db_default="")
    reason = models.TextField(blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    inclusions: "RelatedManager[CommissionInclusion]"

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="commission_amount_is_positive"
            ),
        )
        indexes = (
            models.Index(fields=("status", "id"), name="commission_by_status"),
            models.Index(fields=("payee", "status", "id"), name="commission_by_payee"),
            models.Index(
                OpClass(Upper("reference"), name="text_pattern_ops"), name="commission_by_reference"
            ),
        )
        triggers = (
            OnlyDeclaredSteps(name="commission_status_steps"),
            CommissionIsFixed(name="commission_is_fixed"),
            CommissionFitsItsInclusion(name="commission_fits_its_inclusion"),
            NeverEmptied(name="commission_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"commission {self.reference}: {self.amount}"

    @property
    def amount(self) -> Money:
        """What was earned."""
        return Money(self.amount_minor, self.currency)

    @property
    def live_payout_id(self) -> int | None:
        """The request that pays or paid it, if `commissions_shown` read it."""
        return getattr(self, "paying", None)

    @transition(field=status, source="accrued", target="approved")
    def approve(self) -> None:
        """It is owed and may be paid."""

    @transition(field=status, source=["accrued", "approved"], target="voided")
    def void(self) -> None:
        """It is not owed after all; nothing was paid."""

    @transition(field=status, source="approved", target="included")
    def include(self) -> None:
        """A payout request pays it."""

    @transition(field=status, source="included", target="approved")
    def release(self) -> None:
        """That request was rejected, cancelled or failed."""

    @transition(field=status, source="included", target="paid")
    def pay(self) -> None:
        """That request is paid."""

    @transition(field=status, source="paid", target="clawed_back")
    def claw_back(self) -> None:
        """It was paid and is owed back."""


class CommissionInclusion(models.Model):
    """One commission in one payout request. Released when that request ends without paying it."""

    commission = models.ForeignKey(Commission, on_delete=models.PROTECT, related_name="inclusions")
    payout = models.ForeignKey(PayoutRequest, on_delete=models.PROTECT, related_name="inclusions")
    released_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("commission",),
                condition=Q(released_at__isnull=True),
                name="commission_is_in_at_most_one_live_payout",
            ),
            models.UniqueConstraint(
                fields=("payout", "commission"), name="commission_is_in_a_payout_once"
            ),
        )
        triggers = (
            InclusionIsFixed(name="inclusion_is_fixed"),
            InclusionIsOfThePayee(name="inclusion_is_of_the_payee"),
            InclusionsAddUp(name="inclusions_add_up"),
            NeverEmptied(name="inclusion_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"commission {self.commission_id} in payout {self.payout_id}"


class CommissionClawback(models.Model):
    """What an affiliate owes back, written down once for a commission that was paid."""

    commission = models.OneToOneField(Commission, on_delete=models.PROTECT, related_name="clawback")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=70)
    reason = models.TextField()
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="clawback_amount_is_positive"
            ),
        )
        triggers = (
            AppendOnly(
                name="clawback_is_never_changed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            NeverEmptied(name="clawback_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"claw-back of commission {self.commission_id}"

    @property
    def amount(self) -> Money:
        """What is owed back."""
        return Money(self.amount_minor, self.currency)
