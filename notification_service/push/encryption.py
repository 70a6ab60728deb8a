"""Encryption of push messages for one browser: `aes128gcm` (RFC 8188) with the keys of RFC 8291."""

import base64
import os

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SALT_BYTES, AUTH_BYTES = 16, 16
# One record: RFC 8291 §4 allows 4096 bytes in all, of which 86 are header, 16 tag and 1 the delimiter.
RECORD_BYTES = 4096
MAX_PLAIN_BYTES = RECORD_BYTES - 86 - 16 - 1
LAST_RECORD = b"\x02"


class InvalidPushKeys(ValueError):
    """The browser's keys are no point of P-256 with a secret of 16 bytes."""


class BrowserKeys:
    """The keys of a subscription: `p256dh` and `auth` in base64url."""

    def __init__(self, p256dh: str, auth: str) -> None:
        """Raises InvalidPushKeys."""
        try:
            self.point, self.auth = decode(p256dh), decode(auth)
            self.public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self.point)
        except (ValueError, InvalidKey) as invalid:
            raise InvalidPushKeys("no point of P-256") from invalid
        if len(self.auth) != AUTH_BYTES:
            raise InvalidPushKeys("no secret of 16 bytes")


def encrypt(
    plain: bytes,
    keys: BrowserKeys,
    *,
    own: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of a push message. `own` and `salt` are new for each message, except in tests.

    Raises ValueError for more than MAX_PLAIN_BYTES.
    """
    if len(plain) > MAX_PLAIN_BYTES:
        raise ValueError(f"a push message has at most {MAX_PLAIN_BYTES} bytes")
    own, salt = own or ec.generate_private_key(ec.SECP256R1()), salt or os.urandom(SALT_BYTES)
    own_point = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = own.exchange(ec.ECDH(), keys.public)
    material = _derive(shared, keys.auth, b"WebPush: info\x00" + keys.point + own_point, 32)
    content_key = _derive(material, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(material, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(own_point)]) + own_point
    return header + AESGCM(content_key).encrypt(nonce, plain + LAST_RECORD, None)


def decode(text: str) -> bytes:
    """Base64url with or without padding. Raises ValueError."""
    bare = text.rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)


def encode(value: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
