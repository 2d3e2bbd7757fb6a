"""Wise's notifications: signed with RSA-SHA256 over the raw body, repeated, unordered, and only hints."""

import base64
import binascii
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from rails.stripe import BadSignature
from rails.wise_values import loads, minor_units


@dataclass(frozen=True, slots=True)
class WiseNotice:
    """What a notification is about. `transfer` is empty when it is not about one.

    `refund_minor` in minor units of `refund_currency`, only in a refund notice: the amount that really came back.
    """

    type: str
    transfer: str
    profile: str
    current_state: str
    occurred_at: str
    refund_minor: int | None = None
    refund_currency: str = ""


@cache
def _key(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise TypeError("WISE_WEBHOOK_PUBLIC_KEY is not an RSA key")
    return key


def verify_notification(payload: bytes, signature: str, public_key_pem: str) -> dict[str, Any]:
    """The notification inside a webhook's raw body. Raises BadSignature, also for a key that cannot be read."""
    try:
        _key(public_key_pem).verify(
            base64.b64decode(signature, validate=True), payload, PKCS1v15(), SHA256()
        )
        body = json.loads(payload)
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError, TypeError) as error:
        raise BadSignature(type(error).__name__) from error
    if not isinstance(body, dict):
        raise BadSignature("the body is not an object")
    return body


def notice_of(payload: dict[str, Any]) -> WiseNotice:
    """Read leniently: a part that is missing or of another shape is empty."""
    data = _object(payload.get("data"))
    resource = _object(data.get("resource"))
    about_transfer = resource.get("type") == "transfer"
    transfer = resource.get("id") if about_transfer else data.get("transfer_id")
    amount, currency = _refund(data, resource)
    return WiseNotice(
        type=str(payload.get("event_type") or ""),
        transfer=str(transfer or ""),
        profile=str(resource.get("profile_id") or data.get("profile_id") or ""),
        current_state=str(data.get("current_state") or ""),
        occurred_at=str(data.get("occurred_at") or ""),
        refund_minor=amount,
        refund_currency=currency,
    )


def _refund(data: dict[str, Any], resource: dict[str, Any]) -> tuple[int | None, str]:
    currency = str(data.get("refund_currency") or resource.get("refund_currency") or "")
    value = data.get("refund_amount", resource.get("refund_amount"))
    if value is None or not currency:
        return None, ""
    try:
        # Stored as JSON: the shortest text of a number is its exact decimal.
        return minor_units(loads(json.dumps(value)), currency), currency
    except (ValueError, ArithmeticError):
        return None, ""


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
