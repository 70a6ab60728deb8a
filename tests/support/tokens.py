"""Tokens that must not be believed, made from a true one."""

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwt
from jose.utils import base64url_decode


def forgeries(token: str, jwks: dict[str, Any]) -> dict[str, str]:
    """Each looks like `token`; none is signed by the keys in `jwks` for this system and this moment."""
    header, claims = jwt.get_unverified_header(token), jwt.get_unverified_claims(token)
    other = ec.generate_private_key(ec.SECP256R1())
    secret = json.dumps(jwks["keys"][0])

    def signed(key: Any, algorithm: str = "ES256", **changes: object) -> str:
        return str(
            jwt.encode({**claims, **changes}, key, algorithm=algorithm, headers=header | {"alg": algorithm})
        )

    return {
        "a type that is no text": _headed(token, {**header, "typ": {"a": 1}}),
        "a key id that is no text": _headed(token, {**header, "kid": ["x"]}),
        "a header without an end": f"{_coded(b'[' * 5000)}.{token.partition('.')[2]}",
        "a header that is no object": _headed(token, []),
        "a key of its own": _headed(token, {**header, "jwk": jwks["keys"][0]}),
        "alg none": f"{_part({**header, 'alg': 'none'})}.{token.split('.')[1]}.",
        "signed with another key": signed(other),
        "expired": _altered(token, exp=int(time.time()) - 60),
        "another audience": _altered(token, aud="somewhere-else"),
        "HS256": signed(secret, "HS256"),
    }


def _altered(token: str, **changes: object) -> str:
    """The claims changed, the signature kept: it no longer fits."""
    head, body, signature = token.split(".")
    claims = json.loads(base64url_decode(body.encode()))
    return f"{head}.{_part({**claims, **changes})}.{signature}"


def _headed(token: str, header: object) -> str:
    """Another header before the same claims and signature."""
    return f"{_part(header)}.{token.partition('.')[2]}"


def _part(content: object) -> str:
    return _coded(json.dumps(content).encode())


def _coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
