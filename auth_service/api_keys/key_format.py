"""Text format of API keys: `tng_`, 256 random bits, a CRC-32 checksum.

`tng_` + 43 + 6 characters of base 62: a double click selects the whole key, and scanners for leaked
credentials recognise one by its prefix and checksum. With 256 random bits a plain hash may be stored (ASVS
5.0 §6.5.2).
"""

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "tng_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET_LENGTH, CHECKSUM_LENGTH = 43, 6
KEY = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{SECRET_LENGTH}}})([0-9A-Za-z]{{{CHECKSUM_LENGTH}}})")
HINT_LENGTH = len(PREFIX) + 4


def new_api_key() -> str:
    secret = _base62(secrets.randbits(256), SECRET_LENGTH)
    return PREFIX + secret + _checksum(secret)


def is_api_key(text: str) -> bool:
    """True if prefix, length and checksum match; refuses mistyped keys without a database query."""
    match = KEY.fullmatch(text)
    return match is not None and _checksum(match[1]) == match[2]


def fingerprint(key: str) -> bytes:
    """The SHA-256 to store and look up. A fast hash suffices for 256 random bits."""
    return hashlib.sha256(key.encode()).digest()


def hint(key: str) -> str:
    """The first characters, by which the owner recognises a key; they reveal 24 of its 256 bits."""
    return key[:HINT_LENGTH]


def _checksum(secret: str) -> str:
    return _base62(zlib.crc32(secret.encode()), CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
