"""AES-256-GCM (NIST SP 800-38D) with several keys: the first encrypts, all decrypt.

A stored value is `version (1) | key id (4) | nonce (12) | ciphertext and tag`. The row that it belongs to is
associated data, so that a value copied to another row or table cannot be decrypted there.
"""

import base64
import binascii
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.settings import Secret

VERSION = b"\x01"
KEY_BYTES, KEY_ID_BYTES, NONCE_BYTES = 32, 4, 12
PREFIX_BYTES = len(VERSION) + KEY_ID_BYTES


class BadDataKeys(ValueError):
    """The list of keys is malformed; the message names the position of the bad key, never the key."""


class Undecryptable(Exception):
    """The value was encrypted for another row or with a key that is not in the list, or was modified."""


class DataCipher:
    """Encrypts values for one row each; `row` names table and row, such as `signing_keys/3f…`."""

    def __init__(self, keys: Secret) -> None:
        """`keys`: comma-separated base64url of 32 random bytes each. Raises BadDataKeys."""
        parsed = _parse(keys)
        self._current = _prefix(parsed[0])
        self._by_prefix = {_prefix(key): AESGCM(key) for key in parsed}

    @property
    def current_prefix(self) -> bytes:
        """What every value encrypted with the first key begins with, for queries of outdated rows."""
        return self._current

    def encrypt(self, value: bytes, row: str) -> bytes:
        """Encrypts with the first key and a random nonce: at most 2³² values with one key (§8.3)."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._by_prefix[self._current].encrypt(nonce, value, self._current + row.encode())
        return self._current + nonce + sealed

    def decrypt(self, stored: bytes, row: str) -> bytes:
        """Raises Undecryptable."""
        prefix, nonce = stored[:PREFIX_BYTES], stored[PREFIX_BYTES : PREFIX_BYTES + NONCE_BYTES]
        key = self._by_prefix.get(prefix)
        if key is None or len(nonce) != NONCE_BYTES:
            raise Undecryptable
        try:
            return key.decrypt(nonce, stored[PREFIX_BYTES + NONCE_BYTES :], prefix + row.encode())
        except InvalidTag:
            raise Undecryptable from None

    def is_outdated(self, stored: bytes) -> bool:
        """True if `stored` was encrypted with another key than the first one."""
        return not stored.startswith(self._current)


def _parse(keys: Secret) -> list[bytes]:
    parts = [part.strip() for part in keys.reveal().split(",")]
    parsed = [_key(part, position) for position, part in enumerate(parts, 1)]
    if len({_prefix(key) for key in parsed}) < len(parsed):
        raise BadDataKeys("two keys are the same")
    return parsed


def _key(text: str, position: int) -> bytes:
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadDataKeys(f"key {position} is not base64url") from None
    if len(key) != KEY_BYTES:
        raise BadDataKeys(f"key {position} has {len(key)} bytes instead of {KEY_BYTES}")
    return key


def _prefix(key: bytes) -> bytes:
    """Version and key id: a digest that reveals nothing about the key."""
    return VERSION + hashlib.blake2b(key, digest_size=KEY_ID_BYTES, person=b"data key id").digest()
