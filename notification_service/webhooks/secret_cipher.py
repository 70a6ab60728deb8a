"""Encryption of webhook secrets at rest, with a key that the database does not hold."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from shared.settings import Secret


class UndecryptableSecret(Exception):
    """The secret was encrypted with a key that is not in the list, or has been modified."""


class SecretCipher:
    """Encrypts secrets with Fernet (AES-128-CBC with HMAC-SHA256), so that the database alone reveals none.

    `keys`: the first encrypts, all of them decrypt.
    """

    def __init__(self, keys: Secret) -> None:
        by_key = [_fernet(key) for key in keys.split()]
        self._current, self._fernet = by_key[0], MultiFernet(by_key)
        self.has_former_keys = len(by_key) > 1

    def encrypt(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """Raises UndecryptableSecret."""
        try:
            return self._fernet.decrypt(encrypted).decode()
        except InvalidToken:
            raise UndecryptableSecret from None

    def renewed(self, encrypted: str) -> str | None:
        """The secret encrypted with the first key; None if it is already. Raises UndecryptableSecret."""
        try:
            self._current.decrypt(encrypted)
        except InvalidToken:
            return self.encrypt(self.decrypt(encrypted))
        return None


def _fernet(key: Secret) -> Fernet:
    """The encryption key is derived from `key` by BLAKE2b."""
    derived = hashlib.blake2b(key.reveal().encode(), digest_size=32, person=b"webhook secrets").digest()
    return Fernet(base64.urlsafe_b64encode(derived))
