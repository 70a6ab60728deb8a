"""Encryption of webhook secrets at rest, with a key that the database does not hold."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from shared.settings import Secret


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
