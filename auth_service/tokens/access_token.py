"""Access tokens: signed and verified (RFC 9068, RFC 8725). Pure; keys and the time are passed in."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from jose import jws

from auth_service.tokens.signing_key import KeyPair
from shared.errors import InvalidToken
from shared.identity.jwt import ALGORITHM, RegisteredClaims, key_id, verified_claims

TYPE = "at+jwt"


class UnknownKey(InvalidToken):
    """Well-formed, but signed with a key that was not passed in: it may be newer than the caller's keys."""


class AccessClaims(RegisteredClaims, frozen=True, kw_only=True):
    """Who may do what, until when (RFC 9068 §2.2). Times are whole seconds since the epoch.

    `scope` (RFC 8693 §4.2) is there when the bearer may do less than the account: then `sid` is an API key's.
    """

    sub: UUID
    client_id: str
    jti: str
    sid: UUID
    roles: tuple[str, ...]
    email: str
    email_verified: bool = False
    scope: str | msgspec.UnsetType = msgspec.UNSET


def sign(claims: AccessClaims, key: KeyPair) -> str:
    token: str = jws.sign(
        msgspec.to_builtins(claims), key.private, headers={"typ": TYPE, "kid": key.kid}, algorithm=ALGORITHM
    )
    return token


def verify(
    token: str, keys: Mapping[str, KeyPair], *, issuer: str, audience: str, now: datetime
) -> AccessClaims:
    """The claims of a valid token; its `kid` selects the key. Raises InvalidToken, UnknownKey.

    Does not check whether the session or API key of the token still exists.
    """
    key = keys.get(key_id(token))
    if key is None:
        raise UnknownKey
    return verified_claims(
        token, key.public, AccessClaims, issuer=issuer, audience=audience, now=now.timestamp()
    )
