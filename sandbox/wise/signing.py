"""The sandbox's own key pair: webhooks are signed as Wise signs them, with a key made here."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


class Signer:
    """RSA-SHA256, PKCS#1 v1.5. The private key stays in the data folder and outlives restarts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key: rsa.RSAPrivateKey | None = None

    def open(self) -> None:
        """Read the key, or make it. Raises OSError or ValueError."""
        if self._path.exists():
            key = serialization.load_pem_private_key(self._path.read_bytes(), password=None)
            if not isinstance(key, rsa.RSAPrivateKey):
                raise ValueError(f"{self._path} is not an RSA key")
            self._key = key
            return
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: half a key would refuse every later start.
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        os.replace(fresh, self._path)

    @property
    def private(self) -> rsa.RSAPrivateKey:
        if self._key is None:
            raise RuntimeError("the signer has not been opened")
        return self._key

    def public_pem(self) -> str:
        """What WISE_WEBHOOK_PUBLIC_KEY is set to."""
        return (
            self.private.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )

    def sign(self, body: bytes) -> str:
        """X-Signature-SHA256 for the raw body."""
        return base64.b64encode(
            self.private.sign(body, padding.PKCS1v15(), hashes.SHA256())
        ).decode()
