"""Bank details at rest: encrypted with rotating keys, found again through a blind index, shown masked.

Keys come from RECIPIENT_KEYS (newest first), else one is derived from SECRET_KEY. The index is an HMAC under a key
derived from the oldest, so that a new key can be put in front without breaking it: equal accounts can be found
without being readable.
"""

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings

# What names an account, apart from whose it is.
_ACCOUNT = {
    "iban": ("iban",),
    "sort_code": ("sort_code", "account_number"),
    "aba": ("routing_number", "account_number"),
    "stellar": ("address", "memo"),
}


def _derived(purpose: str, secret: str) -> bytes:
    return hmac.new(secret.encode(), f"paidonce:{purpose}".encode(), hashlib.sha256).digest()


def _secrets() -> tuple[str, ...]:
    return tuple(settings.RECIPIENT_KEYS) or (settings.SECRET_KEY,)


@cache
def _cipher(secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(_derived("recipient", secret))) for secret in secrets]
    )


def encrypt(details: dict[str, Any]) -> bytes:
    """Encrypt under the newest key."""
    return _cipher(_secrets()).encrypt(json.dumps(details, sort_keys=True).encode())


def decrypt(token: bytes) -> dict[str, Any]:
    """Decrypt under whichever key it was encrypted with. Raises InvalidToken when none fits."""
    details: dict[str, Any] = json.loads(_cipher(_secrets()).decrypt(token))
    return details


def blind_index(kind: str, details: dict[str, Any]) -> str:
    """The same for the same account, whoever holds it and whatever the holder's name; says nothing else."""
    account = [kind, *(str(details.get(name, "")) for name in _ACCOUNT[kind])]
    key = _derived("blind index", _secrets()[-1])
    return hmac.new(key, json.dumps(account).encode(), hashlib.sha256).hexdigest()
