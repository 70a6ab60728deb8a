"""Access tokens: issued and read again. Whether what they were issued for still lives is asked elsewhere."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from auth_service.tokens.access_token import AccessClaims, UnknownKey, sign, verify
from auth_service.tokens.key_ring import KeyRing
from auth_service.tokens.signing_key import KeyPair, PublicJwk

# RFC 9068 §2.2 requires the claim. There is one client, the people's own.
CLIENT_ID = "tonegate"


class TokenPolicy(msgspec.Struct, frozen=True):
    """What every access token says, and how long it is good."""

    issuer: str
    audience: str
    lifetime: timedelta


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a token speaks for, and until when at most. `sid` is what ends it: a session or an API key."""

    user_id: UUID
    sid: UUID
    email: str
    email_verified: bool
    roles: tuple[str, ...]
    until: datetime | None = None
    scope: str | None = None


class AccessTokens:
    def __init__(
        self,
        *,
        keyring: KeyRing,
        policy: TokenPolicy,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._keyring = keyring
        self._policy = policy
        self._now = now
        self._new_id = new_id

    async def key(self) -> KeyPair:
        """What `issue` signs with. Asked for before a transaction, so that none waits for another."""
        return await self._keyring.signing()

    def issue(self, key: KeyPair, grant: Grant) -> tuple[str, AccessClaims]:
        """A token and what it says; never good for longer than what it was granted for."""
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

    async def read(self, token: str) -> AccessClaims:
        """Raises InvalidToken."""
        try:
            return self._verified(token, await self._keyring.all())
        except UnknownKey:
            return self._verified(token, await self._keyring.newest())

    def _verified(self, token: str, keys: Mapping[str, KeyPair]) -> AccessClaims:
        issuer, audience = self._policy.issuer, self._policy.audience
        return verify(token, keys, issuer=issuer, audience=audience, now=self._now())

    async def public_keys(self) -> list[PublicJwk]:
        return [key.jwk for key in (await self._keyring.all()).values()]
