"""Access tokens: issuing and verification with the keys of the key ring."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from auth_service.tokens.access_token import AccessClaims, UnknownKey, sign, verify
from auth_service.tokens.key_ring import KeyRing
from auth_service.tokens.signing_key import KeyPair, PublicJwk

# RFC 9068 §2.2 requires the claim. There is only one client, the system itself.
CLIENT_ID = "tonegate"


class TokenPolicy(msgspec.Struct, frozen=True):
    """Issuer, audience and lifetime of every access token."""

    issuer: str
    audience: str
    lifetime: timedelta


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What an access token is issued for. `sid` is a session or an API key; `until` limits the lifetime."""

    user_id: UUID
    sid: UUID
    email: str
    email_verified: bool
    roles: tuple[str, ...]
    until: datetime | None = None
    scope: str | None = None


class AccessTokens:
    """Issues and verifies access tokens. Sessions and accounts are not looked up here."""

    def __init__(
        self,
        *,
        key_ring: KeyRing,
        policy: TokenPolicy,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._key_ring = key_ring
        self._policy = policy
        self._now = now
        self._new_id = new_id

    async def signing_key(self) -> KeyPair:
        """The key for `issue`. To be called before a transaction begins, as it may open one itself."""
        return await self._key_ring.signing_key()

    def issue(self, key: KeyPair, grant: Grant) -> tuple[str, AccessClaims]:
        """A signed token and its claims. It expires at `grant.until` at the latest."""
        now = self._now()
        expires = now + self._policy.lifetime
        claims = AccessClaims(
            iss=self._policy.issuer,
            aud=self._policy.audience,
            sub=grant.user_id,
            client_id=CLIENT_ID,
            jti=str(self._new_id()),
            sid=grant.sid,
            iat=int(now.timestamp()),
            exp=int(min(expires, grant.until or expires).timestamp()),
            roles=grant.roles,
            email=grant.email,
            email_verified=grant.email_verified,
            scope=grant.scope or msgspec.UNSET,
        )
        return sign(claims, key), claims

    async def verify(self, token: str) -> AccessClaims:
        """Raises InvalidToken."""
        try:
            return self._verify(token, await self._key_ring.verification_keys())
        except UnknownKey:
            return self._verify(token, await self._key_ring.refreshed_keys())

    async def public_keys(self) -> list[PublicJwk]:
        return [key.jwk for key in (await self._key_ring.verification_keys()).values()]

    def _verify(self, token: str, keys: Mapping[str, KeyPair]) -> AccessClaims:
        issuer, audience = self._policy.issuer, self._policy.audience
        return verify(token, keys, issuer=issuer, audience=audience, now=self._now())
