"""Stellar: what was signed, under which sequence number, and which debts it pays. Stellar reference, 8c.

`hash` is the inner hash, and there is no outer one: fees are bid high enough at first, so nothing is ever bumped.
"""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from guard.triggers import NeverDeleted, NeverEmptied
from transfers.models.attempt import TransferAttempt
from transfers.triggers import EnvelopeIsFixed

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class EnvelopeState(models.TextChoices):
    """Prepared and sent ones are alive: a ledger may take them. The others are final."""

    PREPARED = "prepared", "Signed, not sent yet"
    SENT = "sent", "Sent"
    APPLIED_OK = "applied_ok", "Paid"
    APPLIED_FAILED = "applied_failed", "Failed in a ledger"
    EXPIRED = "expired", "Proven absent"


LIVE_STATES = (EnvelopeState.PREPARED, EnvelopeState.SENT)


class StellarChannel(models.Model):
    """An account whose sequence numbers are used. It is free when nobody holds it and no envelope of it is alive."""

    network_passphrase = models.CharField(max_length=128)
    account = models.CharField(max_length=56)
    held_until = models.DateTimeField(db_default=Now())
    fence = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = "Stellar channel"
        constraints = (
            models.UniqueConstraint(
                fields=("network_passphrase", "account"), name="one_row_per_stellar_channel"
            ),
        )
        triggers = (
            NeverDeleted(name="stellar_channel_is_not_deleted"),
            NeverEmptied(name="stellar_channel_is_not_truncated"),
        )

    def __str__(self) -> str:
        return self.account


class StellarEnvelope(models.Model):
    """One signed transaction, committed before it is sent; only these very bytes are ever sent.

    `sequence`, `max_time` (Unix seconds, compared with a ledger's close) and `fee` (stroops, at most) are those in
    `signed_xdr`. `signed_at_ledger`: history must reach back to it for a proof of absence. `check_due_at`: whoever
    sends it or asks about it holds it until then. `operations`: what the ledger says that each operation moved.
    `proof`: why an expired one can never be applied.
    """

    network_passphrase = models.CharField(max_length=128)
    horizon_url = models.CharField(max_length=255)
    channel = models.ForeignKey(StellarChannel, on_delete=models.PROTECT, related_name="envelopes")
    source = models.CharField(max_length=56)
    sequence = models.BigIntegerField()
    max_time = models.BigIntegerField()
    fee = models.BigIntegerField()
    hash = models.CharField(max_length=64, unique=True)
    signed_xdr = models.TextField()
    signed_at_ledger = models.BigIntegerField()
    state = models.CharField(
        max_length=16, choices=EnvelopeState, default=EnvelopeState.PREPARED, db_default="prepared"
    )
    send_count = models.PositiveIntegerField(default=0, db_default=0)
    first_sent_at = models.DateTimeField(null=True)
    last_sent_at = models.DateTimeField(null=True)
    check_due_at = models.DateTimeField(db_default=Now())
    absent_looks = models.PositiveIntegerField(default=0, db_default=0)
    last_refusal = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    ledger = models.BigIntegerField(null=True)
    result_xdr = models.TextField(blank=True, db_default="")
    result = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    proof = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True)

    payments: "RelatedManager[StellarPayment]"

    class Meta:
        verbose_name = "Stellar transaction"
        constraints = (
            models.UniqueConstraint(
                fields=("channel",),
                condition=Q(state__in=("prepared", "sent")),
                name="one_live_envelope_per_stellar_channel",
            ),
            models.UniqueConstraint(
                fields=("network_passphrase", "source", "sequence"),
                condition=~Q(state="expired"),
                name="one_envelope_per_sequence_unless_proven_absent",
            ),
            models.CheckConstraint(
                condition=Q(state="expired", proof__isnull=False)
                | (~Q(state="expired") & Q(proof__isnull=True)),
                name="expired_envelope_has_its_proof",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("applied_ok", "applied_failed"), ledger__isnull=False)
                | Q(state__in=("prepared", "sent", "expired"), ledger__isnull=True),
                name="applied_envelope_names_its_ledger",
            ),
        )
        triggers = (
            EnvelopeIsFixed(name="envelope_is_fixed"),
            NeverEmptied(name="envelope_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.hash} ({self.state})"

    @property
    def is_live(self) -> bool:
        """May a ledger still take it, as far as is proven?"""
        return self.state in LIVE_STATES


class StellarPayment(models.Model):
    """One operation of an envelope: the attempt it is, and exactly what was signed for it. Counted from 1."""

    envelope = models.ForeignKey(StellarEnvelope, on_delete=models.PROTECT, related_name="payments")
    operation_index = models.PositiveIntegerField()
    attempt = models.OneToOneField(
        TransferAttempt, on_delete=models.PROTECT, related_name="stellar_payment"
    )
    destination = models.CharField(max_length=69)
    asset = models.CharField(max_length=70)
    stroops = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("envelope", "operation_index"), name="one_payment_per_operation"
            ),
        )
        triggers = (
            NeverDeleted(name="stellar_payment_is_not_deleted"),
            NeverEmptied(name="stellar_payment_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"operation {self.operation_index} of {self.envelope_id}"
