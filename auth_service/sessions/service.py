"""Sessions: creation after a login, listing, and logout."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from auth_service.database.engine import Database, Transaction
from auth_service.outbox.events import EventWriter
from auth_service.sessions.model import Session
from auth_service.sessions.refresh_token import fingerprint, new_refresh_token
from auth_service.sessions.repository import RefreshTokenRepository, SessionRepository
from auth_service.sessions.revocation import Revocation
from auth_service.sessions.token_pair import TokenPair, issue_pair
from auth_service.throttle.client import Client
from auth_service.tokens.issuer import AccessTokens
from auth_service.tokens.signing_key import KeyPair
from auth_service.users.model import User
from shared.errors import NotFound

# Live sessions of one account (ASVS 5.0 §7.1.2). A further login revokes the least recently used one.
MAX_SESSIONS = 100


class Lifetimes(msgspec.Struct, frozen=True):
    """Session lifetimes: `absolute` from the login, `idle` from the last refresh (ASVS 5.0 §7.3, §10.4.8).

    Within `grace` a spent refresh token is answered once more, with the same successor. A request that
    overlaps with the one that spends it always is.
    """

    absolute: timedelta
    idle: timedelta
    grace: timedelta


class Sessions:
    def __init__(
        self,
        *,
        database: Database,
        tokens: AccessTokens,
        revocation: Revocation,
        events: EventWriter,
        lifetimes: Lifetimes,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._revocation = revocation
        self._events = events
        self._lifetimes = lifetimes
        self._now = now
        self._new_id = new_id

    async def create(self, transaction: Transaction, user: User, key: KeyPair, client: Client) -> TokenPair:
        """A new session of an authenticated user, independent of earlier ones (ASVS 5.0 §7.2.4).

        `key` is from `AccessTokens.signing_key`.
        """
        await self._make_room(transaction, user.id)
        now = self._now()
        session = Session(
            id=self._new_id(),
            user_id=user.id,
            created_at=now,
            last_used_at=now,
            idle_until=now + self._lifetimes.idle,
            expires_at=now + self._lifetimes.absolute,
            user_agent=client.user_agent,
            address=client.address,
        )
        await SessionRepository(transaction).add(session)
        refresh_token = new_refresh_token()
        await RefreshTokenRepository(transaction).add(fingerprint(refresh_token), session.id, now)
        return issue_pair(self._tokens, key, user, session, refresh_token)

    async def list(self, user_id: UUID) -> Sequence[Session]:
        """The user's live sessions, the most recently used first (ASVS 5.0 §7.5.2)."""
        async with self._database.transaction() as transaction:
            return await SessionRepository(transaction).list_live(user_id, self._now())

    async def end(self, session_id: UUID) -> None:
        """Logout: invalidates refresh and access tokens at once (RFC 7009 §2.1, ASVS 5.0 §7.4.1)."""
        async with self._database.transaction() as transaction:
            await self._revocation.revoke_session(transaction, session_id)
        self._events.wake_relay()

    async def end_other(self, user_id: UUID, session_id: UUID) -> None:
        """Ends a session from the list. Raises NotFound if it is not a live session of the user."""
        async with self._database.transaction() as transaction:
            if not await self._revocation.revoke_session(transaction, session_id, owner=user_id):
                raise NotFound
        self._events.wake_relay()

    async def _make_room(self, transaction: Transaction, user_id: UUID) -> None:
        live = await SessionRepository(transaction).list_live(user_id, self._now())
        for surplus in live[MAX_SESSIONS - 1 :]:
            await self._revocation.revoke_session(transaction, surplus.id)
