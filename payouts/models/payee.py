"""`Payee`: who gets money. Its status is what is known of them (KYC), changed through the door like any other."""

from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django_fsm import FSMField, transition

from guard.guarded_model import GuardedModel
from guard.triggers import NeverDeleted, NeverEmptied, OnlyDeclaredSteps

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from payouts.models.payout_request import PayoutRequest
    from payouts.models.recipient import Recipient


class KycStatus(models.TextChoices):
    """Whether we know who this is well enough to pay them."""

    PENDING = "pending", "Not checked"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    EXPIRED = "expired", "Expired"


class Payee(GuardedModel):
    """A person or company outside, named by the integrator's own id."""

    subject_type = "payee"

    external_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    region = models.CharField(max_length=8, help_text="Such as EU or TR.")
    email = models.EmailField(blank=True, db_default="")
    status = FSMField(
        "KYC status", max_length=16, choices=KycStatus, default=KycStatus.PENDING, protected=True
    )
    version = models.PositiveIntegerField(default=1, db_default=1)
    kyc_checked_by = models.CharField(max_length=150, blank=True, db_default="")
    kyc_checked_at = models.DateTimeField(null=True)
    kyc_note = models.TextField(blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    recipients: "RelatedManager[Recipient]"
    payouts: "RelatedManager[PayoutRequest]"

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~Q(status="approved")
                | (~Q(kyc_checked_by="") & Q(kyc_checked_at__isnull=False)),
                name="approved_payee_names_who_checked_it",
            ),
        )
        indexes = (
            models.Index(fields=("region", "id"), name="payee_by_region"),
            models.Index(
                OpClass(Upper("external_id"), name="text_pattern_ops"), name="payee_by_external_id"
            ),
            models.Index(OpClass(Upper("name"), name="text_pattern_ops"), name="payee_by_name"),
        )
        triggers = (
            OnlyDeclaredSteps(name="payee_status_steps"),
            NeverDeleted(name="payee_is_not_deleted"),
            NeverEmptied(name="payee_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.external_id})"

    @transition(field=status, source=["pending", "rejected", "expired"], target="approved")
    def approve_kyc(self) -> None:
        """We know who this is."""

    @transition(field=status, source=["pending", "approved", "expired"], target="rejected")
    def reject_kyc(self) -> None:
        """We must not pay them."""

    @transition(field=status, source="approved", target="expired")
    def expire_kyc(self) -> None:
        """What we knew is too old."""
