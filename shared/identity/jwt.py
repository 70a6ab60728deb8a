"""Verification of access tokens: ES256-signed JWTs in compact form (RFC 9068, RFC 8725). Does no I/O."""

import binascii
import re
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec
from jose import jws
from jose.backends.base import Key
from jose.exceptions import JOSEError
from jose.utils import base64url_decode

from shared.errors import InvalidToken
from shared.identity.bearer import MAX_TOKEN_BYTES

ALGORITHM = "ES256"
TYPE = "at+jwt"
# python-jose skips characters outside base64url; here a token has one spelling. The 64 bytes of a P-256
# signature are 86 characters, and the last four bits of these are unused and zero (RFC 4648 §3.5).
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")

VerificationKey: TypeAlias = Key | Mapping[str, Any]
"""A python-jose key or a JSON Web Key."""


class RegisteredClaims(msgspec.Struct, frozen=True, kw_only=True):
    """Claims that every access token must have (RFC 7519 §4.1). Times are whole seconds since the epoch."""

    iss: str
    aud: str
    iat: int
    exp: int
    nbf: int | msgspec.UnsetType = msgspec.UNSET


Claims = TypeVar("Claims", bound=RegisteredClaims)


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The only header fields accepted: `jwk`, `jku`, `x5c` and `crit` are refused (RFC 8725 §3.10)."""

    alg: Literal["ES256"]
    typ: Literal["at+jwt", "application/at+jwt"]
    kid: str


def key_id(token: str) -> str:
    """The `kid` of the header, whose signature is not verified yet. Raises InvalidToken.

    Decoded with msgspec: a header of a thousand brackets exhausts the recursion of python-jose's parser.
    """
    if len(token) > MAX_TOKEN_BYTES or COMPACT.fullmatch(token) is None:
        raise InvalidToken
    try:
        return msgspec.json.decode(base64url_decode(token.partition(".")[0].encode()), type=Header).kid
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidToken from None


def verified_claims(
    token: str, key: VerificationKey, kind: type[Claims], *, issuer: str, audience: str, now: float
) -> Claims:
    """Verifies signature, issuer, audience and validity period; returns the claims as `kind`.

    `key` is the one that `key_id` named; `now` is in seconds since the epoch. Algorithm and key come from the
    caller, never from the token (RFC 8725 §3.1, ASVS 5.0 §9.1). `typ`, `iss` and `aud` tie the token to this
    system (RFC 9068 §4, ASVS 5.0 §9.2). Valid is `nbf` (optional) <= now < `exp`, without leeway (RFC 7519
    §4.1.4 and §4.1.5, ASVS 5.0 §9.2.1). Raises InvalidToken.
    """
    key_id(token)
    try:
        claims = msgspec.json.decode(jws.verify(token, key, [ALGORITHM]), type=kind)
    except (JOSEError, msgspec.DecodeError, ValueError, TypeError, KeyError):
        raise InvalidToken from None
    is_valid_now = (claims.nbf or 0) <= now < claims.exp
    if claims.iss != issuer or claims.aud != audience or not is_valid_now:
        raise InvalidToken
    return claims
