"""Access tokens: signed and verified (RFC 9068, RFC 8725). Pure; keys and the time are passed in."""

import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from jose import jws
from jose.exceptions import JOSEError
from jose.utils import base64url_decode

from auth_service.tokens.signing_key import ALGORITHM, KeyPair

TYPE = "at+jwt"
MAX_LENGTH = 4096

# python-jose skips characters outside base64url; here a token has one spelling. The 64 bytes of a P-256
# signature are 86 characters, and the last four bits of these are unused and zero (RFC 4648 §3.5).
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")


class InvalidToken(Exception):
    """Not a token of ours, or not one any more. Which of the two is told to nobody."""


class UnknownKey(InvalidToken):
    """Well-formed, but signed with a key that was not passed in: it may be newer than the caller's keys."""


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a header may hold: `jwk`, `jku`, `x5c` and `crit` have no place here (RFC 8725 §3.10)."""

    alg: Literal["ES256"]
    typ: Literal["at+jwt"]
    kid: str


class AccessClaims(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do what, until when (RFC 9068 §2.2). Times are whole seconds since the epoch.

    `scope` (RFC 8693 §4.2) is there when the bearer may do less than the account: then `sid` is an API key's.
    """

    iss: str
    aud: str
    sub: UUID
    client_id: str
    jti: str
    sid: UUID
    iat: int
    exp: int
    roles: tuple[str, ...]
    email: str
    email_verified: bool = False
    scope: str | msgspec.UnsetType = msgspec.UNSET
    nbf: int | msgspec.UnsetType = msgspec.UNSET


def sign(claims: AccessClaims, key: KeyPair) -> str:
    token: str = jws.sign(
        msgspec.to_builtins(claims), key.private, headers={"typ": TYPE, "kid": key.kid}, algorithm=ALGORITHM
    )
    return token


def verify(
    token: str, keys: Mapping[str, KeyPair], *, issuer: str, audience: str, now: datetime
) -> AccessClaims:
    """The claims of a token that is ours and current. Raises InvalidToken, UnknownKey.

    The algorithm is pinned and the key chosen by `kid` among our own: nothing in the token picks either
    (RFC 8725 §3.1, ASVS 5.0 §9.1). `typ`, `iss` and `aud` say that it is meant for this (RFC 9068 §4,
    ASVS 5.0 §9.2). Whether its session still lives is for the caller to ask.
    """
    header = _header(token)
    key = keys.get(header.kid)
    if key is None:
        raise UnknownKey
    try:
        claims = msgspec.json.decode(jws.verify(token, key.public, [ALGORITHM]), type=AccessClaims)
    except (JOSEError, msgspec.DecodeError) as bad:
        raise InvalidToken from bad
    if claims.iss != issuer or claims.aud != audience or not _is_now(claims, now):
        raise InvalidToken
    return claims


def _is_now(claims: AccessClaims, now: datetime) -> bool:
    """RFC 7519 §4.1.4 and §4.1.5, ASVS 5.0 §9.2.1. None of ours has `nbf`, and one that has it means it."""
    not_before = claims.nbf or 0
    return not_before <= now.timestamp() < claims.exp


def _header(token: str) -> Header:
    if len(token) > MAX_LENGTH or COMPACT.fullmatch(token) is None:
        raise InvalidToken
    try:
        # Not with python-jose: a header of a thousand brackets exhausts its parser's recursion.
        return msgspec.json.decode(base64url_decode(token.partition(".")[0].encode()), type=Header)
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError) as bad:
        raise InvalidToken from bad
