"""Signing secrets: made here, kept encrypted, shown once.

Encrypted under the same rotating keys as bank details (RECIPIENT_KEYS, newest first, else one derived from
SECRET_KEY), for a purpose of their own.
"""

import base64
import hashlib
import hmac
import secrets
from functools import cache
from typing import Final

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings

PREFIX: Final = "whsec_"
# Standard Webhooks 1.0: between 24 and 64 bytes.
_BYTES = 32


def new_secret() -> str:
    """A fresh secret as its holder writes it: `whsec_` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The bytes that sign."""
    return base64.b64decode(secret.removeprefix(PREFIX))


@cache
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    derived = [
        hmac.new(key.encode(), b"paidonce:webhook secret", hashlib.sha256).digest() for key in keys
    ]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


def _keys() -> tuple[str, ...]:
    return tuple(settings.RECIPIENT_KEYS) or (settings.SECRET_KEY,)


def encrypt(secret: str) -> bytes:
    """Under the newest key."""
    return _cipher(_keys()).encrypt(secret.encode())


def decrypt(token: bytes) -> str:
    """Under whichever key it was encrypted with. Raises InvalidToken when none fits."""
    return _cipher(_keys()).decrypt(token).decode()
