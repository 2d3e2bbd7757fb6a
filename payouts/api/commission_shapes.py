"""Commissions as callers send them and as they are answered; a test holds the answer against its shape."""

from typing import Any

from rest_framework import serializers

from api.fields import CurrencyField, MoneyAmount
from payouts.api.requests import ExternalId, PayeeBody, RecipientField
from payouts.api.serializers import PayeeOfPayout
from payouts.models import Commission, CommissionStatus, PayoutRail
from transfers.api.documents import Document, moment
from transfers.api.requests import Prose, Reference, StrictSerializer, Text
from transfers.api.serializers import AmountShown, CurrencyShown

MOST_COMMISSIONS = 200


class NewCommission(StrictSerializer):
    """What somebody earned."""

    reference = Reference(max_length=64, help_text="Your name for it; unique.")
    payee = PayeeBody()
    amount = MoneyAmount()
    currency = CurrencyField(max_length=70)
    earned_for = Text(max_length=200, required=False, help_text="Such as an order's number.")


class CommissionDecision(StrictSerializer):
    """Why, and what the caller believes it decides about."""

    reason = Prose(max_length=1000, required=False, allow_blank=True, default="")
    expected_version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="As If-Match."
    )


class CommissionReversal(CommissionDecision):
    """The same with a reason that must be given."""

    reason = Prose(max_length=1000)


class CommissionPayout(StrictSerializer):
    """Which commissions, and where their sum goes."""

    commissions = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        allow_empty=False,
        max_length=MOST_COMMISSIONS,
        help_text="Ids of approved commissions of one payee in one currency.",
    )
    rail = serializers.ChoiceField(choices=PayoutRail.choices)
    recipient = RecipientField()


class CommissionFilters(StrictSerializer):
    """`?status=&payee=&payout=&search=`"""

    status = serializers.ChoiceField(choices=CommissionStatus.choices, required=False)
    payee = ExternalId(required=False, help_text="Your id of the payee.")
    payout = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="The request that pays it."
    )
    search = Text(
        max_length=100,
        required=False,
        help_text="The beginning of a reference, or of a payee's name or external id, in any case.",
    )


class ClawbackShown(serializers.Serializer[Any]):
    """What is owed back."""

    amount = AmountShown()
    currency = CurrencyShown()
    reason = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()

    class Meta:
        ref_name = "Clawback"


class CommissionShown(serializers.Serializer[Any]):
    """What somebody earned, and what became of it."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    payee = PayeeOfPayout()
    amount = AmountShown()
    currency = CurrencyShown()
    earned_for = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=CommissionStatus.choices)
    version = serializers.IntegerField(help_text="One more with every change; the ETag.")
    payout = serializers.IntegerField(
        allow_null=True, help_text="The payout request that pays, or paid, it."
    )
    clawback = ClawbackShown(allow_null=True)
    created_by = serializers.CharField()
    decided_by = serializers.CharField(allow_null=True, help_text="Who or what moved it last.")
    reason = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Commission"


def commission_document(commission: Commission) -> Document:
    """One commission. `commission` as `commissions.commissions_shown` reads it."""
    payee = commission.payee
    clawback = getattr(commission, "clawback", None)
    return {
        "id": commission.pk,
        "reference": commission.reference,
        "payee": {
            "external_id": payee.external_id,
            "name": payee.name,
            "region": payee.region,
            "kyc_status": payee.status,
        },
        "amount": commission.amount.format(),
        "currency": commission.currency,
        "earned_for": commission.earned_for or None,
        "status": commission.status,
        "version": commission.version,
        "payout": commission.live_payout_id,
        "clawback": clawback
        and {
            "amount": clawback.amount.format(),
            "currency": clawback.currency,
            "reason": clawback.reason,
            "by": clawback.created_by,
            "at": moment(clawback.created_at),
        },
        "created_by": commission.created_by,
        "decided_by": commission.decided_by or None,
        "reason": commission.reason or None,
        "created_at": moment(commission.created_at),
        "updated_at": moment(commission.updated_at),
    }
