"""Secrets, their encryption at rest, and signature headers (Standard Webhooks 1.0.0, "Signature scheme")."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography.fernet import Fernet, InvalidToken
from standardwebhooks import Webhook

from shared.settings import Secret

PREFIX = "whsec_"
SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign_message(message_id: str, time: datetime, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """Returns the three signature headers of one attempt.

    There is one signature for each of `keys`, so that a receiver may verify with the old or the new secret
    while the secret is being changed. `body` is UTF-8.
    """
    time = time.astimezone(UTC)  # the package takes any other zone for UTC
    text = body.decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(time.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(message_id, time, text) for key in keys),
    }


class UndecryptableSecret(Exception):
    """The secret was encrypted with another key, or has been modified."""


class SecretCipher:
    """Encrypts secrets with Fernet (AES-128-CBC with HMAC-SHA256), so that the database alone reveals none.

    The encryption key is derived from `key` by BLAKE2b.
    """

    def __init__(self, key: Secret) -> None:
        derived = hashlib.blake2b(key.reveal().encode(), digest_size=32, person=b"webhook secrets").digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def encrypt(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """Raises UndecryptableSecret."""
        try:
            return self._fernet.decrypt(encrypted).decode()
        except InvalidToken:
            raise UndecryptableSecret from None
