"""What callers may send about checkout: strict, as everywhere."""

from typing import Any

from rest_framework import serializers

from api.fields import AmountText
from checkout.api.assets import AssetField
from checkout.models import DisputeStatus, ReceiptState, RefundStatus, SessionStatus
from checkout.services.create_session import DEFAULT_EXPIRES_IN, MOST_EXPIRES_IN
from money import InvalidAmount, Money
from transfers.api.requests import Prose, StrictSerializer, Text

_NEWEST_VERSION = 2**31 - 1
_LONGEST_ID = 10**18 - 1


class NewSession(StrictSerializer):
    """Who is to pay what, and by when."""

    merchant_reference = Text(max_length=64, help_text="Your name for it; need not be unique.")
    amount = AmountText(help_text="Major units, at most 7 decimals.")
    asset = AssetField()
    expires_in = serializers.IntegerField(
        min_value=1,
        max_value=MOST_EXPIRES_IN,
        default=DEFAULT_EXPIRES_IN,
        help_text="Seconds.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The amount and the asset together are money."""
        try:
            attrs["amount"] = Money.parse(attrs["amount"], attrs.pop("asset"))
        except InvalidAmount as error:
            raise serializers.ValidationError({"amount": [str(error)]}, code=error.code) from None
        return attrs


class PaymentNotice(StrictSerializer):
    """The transaction that is said to pay the session."""

    tx_hash = serializers.RegexField(
        r"^[0-9A-Fa-f]{64}$", help_text="The hash of the transaction: 64 hexadecimal digits."
    )


class NewRefund(StrictSerializer):
    """How much goes back, and why."""

    amount = AmountText(help_text="Major units of the session's asset.")
    reason = Prose(max_length=500)
    receipt = serializers.IntegerField(
        min_value=1,
        max_value=_LONGEST_ID,
        required=False,
        help_text="The receipt whose payer gets it; by default who paid the session.",
    )


class ReceiptRefund(StrictSerializer):
    """How much of one receipt goes back, and why."""

    amount = AmountText(required=False, help_text="Default: all that is left of it.")
    reason = Prose(max_length=500)


class ApplyReceipt(StrictSerializer):
    """Which session a receipt pays, and why."""

    session = serializers.IntegerField(min_value=1, max_value=_LONGEST_ID)
    reason = Prose(max_length=500)


class RefundDecision(StrictSerializer):
    """What is decided, and what the caller believes it decides about."""

    reason = Prose(max_length=500, required=False, allow_blank=True)
    expected_status = serializers.ChoiceField(choices=RefundStatus.choices, required=False)
    expected_version = serializers.IntegerField(
        min_value=1, max_value=_NEWEST_VERSION, required=False, help_text="As If-Match."
    )


class NewDispute(StrictSerializer):
    """What somebody who paid wants back."""

    amount = AmountText(required=False, help_text="Default: all that was not given back.")
    reason = Prose(max_length=500, required=False, allow_blank=True)


class DisputeOutcome(StrictSerializer):
    """How a dispute ended."""

    outcome = serializers.ChoiceField(
        choices=[one for one in DisputeStatus.choices if one[0] != DisputeStatus.OPEN]
    )
    note = Prose(max_length=500, required=False, allow_blank=True)
    expected_status = serializers.ChoiceField(choices=DisputeStatus.choices, required=False)
    expected_version = serializers.IntegerField(
        min_value=1, max_value=_NEWEST_VERSION, required=False, help_text="As If-Match."
    )


class SessionFilters(StrictSerializer):
    """`?status=&search=`"""

    status = serializers.ChoiceField(choices=SessionStatus.choices, required=False)
    search = Text(
        max_length=64,
        required=False,
        help_text="The beginning of a merchant reference, in any case, or a memo.",
    )


class ReceiptFilters(StrictSerializer):
    """`?state=&session=&tx_hash=`"""

    state = serializers.ChoiceField(choices=ReceiptState.choices, required=False)
    session = serializers.IntegerField(min_value=1, max_value=_LONGEST_ID, required=False)
    tx_hash = serializers.RegexField(r"^[0-9A-Fa-f]{64}$", required=False)


class RefundFilters(StrictSerializer):
    """`?status=&session=`"""

    status = serializers.ChoiceField(choices=RefundStatus.choices, required=False)
    session = serializers.IntegerField(min_value=1, max_value=_LONGEST_ID, required=False)
