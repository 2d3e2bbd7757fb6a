"""The shapes of the answers, for the OpenAPI file. `documents` builds them; a test holds the two against each other."""

from typing import Any

from rest_framework import serializers

from payouts.models import KycStatus, PayoutRail, PayoutStatus, RecipientType
from transfers.api.serializers import AmountShown, Anything, CurrencyShown, TransferShown


class PayeeOfPayout(serializers.Serializer[Any]):
    """Who gets it."""

    external_id = serializers.CharField()
    name = serializers.CharField()
    region = serializers.CharField()
    kyc_status = serializers.ChoiceField(choices=KycStatus.choices)


class RecipientShown(serializers.Serializer[Any]):
    """Where it goes, masked. Full details are never answered."""

    id = serializers.IntegerField()
    type = serializers.ChoiceField(choices=RecipientType.choices)
    masked = serializers.CharField(help_text="Such as DE•• •••• 3000.")
    version = serializers.IntegerField(help_text="Each change of details is a new version.")
    created_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Recipient"


class QuoteShown(serializers.Serializer[Any]):
    """What it costs, as the rail says."""

    rate = serializers.CharField()
    fee = AmountShown()
    source_amount = AmountShown()
    source_currency = CurrencyShown()
    expires_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Quote"


class ReturnedPayout(serializers.Serializer[Any]):
    """What really came back; null while the rail has not said how much."""

    amount = AmountShown(allow_null=True)
    currency = CurrencyShown(allow_null=True)
    at = serializers.DateTimeField()


class PayoutShown(serializers.Serializer[Any]):
    """Somebody asked to be paid, and what became of it."""

    id = serializers.IntegerField()
    payee = PayeeOfPayout()
    amount = AmountShown()
    currency = CurrencyShown()
    rail = serializers.ChoiceField(choices=PayoutRail.choices)
    region = serializers.CharField()
    recipient = RecipientShown()
    quote = QuoteShown(allow_null=True)
    status = serializers.ChoiceField(choices=PayoutStatus.choices)
    version = serializers.IntegerField(help_text="One more with every change; the ETag.")
    created_by = serializers.CharField()
    reviewed_by = serializers.CharField(allow_null=True)
    reviewed_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    claimed_by = serializers.CharField(allow_null=True, help_text="Who is looking at it now.")
    approval_fingerprint = serializers.CharField(
        allow_null=True, help_text="SHA-256 of what the reviewer signed."
    )
    transfer = TransferShown(allow_null=True)
    returned = ReturnedPayout(
        allow_null=True, help_text="It came back after it was paid, and stays paid."
    )
    supersedes = serializers.IntegerField(allow_null=True)
    superseded_by = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Payout"


class Kyc(serializers.Serializer[Any]):
    """What is known of a payee, and who says so."""

    status = serializers.ChoiceField(choices=KycStatus.choices)
    checked_by = serializers.CharField(allow_null=True)
    checked_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(allow_null=True)


class PayeeShown(serializers.Serializer[Any]):
    """Who gets money."""

    external_id = serializers.CharField()
    name = serializers.CharField()
    region = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=KycStatus.choices, help_text="As kyc.status.")
    version = serializers.IntegerField()
    kyc = Kyc()
    recipients = RecipientShown(many=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Payee"


class TimelineEvent(serializers.Serializer[Any]):
    """One thing that happened."""

    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=["audit", "attempt", "rail_event", "rail_reference"])
    what = serializers.CharField()
    actor = serializers.CharField(allow_null=True)
    detail = Anything()


class TimelineShown(serializers.Serializer[Any]):
    """Oldest first."""

    payout = serializers.IntegerField()
    results = TimelineEvent(many=True)

    class Meta:
        ref_name = "PayoutTimeline"
