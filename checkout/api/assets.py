"""Assets as the contract writes them: `"native"`, or `{"code", "issuer"}`."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from money import UnknownCurrency, exponent

_SCHEMA = {
    "oneOf": [
        {"type": "string", "enum": ["native"]},
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["code", "issuer"],
            "properties": {
                "code": {"type": "string", "pattern": "^[A-Za-z0-9]{1,12}$"},
                "issuer": {"type": "string", "pattern": "^G[A-Z2-7]{55}$"},
            },
        },
    ]
}


@extend_schema_field(_SCHEMA)
class AssetField(serializers.Field[str, Any, Any, Any]):
    """Validates to our name of the asset as a currency: XLM or CODE:ISSUER."""

    default_error_messages = {
        "invalid": 'An asset is "native" or {{"code": "USDC", "issuer": "G…"}}.',
    }

    def to_internal_value(self, data: Any) -> str:
        if data == "native":
            return "XLM"
        if not isinstance(data, dict) or set(data) - {"code", "issuer"}:
            self.fail("invalid")
        missing = [name for name in ("code", "issuer") if not isinstance(data.get(name), str)]
        if missing:
            needed = ErrorDetail("This field is required.", code="required")
            raise ValidationError({name: [needed] for name in missing})
        currency = f"{data['code']}:{data['issuer']}"
        try:
            exponent(currency)
        except UnknownCurrency:
            self.fail("invalid")
        if not currency.isascii():
            self.fail("invalid")
        return currency

    def to_representation(self, value: str) -> Any:
        return asset_document(value)


def asset_document(currency: str) -> str | dict[str, str]:
    """Our name of the asset in the contract's form."""
    if currency == "XLM":
        return "native"
    code, _, issuer = currency.partition(":")
    return {"code": code, "issuer": issuer}
