"""Access tokens: issued for sessions and read again. Whether the session still lives is asked elsewhere."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from auth_service.keyring import KeyRing
from auth_service.keys import KeyPair, PublicJwk
from auth_service.models import SignIn, User
from auth_service.tokens import AccessClaims, UnknownKey, sign, verify

# RFC 9068 §2.2 requires the claim. There is one client, the people's own.
CLIENT_ID = "tonegate"


class TokenPolicy(msgspec.Struct, frozen=True):
    """What every access token says, and how long it is good."""

    issuer: str
    audience: str
    lifetime: timedelta


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

    def issue(self, key: KeyPair, user: User, session: SignIn) -> tuple[str, int]:
        """A token and the seconds it is good for: never past its session's end."""
        now = self._now()
        issued, expires = (
            int(now.timestamp()),
            int(min(now + self._policy.lifetime, session.expires_at).timestamp()),
        )
        claims = AccessClaims(
            iss=self._policy.issuer,
            aud=self._policy.audience,
            sub=user.id,
            client_id=CLIENT_ID,
            jti=str(self._new_id()),
            sid=session.id,
            iat=issued,
            exp=expires,
            roles=tuple(user.roles),
            email=user.email,
        )
        return sign(claims, key), expires - issued

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
