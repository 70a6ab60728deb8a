"""The setting GATEWAY_PUBLIC_KEYS: public keys that verify the gateway's tokens."""

import re
from collections.abc import Mapping
from typing import Annotated, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jose import jwk
from jose.backends.base import Key

from shared.identity.jwt import ALGORITHM
from shared.identity.key_pair import thumbprint
from shared.settings import TextFormat

BLOCK = re.compile(r"-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*")
WORDS = "public keys of the curve P-256 as PEM, one after another"


def parse_public_keys(text: str) -> Mapping[str, Key]:
    """Keys by their thumbprint. Raises ValueError for any other text, also for a private key."""
    blocks = BLOCK.findall(text)
    if "".join(blocks) != text:
        raise ValueError("not a list of PEM public keys")
    keys = [_parse(block) for block in blocks]
    return {thumbprint(key): key for key in keys}


def _parse(pem: str) -> Key:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("a key is not of the curve P-256")  # noqa: TRY004 - a bad text, not a bad type
    made: Key = jwk.construct(pem, ALGORITHM)
    return made


def checked(text: str) -> str:
    parse_public_keys(text)
    return text


GatewayPublicKeys: TypeAlias = Annotated[str, TextFormat(checked, WORDS)]
