"""Invalid access tokens, derived from a valid one."""

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jwk, jwt
from jose.utils import base64url_decode


def forgeries(token: str, jwks: dict[str, Any]) -> dict[str, str]:
    """Returns tokens that resemble `token` and are not signed by a key in `jwks`, by kind of forgery."""
    header, claims = jwt.get_unverified_header(token), jwt.get_unverified_claims(token)
    other = ec.generate_private_key(ec.SECP256R1())
    secret = json.dumps(jwks["keys"][0])

    rsa_key = rsa.generate_private_key(65537, 2048)

    def signed(key: Any, algorithm: str = "ES256", **fields: object) -> str:
        """Signs the claims by `key`, with these header fields."""
        return str(jwt.encode(claims, key, algorithm=algorithm, headers=header | {"alg": algorithm} | fields))

    own_keys = {**jwk.construct(_pem(other), "ES256").public_key().to_dict(), "kid": "own"}
    return {
        "a type that is no text": _headed(token, {**header, "typ": {"a": 1}}),
        "a key id that is no text": _headed(token, {**header, "kid": ["x"]}),
        "a header without an end": f"{_coded(b'[' * 5000)}.{token.partition('.')[2]}",
        "a header that is no object": _headed(token, []),
        "alg none": f"{_part({**header, 'alg': 'none'})}.{token.split('.')[1]}.",
        "signed with another key": signed(_pem(other)),
        "expired": _altered(token, exp=int(time.time()) - 60),
        "another audience": _altered(token, aud="somewhere-else"),
        "HS256": signed(secret, "HS256"),
        "HS256 with the key's coordinates": signed(jwks["keys"][0]["x"], "HS256"),
        "RS256": signed(_pem(rsa_key), "RS256"),
        "alg nOnE": f"{_part({**header, 'alg': 'nOnE'})}.{token.split('.')[1]}.",
        "no signature": f"{token.rpartition('.')[0]}.",
        "a signature of zeros": f"{token.rpartition('.')[0]}.{'A' * 86}",
        "another kid": signed(_pem(other), kid="other"),
        "a kid that is a path": signed(_pem(other), kid="../../../../dev/null"),
        "no kid": signed(_pem(other), kid=None),
        "a key of its own": signed(_pem(other), jwk=own_keys),
        "the address of a key": signed(
            _pem(other), jku="http://127.0.0.1:9/keys", x5u="http://127.0.0.1:9/x"
        ),
        "another typ": f"{_part({**header, 'typ': 'JWT'})}.{token.partition('.')[2]}",
        "another issuer": _altered(token, iss="https://evil.example.org"),
        "another person": _altered(token, sub="00000000-0000-0000-0000-000000000000"),
        "an administrator": _altered(token, roles=["admin"]),
        "not yet valid": _altered(token, nbf=int(time.time()) + 3600, iat=int(time.time()) + 3600),
        "critical fields": signed(_pem(other), crit=["exp"]),
        "four parts": f"{token}.x",
        "two tokens": f"{token}{token}",
    }


def _altered(token: str, **changes: object) -> str:
    """Changes the claims and keeps the signature, which becomes invalid."""
    head, body, signature = token.split(".")
    claims = json.loads(base64url_decode(body.encode()))
    return f"{head}.{_part({**claims, **changes})}.{signature}"


def _headed(token: str, header: object) -> str:
    """Replaces the header, keeps claims and signature."""
    return f"{_part(header)}.{token.partition('.')[2]}"


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _part(content: object) -> str:
    return _coded(json.dumps(content).encode())


def _coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def misissued(token: str, pem: str) -> dict[str, str]:
    """Returns tokens with a valid signature and one wrong claim each: the claim is the only reason to
    reject them.
    """
    header, claims = jwt.get_unverified_header(token), jwt.get_unverified_claims(token)
    now = int(time.time())

    def signed(fields: dict[str, object] | None = None, **changes: object) -> str:
        made = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return str(jwt.encode(made, pem, algorithm="ES256", headers={**header, **(fields or {})}))

    return {
        "expired": signed(exp=now - 1),
        "never expires": signed(exp=None),
        "not yet valid": signed(nbf=now + 600),
        "another issuer": signed(iss="https://evil.example.org"),
        "no issuer": signed(iss=None),
        "another audience": signed(aud="elsewhere"),
        "no audience": signed(aud=None),
        "an ID token": signed({"typ": "JWT"}),
        "the address of a key": signed({"jku": "http://127.0.0.1:9/keys"}),
        "a key of its own": signed({"jwk": {"kty": "EC"}}),
        "no subject": signed(sub=None),
        "an unknown subject": signed(sub="00000000-0000-0000-0000-000000000000"),
        "a session that never was": signed(sid="00000000-0000-0000-0000-000000000000"),
    }


def key_id(token: str) -> str:
    """Returns the `kid` of the token's header."""
    return str(jwt.get_unverified_header(token)["kid"])


def claims_of(token: str) -> dict[str, Any]:
    """Returns the claims without verification."""
    return dict(jwt.get_unverified_claims(token))
