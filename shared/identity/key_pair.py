"""ES256 key pairs (RFC 7518 §3.4): generation, RFC 7638 thumbprints, PEM and JWK forms."""

import base64
import hashlib
import json

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jose import jwk
from jose.backends.base import Key

from shared.identity.jwt import ALGORITHM
from shared.settings import Secret


class PublicJwk(msgspec.Struct, frozen=True):
    """One key of a JWK set (RFC 7517 §4), for verifying signatures only."""

    kid: str
    x: str
    y: str
    kty: str = "EC"
    crv: str = "P-256"
    alg: str = ALGORITHM
    use: str = "sig"


class KeyPair:
    """A private key and its public half. `kid` is the RFC 7638 thumbprint of the public key."""

    def __init__(self, pem: Secret) -> None:
        self.pem = pem
        self.private: Key = jwk.construct(pem.reveal(), ALGORITHM)
        self.public: Key = self.private.public_key()
        point = self.public.to_dict()
        self.kid = thumbprint(self.public)
        self.jwk = PublicJwk(kid=self.kid, x=point["x"], y=point["y"])


def generate() -> KeyPair:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(Secret(pem.decode()))


def parse_key_pair(pem: Secret) -> KeyPair:
    """Raises ValueError for anything but one unencrypted private key of the curve P-256."""
    try:
        key = load_pem_private_key(pem.reveal().encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("not a PEM private key of the curve P-256")  # noqa: TRY004 - a bad text
    return KeyPair(pem)


def public_pem(private: Secret) -> str:
    """The public half of a private key, as PEM. Raises ValueError."""
    public = load_pem_private_key(parse_key_pair(private).pem.reveal().encode(), password=None).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def thumbprint(public: Key) -> str:
    """RFC 7638 §3.2: SHA-256 over the required members, in lexical order, without white space."""
    point = public.to_dict()
    members = json.dumps(
        {"crv": "P-256", "kty": "EC", "x": point["x"], "y": point["y"]}, separators=(",", ":"), sort_keys=True
    )
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()
