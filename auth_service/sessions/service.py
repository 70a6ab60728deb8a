"""Sessions: creation after a login, listing, and logout."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from auth_service.audit.activity.caller import Caller
from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database, Transaction
from auth_service.database.outbox import EventWriter
from auth_service.mailer.service import AccountMailer
from auth_service.passwords.repository import ProofRepository
from auth_service.sessions.model import Session
from auth_service.sessions.refresh_token import fingerprint, new_refresh_token
from auth_service.sessions.repository import RefreshTokenRepository, SessionRepository
from auth_service.sessions.revocation import Revocation
from auth_service.sessions.token_pair import issue_pair
from auth_service.throttle.client import Client
from auth_service.tokens.issuer import AccessTokens
from auth_service.users.model import User
from auth_service.users.repository import UserRepository
from shared.contracts.sessions import TokenPair
from shared.errors import NotFound
from shared.identity.key_pair import KeyPair

# Live sessions of one account (ASVS 5.0 §7.1.2). A further login revokes the least recently used one.
MAX_SESSIONS = 100


class Lifetimes(msgspec.Struct, frozen=True):
    """Session lifetimes: `absolute` from the login, `idle` from the last refresh (ASVS 5.0 §7.3, §10.4.8).

    A spent refresh token presented again within `grace`, or by an overlapping request, gets the same
    successor.
    """

    absolute: timedelta
    idle: timedelta
    grace: timedelta


@dataclass(frozen=True)
class Sessions:
    database: Database
    tokens: AccessTokens
    revocation: Revocation
    mailer: AccountMailer
    activity: ActivityLog
    events: EventWriter
    lifetimes: Lifetimes
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    async def create(
        self,
        transaction: Transaction,
        user: User,
        key: KeyPair,
        client: Client,
        method: str,
        *,
        factor: str | None = None,
    ) -> TokenPair:
        """A new session of an authenticated user, independent of earlier ones (ASVS 5.0 §7.2.4). The login is
        its first fresh proof.

        `key` is from `AccessTokens.signing_key`; `method` says how the user has signed in, `factor` with
        which second factor.
        """
        await self._make_room(transaction, user.id)
        now = self.now()
        session = Session(
            id=self.new_id(),
            user_id=user.id,
            created_at=now,
            last_used_at=now,
            idle_until=now + self.lifetimes.idle,
            expires_at=now + self.lifetimes.absolute,
            user_agent=client.user_agent,
            address=client.address,
        )
        await SessionRepository(transaction).insert(session)
        await ProofRepository(transaction).put(session.id, now, by_factor=factor is not None)
        details = {"method": method} | ({"factor": factor} if factor else {})
        await self.activity.record(transaction, Event.LOGIN, user.id, client, session.id, details=details)
        refresh_token = new_refresh_token()
        await RefreshTokenRepository(transaction).add(fingerprint(refresh_token), session.id, now)
        return issue_pair(self.tokens, key, user, session, refresh_token)

    async def list(self, user_id: UUID) -> Sequence[Session]:
        """The user's live sessions, the most recently used first (ASVS 5.0 §7.5.2)."""
        async with self.database.transaction() as transaction:
            return await SessionRepository(transaction).list_live(user_id, self.now())

    async def end(self, caller: Caller) -> None:
        """Logout: invalidates refresh and access tokens at once (RFC 7009 §2.1, ASVS 5.0 §7.4.1)."""
        async with self.database.transaction() as transaction:
            if await self.revocation.revoke_session(transaction, caller.session_id):
                await self.activity.record_call(transaction, Event.LOGOUT, caller)
        self.events.wake_relay()

    async def end_other(self, caller: Caller, session_id: UUID) -> None:
        """Ends a session from the list. Raises NotFound if it is not a live session of the user."""
        async with self.database.transaction() as transaction:
            user = await UserRepository(transaction).find(caller.user_id)
            owned = await self.revocation.revoke_session(transaction, session_id, owner=caller.user_id)
            if user is None or not owned:
                raise NotFound
            details = {"session_id": str(session_id)}
            await self.activity.record_call(transaction, Event.SESSION_ENDED, caller, details)
            if session_id != caller.session_id:
                await self.mailer.notify_of(transaction, Event.SESSION_ENDED, user)
        self.events.wake_relay()

    async def _make_room(self, transaction: Transaction, user_id: UUID) -> None:
        live = await SessionRepository(transaction).list_live(user_id, self.now())
        for surplus in live[MAX_SESSIONS - 1 :]:
            await self.revocation.revoke_session(transaction, surplus.id)
