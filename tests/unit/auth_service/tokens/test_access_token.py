"""Access tokens: signing, verification, and refused forgeries."""

import base64
import json
import string
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jose import jws

from auth_service.tokens.access_token import AccessClaims, UnknownKey, sign, verify
from shared.errors import InvalidToken
from shared.identity.key_pair import KeyPair, generate

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
KEY = generate()
OTHER = generate()

CLAIMS = AccessClaims(
    iss="https://tonegate.example",
    aud="tonegate",
    sub=UUID(int=1),
    client_id="tonegate",
    jti="one",
    sid=UUID(int=2),
    iat=int(NOW.timestamp()),
    exp=int(NOW.timestamp()) + 900,
    roles=("user",),
    email="ada@example.com",
)
TRUE = sign(CLAIMS, KEY)
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
HEADER = {"alg": "ES256", "kid": KEY.kid, "typ": "at+jwt"}


def read(token: str, now: datetime = NOW, keys: Mapping[str, KeyPair] | None = None) -> AccessClaims:
    known = {KEY.kid: KEY} if keys is None else keys
    return verify(token, known, issuer="https://tonegate.example", audience="tonegate", now=now)


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def forged(header: dict[str, Any] | None = None, key: Any = None, **changes: object) -> str:
    """A token with changed header and claims, signed with `key`, by default the valid one."""
    claims = {**msgspec.to_builtins(CLAIMS), **changes}
    full = {**HEADER, **(header or {})}
    token: str = jws.sign(
        {name: value for name, value in claims.items() if value is not None},
        key or KEY.private,
        headers={name: value for name, value in full.items() if name != "alg"},
        algorithm=full["alg"],
    )
    return token


def unsigned(header: dict[str, Any], signature: str = "") -> str:
    return f"{part(header)}.{TRUE.split('.')[1]}.{signature}"


def with_header(changes: dict[str, Any]) -> str:
    """A token with a changed header, signed with the valid key."""
    token = f"{part({**HEADER, **changes})}.{TRUE.split('.')[1]}"
    signature = base64.urlsafe_b64encode(KEY.private.sign(token.encode())).rstrip(b"=").decode()
    return f"{token}.{signature}"


PUBLIC_PEM = KEY.public.to_pem().decode()
PUBLIC_DER = KEY.public.prepared_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()
JWK_OF_OTHER = msgspec.to_builtins(OTHER.jwk)
AS_CLAIMED = msgspec.to_builtins(CLAIMS)
HEAD, BODY, SIGNATURE = TRUE.split(".")

FORGERIES = {
    "empty": "",
    "no token at all": "not a token",
    "two parts": f"{HEAD}.{BODY}",
    "four parts": f"{TRUE}.x",
    "alg none": unsigned({**HEADER, "alg": "none"}),
    "alg None with the old signature": unsigned({**HEADER, "alg": "None"}, SIGNATURE),
    "no alg": unsigned({"kid": KEY.kid, "typ": "at+jwt"}, SIGNATURE),
    "HS256 with the public key as secret": forged({"alg": "HS256"}, PUBLIC_DER),
    "HS256 with the published JWK as secret": forged(
        {"alg": "HS256"}, json.dumps(msgspec.to_builtins(KEY.jwk))
    ),
    "HS256 with a guessed secret": forged({"alg": "HS256"}, "secret"),
    "another key under our kid": forged(key=OTHER.private),
    "another key under its own kid": forged({"kid": OTHER.kid}, OTHER.private),
    "another key that the header brings along": forged({"jwk": JWK_OF_OTHER}, OTHER.private),
    "our key, with a jwk in the header": with_header({"jwk": JWK_OF_OTHER}),
    "our key, with a jku in the header": with_header({"jku": "https://evil.example/jwks.json"}),
    "our key, with an x5u in the header": with_header({"x5u": "https://evil.example/cert"}),
    "our key, with crit in the header": with_header({"crit": ["exp"]}),
    "our key, with b64 in the header": with_header({"b64": False}),
    "kid is a path": forged({"kid": "../../../../dev/null"}),
    "kid is SQL": forged({"kid": "' OR 1=1 --"}),
    "kid is a number": with_header({"kid": 1}),
    "typ JWT, as an ID token has": forged({"typ": "JWT"}),
    "no typ": f"{part({'alg': 'ES256', 'kid': KEY.kid})}.{BODY}.{SIGNATURE}",
    "another issuer": forged(iss="https://evil.example"),
    "issuer with a slash more": forged(iss="https://tonegate.example/"),
    "no issuer": forged(iss=None),
    "another audience": forged(aud="elsewhere"),
    "several audiences": forged(aud=["tonegate", "elsewhere"]),
    "no audience": forged(aud=None),
    "expired": forged(exp=int(NOW.timestamp())),
    "not yet valid": forged(nbf=int(NOW.timestamp()) + 1),
    "never expires": forged(exp=None),
    "exp is a text": forged(exp="99999999999"),
    "no subject": forged(sub=None),
    "subject is no id": forged(sub="admin"),
    "no session": forged(sid=None),
    "claims changed, signature kept": f"{HEAD}.{part({**AS_CLAIMED, 'roles': ['admin']})}.{SIGNATURE}",
    "claims are a list": f"{HEAD}.{part([1])}.{SIGNATURE}",
    "signature of zeroes": f"{HEAD}.{BODY}.{'A' * 86}",
    "signature missing": f"{HEAD}.{BODY}.",
    "signature with white space": f"{HEAD}.{BODY}.{SIGNATURE[:40]} {SIGNATURE[40:]}",
    "signature with a line break": f"{TRUE}\n",
    "header is not JSON": f"AAAA.{BODY}.{SIGNATURE}",
    "header is a list": f"{part([])}.{BODY}.{SIGNATURE}",
    "header is deep": f"{base64.urlsafe_b64encode(b'[' * 2000).rstrip(b'=').decode()}.{BODY}.{SIGNATURE}",
    "header is not UTF-8": f"_____w.{BODY}.{SIGNATURE}",
    "enormous": f"{HEAD}.{'A' * 100_000}.{SIGNATURE}",
    "not ASCII": TRUE.replace("e", "\u0435", 1),
}


def test_a_valid_token_yields_the_signed_claims() -> None:
    assert read(TRUE) == CLAIMS


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_refused(forgery: str) -> None:
    with pytest.raises(InvalidToken):
        read(FORGERIES[forgery])


def test_a_token_that_was_changed_in_any_character_is_refused() -> None:
    for place, character in enumerate(TRUE):
        for other in {"A", "B", successor(character)} - {character}:
            with pytest.raises(InvalidToken):
                read(TRUE[:place] + other + TRUE[place + 1 :])


def test_no_other_last_character_gives_the_same_token() -> None:
    """Four of its six bits are unused: sixteen spellings would decode to the same signature."""
    for other in set(ALPHABET) - {TRUE[-1]}:
        with pytest.raises(InvalidToken):
            read(TRUE[:-1] + other)


def successor(character: str) -> str:
    return ALPHABET[(ALPHABET.find(character) + 1) % len(ALPHABET)]


def test_a_token_is_valid_until_just_before_its_expiry() -> None:
    assert read(TRUE, NOW + timedelta(seconds=899))
    with pytest.raises(InvalidToken):
        read(TRUE, NOW + timedelta(seconds=900))


def test_an_unknown_key_id_is_distinguished() -> None:
    with pytest.raises(UnknownKey):
        read(sign(CLAIMS, OTHER))


def test_each_of_several_keys_verifies_what_it_signed() -> None:
    keys = {KEY.kid: KEY, OTHER.kid: OTHER}
    assert read(sign(CLAIMS, OTHER), keys=keys) == read(TRUE, keys=keys)


def test_the_header_follows_rfc_9068() -> None:
    assert jws.get_unverified_header(TRUE) == HEADER
