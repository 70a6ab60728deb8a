"""Webhook secrets at rest: sealed with a key that the database does not hold."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from shared.settings import Secret


class Unreadable(Exception):
    """It was sealed with another key, or it was changed."""


class Seal:
    """AES-128 in CBC mode with HMAC-SHA256 (the Fernet specification), by a key derived from `key`."""

    def __init__(self, key: Secret) -> None:
        derived = hashlib.blake2b(key.reveal().encode(), digest_size=32, person=b"webhook secrets").digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def close(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises Unreadable."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise Unreadable from None
