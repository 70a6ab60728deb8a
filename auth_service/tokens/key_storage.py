"""Signing keys as they are stored: encrypted with AUTH_DATA_KEYS, each for its own row."""

from datetime import datetime

from auth_service.database.encryption import DataCipher
from auth_service.tokens.model import StoredKey
from shared.identity.key_pair import KeyPair
from shared.settings import Secret


def stored_key(
    key: KeyPair, cipher: DataCipher, now: datetime, *, signs_from: datetime | None = None
) -> StoredKey:
    stored = StoredKey(kid=key.kid, created_at=now, signs_from=signs_from or now)
    stored.private_key = cipher.encrypt(key.pem.reveal().encode(), stored.row)
    return stored


def key_pair(stored: StoredKey, cipher: DataCipher) -> KeyPair:
    """Raises Undecryptable."""
    return KeyPair(Secret(cipher.decrypt(stored.private_key, stored.row).decode()))
