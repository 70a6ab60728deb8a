"""Access tokens of auth_service, verified with its published keys."""

import time
from collections.abc import Callable, Sequence

import msgspec

from shared.errors import InsufficientScope, InvalidToken
from shared.identity.jwt import RegisteredClaims, key_id, verified_claims
from shared.identity.principal import Principal
from shared.identity.public_keys import PublicKeys


class UserClaims(RegisteredClaims, frozen=True, kw_only=True):
    """Claims about the user (RFC 9068 §2.2). `scope` is present when the token belongs to an API key."""

    sub: str
    email: str
    email_verified: object = False
    sid: str | None = None
    roles: object = ()
    scope: str | msgspec.UnsetType = msgspec.UNSET


class AccessTokens:
    """Verifies access tokens and turns each into a Principal."""

    def __init__(
        self, keys: PublicKeys, issuer: str, audience: str, now: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._now = now

    async def principal(self, token: str, scopes: Sequence[str]) -> Principal:
        """Raises InvalidToken, InsufficientScope, and Unavailable when the public keys cannot be fetched.

        A token without a `scope` claim belongs to a signed-in user and is not limited (RFC 8693 §4.2).
        """
        key = await self._keys.key(key_id(token))
        if key is None:
            raise InvalidToken
        claims = verified_claims(
            token, key, UserClaims, issuer=self._issuer, audience=self._audience, now=self._now()
        )
        principal = principal_of(claims)
        lacking = [each for each in scopes if principal.scopes is not None and each not in principal.scopes]
        if lacking:
            raise InsufficientScope(lacking[0])
        return principal


def principal_of(claims: UserClaims) -> Principal:
    """Roles count only without a `scope` claim: an API key cannot administer."""
    scopes = None if claims.scope is msgspec.UNSET else frozenset(claims.scope.split())
    roles = claims.roles if isinstance(claims.roles, list) and scopes is None else ()
    return Principal(
        user_id=claims.sub,
        email=claims.email,
        roles=frozenset(map(str, roles)),
        email_verified=claims.email_verified is True,
        session_id=claims.sid,
        scopes=scopes,
    )
