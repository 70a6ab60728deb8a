"""Access tokens as JWTs (RFC 9068): claims, signing, and verification with a set of key pairs."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from jose import jws

from shared.errors import InvalidToken
from shared.identity.jwt import ALGORITHM, TYPE, RegisteredClaims, key_id, verified_claims
from shared.identity.key_pair import KeyPair


class UnknownKey(InvalidToken):
    """The `kid` is not among the given keys, which may be out of date."""


class AccessClaims(RegisteredClaims, frozen=True, kw_only=True):
    """Claims of an access token (RFC 9068 §2.2).

    `scope` (RFC 8693 §4.2) is present in tokens of API keys only; `sid` then is the key's id.
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
    """The claims of a valid token, verified with the one of `keys` that its `kid` names.

    Whether the session has been revoked is not checked. Raises InvalidToken, UnknownKey.
    """
    key = keys.get(key_id(token))
    if key is None:
        raise UnknownKey
    return verified_claims(
        token, key.public, AccessClaims, issuer=issuer, audience=audience, now=now.timestamp()
    )
