"""The shapes of the answers, for the OpenAPI file. `documents` builds them; a test holds the two against each other."""

from typing import Any

from rest_framework import serializers

from checkout.api.assets import AssetField
from checkout.models import DisputeStatus, ReceiptState, RefundStatus, SessionStatus
from transfers.api.serializers import AmountShown, CurrencyShown
from transfers.models import TransferStatus

RESULTS = ("applied", "duplicate", "already_paid", "rejected", "pending")
_VERSION = "One more with every change; the ETag."


class PayTo(serializers.Serializer[Any]):
    """Where the customer sends it: with the memo, or to the muxed address of that number."""

    account = serializers.CharField()
    memo = serializers.CharField(help_text="A number; as a memo of type id or text.")
    memo_type = serializers.CharField()
    muxed_id = serializers.CharField()


class PaymentShown(serializers.Serializer[Any]):
    """A receipt, or the part of one, that pays a session."""

    id = serializers.IntegerField()
    receipt = serializers.IntegerField()
    tx_hash = serializers.CharField()
    operation_index = serializers.IntegerField()
    amount = AmountShown()
    currency = CurrencyShown()
    sender = serializers.CharField()
    closed_at = serializers.DateTimeField(help_text="When its ledger closed.")

    class Meta:
        ref_name = "CheckoutPayment"


class SessionShown(serializers.Serializer[Any]):
    """Somebody is asked to pay an amount until some time."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=SessionStatus.choices)
    version = serializers.IntegerField(help_text=_VERSION)
    merchant_reference = serializers.CharField()
    amount = AmountShown()
    currency = CurrencyShown()
    asset = AssetField()
    pay_to = PayTo()
    pay_url = serializers.CharField(help_text="A page for the customer; needs no login.")
    expires_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    claimed_tx_hash = serializers.CharField(
        allow_null=True, help_text="The transaction that was last named for it."
    )
    payments = PaymentShown(many=True)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    class Meta:
        ref_name = "CheckoutSession"


class ReceiptShown(serializers.Serializer[Any]):
    """One incoming operation, whatever it pays."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ReceiptState.choices)
    status = serializers.ChoiceField(choices=ReceiptState.choices, help_text="As `state`.")
    version = serializers.IntegerField(help_text=_VERSION)
    reason = serializers.CharField(allow_null=True, help_text="Such as wrong_asset; see the docs.")
    explanation = serializers.CharField(allow_null=True)
    session = serializers.IntegerField(allow_null=True)
    tx_hash = serializers.CharField()
    operation_index = serializers.IntegerField()
    operation_id = serializers.CharField(help_text="Horizon's number of the operation.")
    kind = serializers.CharField()
    amount = AmountShown()
    currency = CurrencyShown()
    asset = AssetField()
    paid_amount = AmountShown(help_text="What of it pays the session.")
    surplus_amount = AmountShown(help_text="What of it pays nothing.")
    refundable_amount = AmountShown(help_text="What no refund and no dispute has taken.")
    account = serializers.CharField()
    sender = serializers.CharField()
    memo_type = serializers.CharField()
    memo = serializers.CharField(allow_null=True)
    muxed_id = serializers.CharField(allow_null=True)
    closed_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Receipt"


class NotifiedShown(serializers.Serializer[Any]):
    """What became of a payment that was named."""

    result = serializers.ChoiceField(choices=RESULTS)
    reason = serializers.CharField(allow_null=True)
    session = SessionShown()
    receipts = ReceiptShown(many=True)

    class Meta:
        ref_name = "PaymentResult"


class TransferOfRefund(serializers.Serializer[Any]):
    """What carries it."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=TransferStatus.choices)
    version = serializers.IntegerField()
    outcome_unknown = serializers.BooleanField()
    rail_reference = serializers.CharField(allow_null=True)


class RefundShown(serializers.Serializer[Any]):
    """Money that goes back to who sent it."""

    id = serializers.IntegerField()
    session = serializers.IntegerField(allow_null=True)
    dispute = serializers.IntegerField(allow_null=True, help_text="The lost dispute it comes from.")
    status = serializers.ChoiceField(choices=RefundStatus.choices)
    version = serializers.IntegerField(help_text=_VERSION)
    amount = AmountShown()
    currency = CurrencyShown()
    asset = AssetField()
    destination = serializers.CharField()
    reason = serializers.CharField()
    requested_by = serializers.CharField()
    reviewed_by = serializers.CharField(allow_null=True)
    reviewed_at = serializers.DateTimeField(allow_null=True)
    review_note = serializers.CharField(allow_null=True)
    transfer = TransferOfRefund(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Refund"


class DisputeShown(serializers.Serializer[Any]):
    """Somebody who paid says that the money is theirs."""

    id = serializers.IntegerField()
    session = serializers.IntegerField()
    status = serializers.ChoiceField(choices=DisputeStatus.choices)
    version = serializers.IntegerField(help_text=_VERSION)
    amount = AmountShown(help_text="What it holds; nothing is left when all went back before.")
    currency = CurrencyShown()
    reason = serializers.CharField(allow_null=True)
    opened_by = serializers.CharField()
    resolved_by = serializers.CharField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Dispute"
