"""Token → who is calling, asked of the store each time. Here an API key becomes a token like all others."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from auth_service.api_keys import key_format
from auth_service.repository import Bearer, Store
from auth_service.tokens.access_token import AccessClaims
from auth_service.tokens.issuer import AccessTokens, Grant
from shared.errors import InvalidToken

# Inside the system an API key is a token of its own for so long. Gateways ask again much sooner.
KEY_TOKEN_TTL = timedelta(minutes=5)
TOUCH_AT_MOST_EVERY = timedelta(minutes=1)

# What an API key lends its bearer of the account's roles. It never administers.
ROLES_OF_KEYS = frozenset({"user"})


class Caller(msgspec.Struct, frozen=True):
    """Who stands behind a token that is good now; address and roles are today's, not the token's.

    `inside` is the token that services inside may believe: what it says is true today. `member_since` is when
    the account was made.
    """

    claims: AccessClaims
    inside: str
    member_since: datetime

    @property
    def scope(self) -> str | None:
        """None for a session, which may do all that its account may."""
        return self.claims.scope or None


class Callers:
    def __init__(self, *, store: Store, tokens: AccessTokens, now: Callable[[], datetime]) -> None:
        self._store = store
        self._tokens = tokens
        self._now = now

    async def caller(self, token: str) -> Caller | None:
        """None when it is good for nothing. Which of the many reasons it is, is told to nobody."""
        if token.startswith(key_format.PREFIX):
            return await self._by_key(token)
        try:
            claims = await self._tokens.read(token)
        except InvalidToken:
            return None
        now = self._now()
        if claims.scope:
            bearer = await self._store.key_bearer_by_id(claims.sid, claims.sub, now)
        else:
            bearer = await self._store.session_bearer(claims.sid, claims.sub, now)
        return await self._of_today(token, claims, bearer) if bearer else None

    async def _by_key(self, key: str) -> Caller | None:
        if not key_format.is_api_key(key):
            return None
        bearer = await self._store.key_bearer(key_format.fingerprint(key), self._now())
        if bearer is None or bearer.key_id is None:
            return None
        await self._touch(bearer)
        until = self._now() + KEY_TOKEN_TTL
        token, claims = self._tokens.issue(
            await self._tokens.key(),
            Grant(
                user_id=bearer.user_id,
                sid=bearer.key_id,
                email=bearer.email,
                email_verified=bearer.email_verified,
                roles=_lent(bearer),
                until=min(until, bearer.expires_at or until),
                scope=" ".join(bearer.scopes),
            ),
        )
        return Caller(claims, token, bearer.created_at)

    async def _touch(self, bearer: Bearer) -> None:
        """When a key was last used is known to the minute: a write for each request would cost more."""
        now, used = self._now(), bearer.last_used_at
        if bearer.key_id is None or (used is not None and now - used < TOUCH_AT_MOST_EVERY):
            return
        async with self._store.transaction() as repository:
            await repository.api_keys.touch(bearer.key_id, now, TOUCH_AT_MOST_EVERY)

    async def _of_today(self, token: str, claims: AccessClaims, bearer: Bearer) -> Caller:
        """A token that has been overtaken by changes of the account is replaced by one that has not."""
        roles = _lent(bearer) if claims.scope else bearer.roles
        if (claims.email, claims.email_verified, claims.roles) == (
            bearer.email,
            bearer.email_verified,
            roles,
        ):
            return Caller(claims, token, bearer.created_at)
        grant = Grant(
            user_id=claims.sub,
            sid=claims.sid,
            email=bearer.email,
            email_verified=bearer.email_verified,
            roles=roles,
            until=datetime.fromtimestamp(claims.exp, self._now().tzinfo),
            scope=claims.scope or None,
        )
        inside, today = self._tokens.issue(await self._tokens.key(), grant)
        return Caller(today, inside, bearer.created_at)


def _lent(bearer: Bearer) -> tuple[str, ...]:
    return tuple(role for role in bearer.roles if role in ROLES_OF_KEYS)
