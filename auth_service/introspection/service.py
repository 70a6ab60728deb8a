"""Token introspection: from an access token or an API key to its principal, checked against the database."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from auth_service.api_keys import key_format
from auth_service.api_keys.repository import ApiKeyRepository
from auth_service.database.engine import Database
from auth_service.introspection.model import TokenHolder
from auth_service.introspection.repository import TokenHolderRepository
from auth_service.tokens.access_token import AccessClaims
from auth_service.tokens.issuer import AccessTokens, Grant
from auth_service.tokens.principal import Principal
from auth_service.users.model import ADMIN
from shared.errors import InvalidToken
from shared.identity.scopes import FACTORS

# How long the claims of an API key are valid. Gateways introspect much more often.
API_KEY_CLAIMS_TTL = timedelta(minutes=5)
LAST_USED_RESOLUTION = timedelta(minutes=1)

# The roles of the account that its API keys have, too. API keys never administer.
API_KEY_ROLES = frozenset({"user"})


class Introspection:
    """With `admin_second_factor`, a session of an administrator without a second factor has the scope
    `factors`, which is enough to set one up.
    """

    def __init__(
        self,
        *,
        database: Database,
        tokens: AccessTokens,
        now: Callable[[], datetime],
        admin_second_factor: bool = False,
    ) -> None:
        self._database = database
        self._holders = TokenHolderRepository(database, with_factors=admin_second_factor)
        self._tokens = tokens
        self._now = now
        self._admin_second_factor = admin_second_factor

    async def introspect(self, token: str) -> Principal | None:
        """The principal of an access token or API key; None if it is not valid, for whatever reason."""
        if token.startswith(key_format.PREFIX):
            return await self._introspect_api_key(token)
        try:
            claims = await self._tokens.verify(token)
        except InvalidToken:
            return None
        return await self.look_up(claims)

    async def look_up(self, claims: AccessClaims) -> Principal | None:
        """The principal of verified claims; None if its session, API key or account is not valid any more."""
        now = self._now()
        if claims.scope and claims.scope != FACTORS:
            holder = await self._holders.find_by_api_key_id(claims.sid, claims.sub, now)
        else:
            holder = await self._holders.find_by_session(claims.sid, claims.sub, now)
        return self._principal(claims, holder) if holder else None

    async def _introspect_api_key(self, key: str) -> Principal | None:
        if not key_format.is_api_key(key):
            return None
        holder = await self._holders.find_by_api_key(key_format.fingerprint(key), self._now())
        if holder is None or holder.key_id is None:
            return None
        await self._touch(holder)
        until = self._now() + API_KEY_CLAIMS_TTL
        grant = Grant(
            user_id=holder.user_id,
            sid=holder.key_id,
            email=holder.email,
            email_verified=holder.email_verified,
            roles=_api_key_roles(holder),
            until=min(until, holder.expires_at or until),
            scope=" ".join(holder.scopes),
        )
        return Principal(self._tokens.claims(grant), holder.created_at, holder.pending_email)

    async def _touch(self, holder: TokenHolder) -> None:
        """Updates the key's `last_used_at`, at most once a minute: a write per request would cost more."""
        now, used = self._now(), holder.last_used_at
        if holder.key_id is None or (used is not None and now - used < LAST_USED_RESOLUTION):
            return
        async with self._database.transaction() as transaction:
            await ApiKeyRepository(transaction).touch(holder.key_id, now, LAST_USED_RESOLUTION)

    def _principal(self, claims: AccessClaims, holder: TokenHolder) -> Principal:
        of_session = holder.key_id is None
        scope = self._session_scope(holder) if of_session else " ".join(holder.scopes)
        current = msgspec.structs.replace(
            claims,
            email=holder.email,
            email_verified=holder.email_verified,
            roles=holder.roles if of_session else _api_key_roles(holder),
            scope=msgspec.UNSET if scope is None else scope,
        )
        return Principal(current, holder.created_at, holder.pending_email)

    def _session_scope(self, holder: TokenHolder) -> str | None:
        """None for a session that is unrestricted, as almost all are."""
        must_add = self._admin_second_factor and ADMIN in holder.roles and not holder.has_factor
        return FACTORS if must_add else None


def _api_key_roles(holder: TokenHolder) -> tuple[str, ...]:
    return tuple(role for role in holder.roles if role in API_KEY_ROLES)
