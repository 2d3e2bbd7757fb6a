"""Bank details at rest: encrypted with rotating keys, found again through a blind index, shown masked.

Keys come from RECIPIENT_KEYS (newest first), else one is derived from SECRET_KEY. The index is an HMAC under a key of
its own: equal details can be found without being readable.
"""

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def _derived(purpose: str, secret: str) -> bytes:
    return hmac.new(secret.encode(), f"paidonce:{purpose}".encode(), hashlib.sha256).digest()


@cache
def _cipher() -> MultiFernet:
    secrets = settings.RECIPIENT_KEYS or [settings.SECRET_KEY]
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(_derived("recipient", secret))) for secret in secrets]
    )


def encrypt(details: dict[str, Any]) -> bytes:
    """Encrypt under the newest key."""
    return _cipher().encrypt(json.dumps(details, sort_keys=True).encode())


def decrypt(token: bytes) -> dict[str, Any]:
    """Decrypt under whichever key it was encrypted with. Raises InvalidToken when none fits."""
    details: dict[str, Any] = json.loads(_cipher().decrypt(bytes(token)))
    return details


def blind_index(details: dict[str, Any]) -> str:
    """The same for the same account, whoever holds it and whatever the holder's name; says nothing else."""
    account = {key: value for key, value in details.items() if key not in {"account_holder", "address"}}
    secret = (settings.RECIPIENT_KEYS or [settings.SECRET_KEY])[-1]
    text = json.dumps(account, sort_keys=True).encode()
    return hmac.new(_derived("blind index", secret), text, hashlib.sha256).hexdigest()
