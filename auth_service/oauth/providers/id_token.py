"""ID token validation (OpenID Connect Core §3.1.3.7)."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import msgspec
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

# Asymmetric signatures only. `none` proves nothing, and the key of HS256 is the client secret, which more
# parties than the provider know (§3.1.3.7 no. 7, RFC 8725 §3.1, §3.2).
RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS = frozenset({*RSA, "ES256", "ES384", "ES512", "EdDSA"})
LEEWAY = timedelta(seconds=60)
MAX_AGE = timedelta(minutes=10)
MAX_LENGTH = 16 * 1024


class BadIdToken(Exception):
    """The ID token is not valid. The message is for the log only."""


class UnknownKey(BadIdToken):
    """The `kid` is not among the given keys, which may be out of date."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """Values that the token must match. `algorithms` are those announced by the provider."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    algorithms: Collection[str]
    now: datetime


class IdClaims(msgspec.Struct, frozen=True):
    """Claims of a valid ID token (OIDC Core §2, §5.1)."""

    sub: str
    email: str | None = None
    email_verified: bool | None = None


def validate_id_token(token: str, keys: KeySet, expected: Expected) -> IdClaims:
    """Verifies signature and claims of an ID token. Raises BadIdToken, UnknownKey."""
    if len(token) > MAX_LENGTH:
        raise BadIdToken("too long")
    try:
        header, claims = _verify_signature(token, keys, ALGORITHMS.intersection(expected.algorithms))
        _validate_claims(header, claims, expected)
        return parse_claims(claims)
    except InvalidKeyIdError as error:
        raise UnknownKey("signed with an unknown key") from error
    except (JoseError, msgspec.ValidationError) as error:
        raise BadIdToken(type(error).__name__ + ": " + str(error)) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise BadIdToken(type(error).__name__) from error


def parse_claims(claims: dict[str, Any]) -> IdClaims:
    """Converts the claims; accepts `email_verified` as a string, as some providers send it.

    Raises msgspec.ValidationError, BadIdToken.
    """
    verified = claims.get("email_verified")
    if isinstance(verified, str):
        claims = {**claims, "email_verified": verified == "true"}
    parsed = msgspec.convert(claims, IdClaims)
    # OIDC Core §2: at most 255 ASCII characters.
    if not parsed.sub or len(parsed.sub) > 255 or not parsed.sub.isascii() or not parsed.sub.isprintable():
        raise BadIdToken("malformed sub")
    return parsed


def _verify_signature(
    token: str, keys: KeySet, algorithms: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Verifies the signature; returns header and claims.

    `jwk` and `jku` in the header are ignored (RFC 8725 §3.10). Without a `kid` the set must hold a single key
    (OIDC Core §10.1).
    """
    registry = JWSRegistry(algorithms=algorithms, strict_check_header=False)
    decoded = jwt.decode(token, keys, registry=registry)
    return decoded.header, decoded.claims


def _validate_claims(header: dict[str, Any], claims: dict[str, Any], expected: Expected) -> None:
    """Validates the claims. Authlib checks §3.1.3.7 nos. 2 to 5, 9 to 11, and §3.1.3.8; the rest is checked
    here.
    """
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
    # No. 3: tokens with further audiences are refused.
    if set(audiences) != {expected.client_id}:
        raise BadIdToken("further audiences")
    # No. 10: tokens issued long before the authorization request are refused.
    if claims["iat"] < now - MAX_AGE.total_seconds() - leeway_s:
        raise BadIdToken("too old")
