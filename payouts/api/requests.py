"""What callers may send about payouts and payees: strict, as everywhere."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from api.fields import CurrencyField, MoneyAmount
from payouts.models import KycStatus, PayoutRail, PayoutStatus
from transfers.api.requests import PersonId, Prose, StrictSerializer, Text


def _details(title: str, kind: str, needed: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "title": title,
        "type": "object",
        "additionalProperties": False,
        "required": ["type", *needed],
        "properties": {"type": {"type": "string", "enum": [kind]}, **needed, **more},
    }


_TEXT = {"type": "string"}
_US_ADDRESS = {
    "type": "object",
    "required": ["country", "city", "post_code", "first_line"],
    "properties": dict.fromkeys(("country", "state", "city", "post_code", "first_line"), _TEXT),
}
_HOLDER = {"account_holder": {"type": "string", "minLength": 2, "maxLength": 140}}
RECIPIENT_SCHEMA = {
    "oneOf": [
        _details("IBAN", "iban", {"iban": _TEXT, **_HOLDER}),
        _details(
            "UK sort code", "sort_code", {"sort_code": _TEXT, "account_number": _TEXT, **_HOLDER}
        ),
        _details(
            "US routing number",
            "aba",
            {
                "routing_number": _TEXT,
                "account_number": _TEXT,
                "account_type": {"type": "string", "enum": ["CHECKING", "SAVINGS"]},
                **_HOLDER,
                "address": _US_ADDRESS,
            },
        ),
        _details("Stellar address", "stellar", {"address": _TEXT}, memo=_TEXT),
    ]
}


@extend_schema_field(RECIPIENT_SCHEMA)
class RecipientField(serializers.DictField):
    """Bank details, validated by the service, which alone knows the rules of each type."""

    def run_validation(self, data: Any = empty) -> Any:
        if data is not empty and not isinstance(data, dict):
            raise ValidationError("This is an object.", code="not_a_dict")
        return super().run_validation(data)


class Region(Text):
    """A queue's name, such as EU or TR."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=8, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).upper()


class ExternalId(PersonId):
    """The caller's own id of a payee. It is one segment of an address."""

    default_error_messages = {"not_in_a_path": "An id has no slash and is not . or .. ."}

    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data)
        if "/" in value or value in (".", ".."):
            self.fail("not_in_a_path")
        return value


class PayeeBody(StrictSerializer):
    """Who is to be paid."""

    external_id = ExternalId(help_text="Your id of this payee.")
    name = Text(
        max_length=200, required=False, help_text="For a payee who is new; else PUT the payee."
    )
    region = Region(
        required=False,
        help_text="For a payee who is new; the account's country decides without it.",
    )


class NewPayout(StrictSerializer):
    """Somebody asks to be paid."""

    payee = PayeeBody()
    amount = MoneyAmount()
    currency = CurrencyField(max_length=70)
    rail = serializers.ChoiceField(choices=PayoutRail.choices)
    recipient = RecipientField()


class Decision(StrictSerializer):
    """What is decided, and what the caller believes it decides about."""

    reason = Prose(max_length=1000, required=False, allow_blank=True)
    expected_status = serializers.ChoiceField(
        choices=PayoutStatus.choices,
        required=False,
        help_text="What you believe it is. Default for approve and reject: requested.",
    )
    expected_version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="As If-Match."
    )


class NewStatus(Decision):
    """The generic door."""

    status = serializers.ChoiceField(choices=PayoutStatus.choices)


class Reissue(StrictSerializer):
    """Where the money goes instead, and why."""

    recipient = RecipientField()
    reason = Prose(max_length=1000)


class PayeeValues(StrictSerializer):
    """Who somebody is; what is left out becomes empty."""

    name = Text(max_length=200)
    region = Region()
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True, default="")


class KycDecision(StrictSerializer):
    """What a check came to."""

    status = serializers.ChoiceField(
        choices=[one for one in KycStatus.choices if one[0] != KycStatus.PENDING]
    )
    note = Prose(max_length=2000, required=False, allow_blank=True, default="")


class PayoutFilters(StrictSerializer):
    """`?status=&region=&rail=&reviewer=&search=`"""

    status = serializers.ChoiceField(choices=PayoutStatus.choices, required=False)
    region = Region(required=False)
    rail = serializers.ChoiceField(choices=PayoutRail.choices, required=False)
    reviewer = Text(max_length=150, required=False, help_text="The name of who decided.")
    search = Text(
        max_length=100,
        required=False,
        help_text="A payout's id, or the beginning of a payee's name or external id, in any case.",
    )
