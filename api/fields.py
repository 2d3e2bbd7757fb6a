"""Serializer fields for money: decimal strings at the edge, `money.Money` inside, never a float."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import SkipField, empty

from money import InvalidAmount, Money, UnknownCurrency, exponent, is_bare_asset

_AMOUNT_SCHEMA = {
    "type": "string",
    "pattern": r"^[0-9]{1,19}(\.[0-9]{1,18})?$",
    "example": "450.00",
    "description": "Major units as a decimal string, with at most the currency's decimals.",
}


@extend_schema_field({"type": "string", "example": "USD", "minLength": 3, "maxLength": 69})
class CurrencyField(serializers.CharField):
    """An ISO 4217 code, `XLM`, a Stellar asset `CODE:ISSUER`, or the code alone of one in STELLAR_ASSETS."""

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data)
        try:
            exponent(code)
            if is_bare_asset(code) and code not in settings.STELLAR_ASSETS:
                raise UnknownCurrency(f"{code!r} is not a currency that money can be paid in")
        except UnknownCurrency as error:
            raise serializers.ValidationError(str(error), code=error.code) from None
        return code


@extend_schema_field(_AMOUNT_SCHEMA)
class MoneyAmount(serializers.Field[Money, Any, str, Any]):
    """`amount`, read together with the currency beside it; validates to `Money`, shows `Money`.

    Zero and negative amounts are refused unless `allow_zero` / `allow_negative`. If the currency itself is missing
    or unknown its own field says so, and this one keeps quiet.
    """

    default_error_messages = {
        "not_a_string": 'Send amounts as strings such as "450.00": numbers lose digits on the way.',
        "not_positive": "The amount must be greater than zero.",
    }

    def __init__(
        self,
        *,
        currency_field: str = "currency",
        allow_zero: bool = False,
        allow_negative: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.currency_field = currency_field
        self.allow_zero = allow_zero
        self.allow_negative = allow_negative

    def get_value(self, dictionary: Mapping[Any, Any]) -> Any:
        amount = super().get_value(dictionary)
        if amount is empty or amount is None:
            return amount
        return amount, dictionary.get(self.currency_field)

    def to_internal_value(self, data: Any) -> Money:
        text, currency = data
        if not isinstance(text, str):
            self.fail("not_a_string")
        if not isinstance(currency, str):
            raise SkipField
        try:
            money = Money.parse(text, currency)
        except UnknownCurrency:
            raise SkipField from None
        except InvalidAmount as error:
            raise serializers.ValidationError(str(error), code=error.code) from None
        if (money.minor == 0 and not self.allow_zero) or (
            money.minor < 0 and not self.allow_negative
        ):
            self.fail("not_positive")
        return money

    def to_representation(self, value: Money) -> str:
        return value.format()


@extend_schema_field(_AMOUNT_SCHEMA)
class AmountText(serializers.Field[str, Any, str, Any]):
    """An amount whose currency is known only to the service, such as part of a transfer: a string, not yet Money.

    The service's `Money.parse` raises InvalidAmount, which the API answers as 422 for the field `amount`.
    """

    default_error_messages = MoneyAmount.default_error_messages

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_a_string")
        return str(data)

    def to_representation(self, value: str) -> str:
        return value
