"""VAPID (RFC 8292): how this server identifies itself to push services."""

import hashlib
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jose import jwt
from yarl import URL

from notification_service.push.encryption import encode
from shared.settings import Secret

# RFC 8292 §2 allows a day; a shorter time tolerates clocks that are ahead.
LIFETIME = timedelta(hours=12)
PURPOSE = b"tonegate: web push"
# The order of P-256 (FIPS 186-5): private keys are from 1 to one less.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Vapid:
    """Signs requests with a key that is derived from the last of `keys`, so that all replicas have the same.

    A browser's subscription is bound to it (RFC 8292 §4): it changes only when that key is removed.

    `subject` is the contact of the operator: a `mailto:` or `https:` URL (RFC 8292 §2.1).
    """

    def __init__(self, keys: Secret, subject: str) -> None:
        key = keys.split()[-1]
        # 48 bytes, so that the remainder is not biased (FIPS 186-5, A.2.1).
        derived = HKDF(hashes.SHA256(), 48, None, PURPOSE).derive(key.reveal().encode())
        private = ec.derive_private_key(int.from_bytes(derived, "big") % (ORDER - 1) + 1, ec.SECP256R1())
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._private = Secret(pem.decode())
        point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public_key = encode(point)
        self._subject = subject

    def authorization(self, endpoint: URL, now: datetime) -> str:
        """The header field `Authorization` of a request to this endpoint."""
        claims = {
            "aud": str(endpoint.origin()),
            "exp": int((now + LIFETIME).timestamp()),
            "sub": self._subject,
        }
        token = jwt.encode(claims, self._private.reveal(), algorithm="ES256")
        return f"vapid t={token}, k={self.public_key}"


def topic_of(message_id: str) -> str:
    """The header field `Topic` (RFC 8030 §5.4): a message that is sent again replaces its first copy."""
    return encode(hashlib.sha256(message_id.encode()).digest()[:24])
