"""Tokens by which the gateway vouches for a caller at one service, and their verification there.

They are JWTs like the access tokens of clients (RFC 9068), with another issuer, keys and audience: what a
client holds is refused by every service, and what one service receives by all others.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec
from jose.backends.base import Key

from shared.errors import InsufficientScope, InvalidToken
from shared.identity.gateway_keys import parse_public_keys
from shared.identity.jwt import Claims, RegisteredClaims, key_id, verified_claims
from shared.identity.principal import Principal
from shared.logs import get_logger

ISSUER = "gateway"
Audience: TypeAlias = Literal["auth_service", "converter_service", "notification_service"]


REFUSED = "Tonegate-Refused"
"""Response field: a service refused what the gateway sent of its own, not what its client sent."""


class GatewayTokenRefused(InvalidToken):
    """The token has an unknown key, another audience, or is not valid at this time."""

    def __init__(self) -> None:
        super().__init__(headers={REFUSED: ISSUER})


class UserClaims(RegisteredClaims, frozen=True, kw_only=True):
    """Claims about the user (RFC 9068 §2.2). `scope` is present when the caller is limited to scopes."""

    sub: str
    email: str
    email_verified: object = False
    sid: str | None = None
    roles: object = ()
    scope: str | msgspec.UnsetType = msgspec.UNSET


class GatewayTokens:
    """Verifies the gateway's tokens for one service. Without keys it refuses every token."""

    def __init__(
        self, keys: Mapping[str, Key], audience: Audience, now: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._audience = audience
        self._now = now

    def verified(self, token: str, kind: type[Claims]) -> Claims:
        """The claims of a valid token. Raises GatewayTokenRefused."""
        try:
            key = self._keys[key_id(token)]
            return verified_claims(token, key, kind, issuer=ISSUER, audience=self._audience, now=self._now())
        except (InvalidToken, KeyError):
            raise GatewayTokenRefused from None

    async def principal(self, token: str, scopes: Sequence[str]) -> Principal:
        """Raises GatewayTokenRefused, InsufficientScope.

        A token without a `scope` claim belongs to a signed-in user and is not limited (RFC 8693 §4.2).
        """
        principal = principal_of(self.verified(token, UserClaims))
        lacking = [each for each in scopes if principal.scopes is not None and each not in principal.scopes]
        if lacking:
            raise InsufficientScope(lacking[0])
        return principal


def gateway_tokens(
    public_keys: str, audience: Audience, now: Callable[[], float] = time.time
) -> GatewayTokens:
    """From the value of GATEWAY_PUBLIC_KEYS; logs an error when there is no key."""
    keys = parse_public_keys(public_keys)
    if not keys:
        get_logger(__name__).error("GATEWAY_PUBLIC_KEYS is not set: every token is refused")
    return GatewayTokens(keys, audience, now)


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
