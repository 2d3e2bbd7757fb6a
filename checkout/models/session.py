"""`CheckoutSession`: somebody is asked to pay an amount of one asset, to one address, until some time."""

import secrets
from typing import TYPE_CHECKING

import pgtrigger
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django_fsm import FSMField, transition

from checkout.promises import SESSION_PROMISES
from checkout.triggers import SessionIsFixed
from guard.guarded_model import GuardedModel
from guard.triggers import NeverEmptied, OnlyDeclaredSteps
from money import Money

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from checkout.models.dispute import Dispute
    from checkout.models.payment import Payment
    from checkout.models.receipt import Receipt
    from checkout.models.refund import Refund

# Twelve digits: short enough to be typed, and a number nobody meets by chance.
_LOWEST_ADDRESS = 10**11
_HIGHEST_ADDRESS = 10**12


class SessionStatus(models.TextChoices):
    """The contract's words. `processing`: somebody named a transaction that has not been judged yet."""

    PENDING = "pending", "Waiting for payment"
    PROCESSING = "processing", "Being checked"
    PAID = "paid", "Paid"
    EXPIRED = "expired", "Expired"


def new_address() -> int:
    """A random number for a session's memo and muxed id."""
    return _LOWEST_ADDRESS + secrets.randbelow(_HIGHEST_ADDRESS - _LOWEST_ADDRESS)


def new_pay_token() -> str:
    """An unguessable name for the public pay page."""
    return secrets.token_urlsafe(18)


class CheckoutSession(GuardedModel):
    """What is asked for never changes; the status changes only through the guard.

    `address` is one number that names the session on the ledger: as the memo of a transaction (of type id, or its
    digits as text) and as the muxed id of an operation.
    """

    subject_type = "checkout_session"

    merchant_reference = models.CharField(max_length=64)
    amount_minor = models.BigIntegerField(help_text="Stroops.")
    currency = models.CharField(max_length=70, help_text="XLM or CODE:ISSUER.")
    account = models.CharField(max_length=56, help_text="The receiving account when it was asked.")
    address = models.BigIntegerField(unique=True, default=new_address)
    pay_token = models.CharField(max_length=32, unique=True, default=new_pay_token)
    status = FSMField(
        max_length=16, choices=SessionStatus, default=SessionStatus.PENDING, protected=True
    )
    version = models.PositiveIntegerField(default=1, db_default=1)
    claimed_tx_hash = models.CharField(
        max_length=64, blank=True, db_default="", help_text="What was named as its payment."
    )
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=150)
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    payments: "RelatedManager[Payment]"
    receipts: "RelatedManager[Receipt]"
    refunds: "RelatedManager[Refund]"
    disputes: "RelatedManager[Dispute]"

    class Meta:
        verbose_name = "checkout session"
        constraints = (
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="session_amount_is_positive"
            ),
        )
        indexes = (
            models.Index(fields=("status", "id"), name="session_by_status"),
            models.Index(
                fields=("expires_at",),
                condition=Q(status="pending"),
                name="session_pending_by_expiry",
            ),
            models.Index(
                fields=("updated_at",),
                condition=Q(status="processing"),
                name="session_processing_since",
            ),
            models.Index(
                OpClass(Upper("merchant_reference"), name="text_pattern_ops"),
                name="session_search_reference",
            ),
        )
        triggers = (
            OnlyDeclaredSteps(name="session_status_steps"),
            SessionIsFixed(name="session_is_fixed", operation=pgtrigger.Update | pgtrigger.Delete),
            SESSION_PROMISES,
            NeverEmptied(name="session_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.merchant_reference}: {self.amount}"

    @property
    def amount(self) -> Money:
        """What is asked for."""
        return Money(self.amount_minor, self.currency)

    @property
    def memo(self) -> str:
        """The address as a memo."""
        return str(self.address)

    @transition(field=status, source="pending", target="processing")
    def process(self) -> None:
        """A payment is being judged."""

    @transition(field=status, source="processing", target="paid")
    def pay(self) -> None:
        """Everything that was asked for has come in."""

    @transition(field=status, source="processing", target="pending")
    def roll_back(self) -> None:
        """What was named pays nothing; it still waits."""

    @transition(field=status, source="pending", target="expired")
    def expire(self) -> None:
        """Its time is over, and the ledger is known up to then."""
