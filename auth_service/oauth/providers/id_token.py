"""ID tokens: believed when all that OpenID Connect Core §3.1.3.7 asks for is true. Pure."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import msgspec
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

# Signatures that only the provider can make. `none` is none, and HS256's key is the client's secret, which
# too many know (§3.1.3.7 no. 7, RFC 8725 §3.1, §3.2).
RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS = frozenset({*RSA, "ES256", "ES384", "ES512", "EdDSA"})
LEEWAY = timedelta(seconds=60)
OLDEST = timedelta(minutes=10)
LONGEST = 16 * 1024


class BadIdToken(Exception):
    """Why is for the log alone."""


class UnknownKey(BadIdToken):
    """It may be newer than the keys at hand."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What must be in it. `algorithms` are those that the provider says it uses."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    algorithms: Collection[str]
    now: datetime


class IdClaims(msgspec.Struct, frozen=True):
    """Of a token that was believed (OIDC Core §2, §5.1)."""

    sub: str
    email: str | None = None
    email_verified: bool | None = None


def read(token: str, keys: KeySet, expected: Expected) -> IdClaims:
    """Raises BadIdToken, UnknownKey."""
    if len(token) > LONGEST:
        raise BadIdToken("too long")
    try:
        header, claims = _verified(token, keys, ALGORITHMS.intersection(expected.algorithms))
        _validate(header, claims, expected)
        return claims_of(claims)
    except InvalidKeyIdError as unknown:
        raise UnknownKey("signed with an unknown key") from unknown
    except (JoseError, msgspec.ValidationError) as bad:
        raise BadIdToken(type(bad).__name__ + ": " + str(bad)) from bad
    except (ValueError, TypeError, RecursionError) as bad:
        raise BadIdToken(type(bad).__name__) from bad


def claims_of(claims: dict[str, Any]) -> IdClaims:
    """Some providers write `email_verified` as a text. Raises msgspec.ValidationError, BadIdToken."""
    verified = claims.get("email_verified")
    if isinstance(verified, str):
        claims = {**claims, "email_verified": verified == "true"}
    read = msgspec.convert(claims, IdClaims)
    # OIDC Core §2: at most 255 ASCII characters.
    if not read.sub or len(read.sub) > 255 or not read.sub.isascii() or not read.sub.isprintable():
        raise BadIdToken("sub is not one")
    return read


def _verified(token: str, keys: KeySet, algorithms: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The key is chosen among the provider's own: `jwk` and `jku` in the header count for nothing (RFC 8725
    §3.10), and without a `kid` there may be one key only (OIDC Core §10.1).
    """
    registry = JWSRegistry(algorithms=algorithms, strict_check_header=False)
    decoded = jwt.decode(token, keys, registry=registry)
    return decoded.header, decoded.claims


def _validate(header: dict[str, Any], claims: dict[str, Any], expected: Expected) -> None:
    """§3.1.3.7 nos. 2 to 5, 9 to 11, and §3.1.3.8 with the library; then what it leaves to its caller."""
    options = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
        "sub": {"essential": True},
    }
    params = {
        "nonce": expected.nonce,
        "client_id": expected.client_id,
        "access_token": expected.access_token,
    }
    now = int(expected.now.timestamp())
    leeway_s = int(LEEWAY.total_seconds())
    CodeIDToken(claims, header, options, params).validate(now=now, leeway=leeway_s)
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    # No. 3: no audience besides us is trusted with what is meant for us.
    if set(audiences) != {expected.client_id}:
        raise BadIdToken("for others, too")
    # No. 10: nothing that was made long before the question.
    if claims["iat"] < now - OLDEST.total_seconds() - leeway_s:
        raise BadIdToken("too old")
