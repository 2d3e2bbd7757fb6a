"""Standard Webhooks 1.0: what a receiver checks. The specification's own library is the judge in the tests."""

import base64
import hashlib
import hmac
from collections.abc import Iterable

from webhooks.secrets import key_of


def signature_headers(
    *, webhook_id: str, timestamp: int, body: bytes, secrets: Iterable[str]
) -> dict[str, str]:
    """The three headers of one try. `timestamp` in Unix seconds; one `v1` signature a secret, separated by spaces."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    signatures = [
        "v1," + base64.b64encode(hmac.digest(key_of(secret), signed, hashlib.sha256)).decode()
        for secret in secrets
    ]
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
