"""`PayoutRequest`: somebody asks to be paid, and somebody else decides."""

from typing import TYPE_CHECKING

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django_fsm import FSMField, transition

from guard.guarded_model import GuardedModel
from guard.triggers import NeverEmptied, OnlyDeclaredSteps
from money import Money
from payouts.commission_triggers import PayoutHoldsItsCommissions
from payouts.models.payee import Payee
from payouts.models.recipient import Recipient
from payouts.promises import PAYOUT_PROMISES
from payouts.triggers import (
    ApprovalRules,
    ApprovedHasItsTransfer,
    BornRequested,
    NotSuperseded,
    RequestIsFixed,
)

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from payouts.models.approval import Approval


class PayoutStatus(models.TextChoices):
    """The contract's PAYOUT_TRANSITIONS, see the declarations below."""

    REQUESTED = "requested", "Requested"
    APPROVED = "approved", "Approved"
    PROCESSING = "processing", "Processing"
    PAID = "paid", "Paid"
    FAILED = "failed", "Failed"
    REJECTED = "rejected", "Rejected"
    CANCELLED = "cancelled", "Cancelled"


class PayoutRail(models.TextChoices):
    """Rails that payout requests may use."""

    WISE = "wise", "Wise"
    STELLAR = "stellar", "Stellar"


class PayoutRequest(GuardedModel):
    """A request, its quote, its review, and at most one transfer.

    Who made it may not decide about it, and the payee's KYC must be approved when it is: in the policy, which
    explains, and in the database (payouts/triggers.py), which cannot be talked into anything.
    """

    subject_type = "payout"

    payee = models.ForeignKey(Payee, on_delete=models.PROTECT, related_name="payouts")
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="payouts")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=70)
    rail = models.CharField(max_length=16, choices=PayoutRail)
    region = models.CharField(max_length=8)
    status = FSMField(
        max_length=16, choices=PayoutStatus, default=PayoutStatus.REQUESTED, protected=True
    )
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_by = models.CharField(max_length=150)
    created_by_id = models.BigIntegerField(null=True)
    reviewed_by = models.CharField(max_length=150, blank=True, db_default="")
    reviewed_by_id = models.BigIntegerField(null=True, help_text="The person; also behind a token.")
    reviewed_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, db_default="")
    approval_fingerprint = models.CharField(max_length=64, blank=True, db_default="")
    base_minor = models.BigIntegerField(
        null=True,
        help_text="What an approval counts against its reviewer's limit, in the base currency; NULL = no rate.",
    )
    claimed_by = models.CharField(max_length=150, blank=True, db_default="")
    claimed_until = models.DateTimeField(null=True)
    quote = models.JSONField(null=True)
    quote_expires_at = models.DateTimeField(null=True)
    quote_due_at = models.DateTimeField(
        null=True, help_text="When the rail is asked for numbers again."
    )
    returned_at = models.DateTimeField(
        null=True,
        help_text="When it came back after it was paid; how much is told by the transfer.",
    )
    supersedes = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    approvals: "RelatedManager[Approval]"

    class Meta:
        verbose_name = "payout request"
        constraints = (
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="payout_amount_is_positive"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=("approved", "processing", "paid"))
                | ~Q(approval_fingerprint=""),
                name="approved_payout_is_bound_to_what_was_seen",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=("approved", "processing", "paid"))
                | ~Q(created_by_id=F("reviewed_by_id"))
                | Q(created_by_id__isnull=True),
                name="approved_payout_was_not_approved_by_its_maker",
            ),
        )
        indexes = (
            models.Index(fields=("status", "id"), name="payout_by_status"),
            models.Index(fields=("region", "status", "id"), name="payout_by_region"),
            models.Index(fields=("payee", "id"), name="payout_by_payee"),
            models.Index(fields=("reviewed_by", "id"), name="payout_by_reviewer"),
            models.Index(fields=("recipient", "id"), name="payout_by_recipient"),
            # In the order of `id` without a status before it: an index that begins with a status looks scattered to
            # the planner, which would rather walk over everything that was ever decided to the first that waits.
            models.Index(fields=("id",), condition=Q(status="requested"), name="payout_waiting"),
            models.Index(fields=("id",), condition=~Q(status="requested"), name="payout_decided"),
            models.Index(fields=("id",), condition=~Q(reviewed_by=""), name="payout_reviewed"),
            models.Index(fields=("rail", "id"), name="payout_by_rail"),
            models.Index(fields=("base_minor",), name="payout_by_base_amount"),
            models.Index(fields=("amount_minor", "id"), name="payout_by_amount"),
            models.Index(fields=("created_at", "id"), name="payout_by_age"),
            models.Index(
                fields=("returned_at",),
                condition=Q(returned_at__isnull=False),
                name="payout_returned",
            ),
            models.Index(
                fields=("quote_due_at",),
                condition=Q(quote_due_at__isnull=False, status="requested"),
                name="payout_quote_due",
            ),
        )
        triggers = (
            OnlyDeclaredSteps(name="payout_status_steps"),
            ApprovalRules(name="payout_approval_rules"),
            ApprovedHasItsTransfer(name="payout_approval_has_its_transfer"),
            BornRequested(name="payout_is_born_requested"),
            NotSuperseded(name="payout_is_not_superseded"),
            PayoutHoldsItsCommissions(name="payout_holds_its_commissions"),
            RequestIsFixed(
                name="payout_request_is_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            *PAYOUT_PROMISES,
            NeverEmptied(name="payout_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"payout {self.pk}: {self.amount}"

    @property
    def amount(self) -> Money:
        """What the payee is to receive."""
        return Money(self.amount_minor, self.currency)

    @transition(field=status, source="requested", target="approved")
    def approve(self) -> None:
        """A reviewer said yes."""

    @transition(field=status, source="requested", target="rejected")
    def reject(self) -> None:
        """A reviewer said no."""

    @transition(field=status, source="approved", target="processing")
    def process(self) -> None:
        """A worker claimed its transfer."""

    @transition(field=status, source=["approved"], target="cancelled")
    def cancel(self) -> None:
        """Stopped before anything left."""

    @transition(field=status, source="processing", target="paid")
    def pay(self) -> None:
        """The rail proved that the money moved."""

    @transition(field=status, source="processing", target="failed")
    def fail(self) -> None:
        """It is proven that nothing moved."""

    @transition(field=status, source=["failed", "cancelled"], target="requested")
    def request_again(self) -> None:
        """Back into the queue, for a new decision."""
