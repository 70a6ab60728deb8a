"""Access tokens: issuing and verification with the keys of the key ring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from auth_service.tokens.access_token import AccessClaims, UnknownKey, sign, verify
from auth_service.tokens.key_ring import KeyRing
from shared.identity.key_pair import KeyPair, PublicJwk

# RFC 9068 §2.2 requires the claim. There is only one client, the system itself.
CLIENT_ID = "tonegate"


class TokenPolicy(msgspec.Struct, frozen=True):
    """Issuer, audience and lifetime of every access token."""

    issuer: str
    audience: str
    lifetime: timedelta


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What claims are made for. `sid` is a session or an API key; `until` limits the lifetime."""

    user_id: UUID
    sid: UUID
    email: str
    email_verified: bool
    roles: tuple[str, ...]
    until: datetime | None = None
    scope: str | None = None


@dataclass(frozen=True, kw_only=True)
class AccessTokens:
    """Issues and verifies access tokens. Sessions and accounts are not looked up here."""

    key_ring: KeyRing
    policy: TokenPolicy
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    async def signing_key(self) -> KeyPair:
        """The key for `issue`. Call it before beginning a transaction: it may begin one itself."""
        return await self.key_ring.signing_key()

    def issue(self, key: KeyPair, grant: Grant) -> tuple[str, AccessClaims]:
        """A signed token and its claims. It expires at `grant.until` at the latest."""
        claims = self.claims(grant)
        return sign(claims, key), claims

    def claims(self, grant: Grant) -> AccessClaims:
        """The claims of a new token that expires at `grant.until` at the latest."""
        now = self.now()
        expires = now + self.policy.lifetime
        return AccessClaims(
            iss=self.policy.issuer,
            aud=self.policy.audience,
            sub=grant.user_id,
            client_id=CLIENT_ID,
            jti=str(self.new_id()),
            sid=grant.sid,
            iat=int(now.timestamp()),
            exp=int(min(expires, grant.until or expires).timestamp()),
            roles=grant.roles,
            email=grant.email,
            email_verified=grant.email_verified,
            scope=grant.scope or msgspec.UNSET,
        )

    async def verify(self, token: str) -> AccessClaims:
        """The claims of a valid access token. Raises InvalidToken."""
        try:
            return self._verify(token, await self.key_ring.verification_keys())
        except UnknownKey:
            return self._verify(token, await self.key_ring.refreshed_keys())

    async def public_keys(self) -> list[PublicJwk]:
        return [key.jwk for key in (await self.key_ring.verification_keys()).values()]

    def _verify(self, token: str, keys: Mapping[str, KeyPair]) -> AccessClaims:
        issuer, audience = self.policy.issuer, self.policy.audience
        return verify(token, keys, issuer=issuer, audience=audience, now=self.now())
