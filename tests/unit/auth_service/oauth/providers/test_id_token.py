"""ID token validation (OpenID Connect Core §3.1.3.7)."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from auth_service.oauth.providers.id_token import (
    ALGORITHMS,
    BadIdToken,
    Expected,
    IdClaims,
    UnknownKey,
    validate_id_token,
)

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
KEY = ECKey.generate_key("P-256", {"kid": "1", "use": "sig"})
OTHER = ECKey.generate_key("P-256", {"kid": "1", "use": "sig"})
NEWER = ECKey.generate_key("P-256", {"kid": "2", "use": "sig"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
KEYS = KeySet([KEY, RSA])
SHARED = OctKey.import_key("a client secret of thirty-two mails or more", {"kid": "1"})

CLAIMS: dict[str, Any] = {
    "iss": "https://issuer.example",
    "sub": "ada",
    "aud": "tonegate",
    "iat": NOW_S,
    "exp": NOW_S + 300,
    "nonce": "n",
    "email": "ada@example.org",
    "email_verified": True,
}
EXPECTED = Expected(
    issuer="https://issuer.example",
    client_id="tonegate",
    nonce="n",
    access_token="access",
    algorithms=("ES256", "RS256", "HS256", "none"),
    now=NOW,
)


def signed(key: Any = KEY, header: dict[str, Any] | None = None, **changes: object) -> str:
    """A signed token; None removes a claim or header parameter."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    full = {"alg": "ES256", "kid": key.kid, **(header or {})}
    full = {name: value for name, value in full.items() if value is not None}
    return jwt.encode(full, claims, key, algorithms=[full["alg"]])


def half_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


ADA = IdClaims("ada", "ada@example.org", email_verified=True)


@pytest.mark.parametrize(
    "token",
    [
        signed(),
        signed(RSA, {"alg": "RS256"}),
        signed(aud=["tonegate"]),
        signed(azp="tonegate"),
        signed(at_hash=half_hash("access")),
        signed(exp=NOW_S - 59),
        signed(iat=NOW_S + 59),
        signed(email_verified="true"),
        signed(header={"typ": None, "x5t": "x"}),
    ],
    ids=["EC", "RSA", "list", "azp", "at_hash", "just expired", "a fast clock", "text", "header"],
)
def test_a_valid_token_is_accepted(token: str) -> None:
    assert validate_id_token(token, KEYS, EXPECTED) == ADA


@pytest.mark.parametrize("verified", [None, False, "false", "True", ""])
def test_an_address_is_verified_only_if_the_claim_is_true(verified: object) -> None:
    assert validate_id_token(signed(email_verified=verified), KEYS, EXPECTED).email_verified is not True


FORGERIES = {
    "another key": signed(OTHER),
    "its own key in the header": signed(OTHER, {"jwk": OTHER.as_dict(private=False)}),
    "a key by reference": signed(OTHER, {"jku": "https://evil.example/jwks"}),
    "alg none": f"{part({'alg': 'none', 'kid': '1'})}.{part(CLAIMS)}.",
    "alg NONE": f"{part({'alg': 'NONE', 'kid': '1'})}.{part(CLAIMS)}.",
    "HS256 with the client's secret": signed(SHARED, {"alg": "HS256"}),
    "HS256 with the public key": signed(
        OctKey.import_key(json.dumps(KEY.as_dict(private=False)), {"kid": "1"}), {"alg": "HS256"}
    ),
    "no kid among many keys": signed(header={"kid": None}),
    "claims changed": ".".join(
        [signed().split(".")[0], part({**CLAIMS, "sub": "eve"}), signed().split(".")[2]]
    ),
    "another issuer": signed(iss="https://evil.example"),
    "no issuer": signed(iss=None),
    "issuer with a slash": signed(iss="https://issuer.example/"),
    "another audience": signed(aud="somebody-else"),
    "no audience": signed(aud=None),
    "an audience besides us": signed(aud=["tonegate", "somebody-else"], azp="tonegate"),
    "another authorized party": signed(azp="somebody-else"),
    "another nonce": signed(nonce="m"),
    "no nonce": signed(nonce=None),
    "another access token's hash": signed(at_hash=half_hash("another")),
    "expired": signed(exp=NOW_S - 60),
    "never expires": signed(exp=None),
    "expires in words": signed(exp="tomorrow"),
    "issued in the future": signed(iat=NOW_S + 3600),
    "issued long ago": signed(iat=NOW_S - 3600),
    "issued never": signed(iat=None),
    "not yet valid": signed(nbf=NOW_S + 3600),
    "no subject": signed(sub=None),
    "an empty subject": signed(sub=""),
    "a subject that is a number": signed(sub=1),
    "a subject with a line's end": signed(sub="ada\n"),
    "a subject too long": signed(sub="a" * 256),
    "an address that is a list": signed(email=["ada@example.org"]),
    "empty": "",
    "not a token": "x",
    "two parts": "a.b",
    "five parts (encrypted)": "a.b.c.d.e",
    "not base64": "ü.ü.ü",
    "too long": "a" * 20_000,
    "deep": f"{base64.urlsafe_b64encode(b'[' * 300).decode()}.e30.x",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_an_invalid_token_is_refused(name: str) -> None:
    with pytest.raises(BadIdToken):
        validate_id_token(FORGERIES[name], KEYS, EXPECTED)


def test_an_unknown_key_id_is_distinguished() -> None:
    with pytest.raises(UnknownKey):
        validate_id_token(signed(NEWER), KEYS, EXPECTED)
    assert validate_id_token(signed(NEWER), KeySet([KEY, NEWER]), EXPECTED) == ADA


def test_an_algorithm_that_the_provider_does_not_announce_is_refused() -> None:
    rsa_only = msgspec.structs.replace(EXPECTED, algorithms=("RS256",))
    with pytest.raises(BadIdToken):
        validate_id_token(signed(), KEYS, rsa_only)


def test_only_asymmetric_algorithms_are_accepted() -> None:
    assert not [name for name in ALGORITHMS if name.startswith("HS") or name.lower() == "none"]
